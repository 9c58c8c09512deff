import Foundation

/// What a person sees on standard error: on a terminal one line that changes, at most once a second; else a plain line
/// for every message.
package final class ProgressLine: Sendable {
    private let quiet: Bool
    private let terminal: Bool
    private let start = ContinuousClock.now

    package init(quiet: Bool) {
        self.quiet = quiet
        terminal = isatty(STDERR_FILENO) == 1
    }

    /// A message that stays.
    package func say(_ message: String) {
        if !quiet { write((terminal ? "\r\u{1B}[K" : "") + message + "\n") }
    }

    /// A message that stays even when all others are not wanted.
    package func complain(_ message: String) {
        write((terminal ? "\r\u{1B}[K" : "") + message + "\n")
    }

    /// A message that the next one replaces; on a terminal only.
    package func show(_ message: String) {
        if !quiet && terminal { write("\r\u{1B}[K" + message) }
    }

    /// Seconds since the program started.
    package var seconds: Double { (ContinuousClock.now - start).seconds }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }

    /// `2 h 05 min`, `3 min 20 s`, `12 s`.
    package static func duration(_ seconds: Double) -> String {
        let s = Int(seconds.rounded())
        if s >= 3600 { return "\(s / 3600) h \(String(format: "%02d", s % 3600 / 60)) min" }
        return s >= 60 ? "\(s / 60) min \(String(format: "%02d", s % 60)) s" : "\(s) s"
    }
}

extension Duration {
    /// As a number of seconds.
    package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
