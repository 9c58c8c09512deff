import Federation
import Foundation
import Synchronization

/// The log of every message that came to a site and left it, in which nothing can be changed without a trace.
///
/// Each line is a JSON object whose last field, `chain`, is the SHA-256 of the chain of the line before and of the line
/// itself without it. A line that is changed, removed, or inserted breaks the chain from there on. Only someone who can
/// rewrite all later lines can hide a change, or remove the last lines: whoever wants to exclude that too notes the last
/// chain elsewhere from time to time.
///
/// A message that cannot be logged does not leave.
public final class AuditLog: Sendable {
    /// An entry about one message, or about the log itself.
    public struct Entry: Sendable {
        /// Whether the message came or left.
        public enum Direction: String, Sendable { case received, sent, refused, started }

        /// The event.
        public let direction: Direction
        /// The type of the message, such as `train`.
        public var type = ""
        /// The number of bytes of the message's objects.
        public var bytes = 0
        /// The SHA-256 of the message, which Flower uses as its identifier; it covers all of its content.
        public var sha256 = ""
        /// The number of the run.
        public var run: UInt64 = 0
        /// The round; 0 for none.
        public var round = 0
        /// The reason for which the message was answered with an error; empty for none.
        public var reason = ""

        /// Creates an entry.
        public init(_ direction: Direction) { self.direction = direction }

        /// Returns the same entry about a message that was answered with an error.
        func refused(because reason: String) -> Entry {
            var entry = Entry(.refused)
            (entry.type, entry.bytes, entry.sha256) = (type, bytes, sha256)
            (entry.run, entry.round, entry.reason) = (run, round, reason)
            return entry
        }
    }

    private let path: String
    /// A closure called before a line is written; tests use it for disks that are full.
    private let beforeWriting: @Sendable () throws -> Void
    private let state: Mutex<(file: FileHandle, chain: String)>

    /// Opens a log, creating it if necessary. An incomplete last line, left by a process that was killed, is cut off.
    ///
    /// - Throws: `FlowerError.unreadable` if the file cannot be opened; `.malformed` if its chain is broken.
    public convenience init(_ url: URL) throws(FlowerError) { try self.init(url, beforeWriting: {}) }

    package init(_ url: URL, beforeWriting: @escaping @Sendable () throws -> Void) throws(FlowerError) {
        (path, self.beforeWriting) = (url.path, beforeWriting)
        let descriptor = open(url.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .unreadable(path: url.path, reason: String(cString: strerror(errno))) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(path: url.path, reason: "it is not a regular file")
        }
        let contents: Data
        do { contents = try file.readToEnd() ?? Data() } catch {
            throw .unreadable(path: url.path, reason: error.localizedDescription)
        }
        let whole = contents.lastIndex(of: 0x0A).map { contents[...$0] } ?? Data()
        let verdict = Self.verify(whole)
        if let line = verdict.brokenLine {
            throw .malformed(
                what: url.path,
                reason:
                    "line \(line) does not continue the chain: it was changed, or lines were removed; keep the file, and "
                    + "move it away to begin another")
        }
        do {
            try file.truncate(atOffset: UInt64(whole.count))
            try file.seekToEnd()
        } catch {
            throw .unreadable(path: url.path, reason: error.localizedDescription)
        }
        state = Mutex((file, verdict.chain))
    }

    /// Appends an entry, and waits until it is on the storage medium.
    ///
    /// - Throws: `FlowerError.unwritable`.
    public func add(_ entry: Entry) throws(FlowerError) {
        let fields: [(String, String)] = [
            ("time", JSONText.quoted(Date().formatted(.iso8601.time(includingFractionalSeconds: true)))),
            ("direction", JSONText.quoted(entry.direction.rawValue)),
            ("type", JSONText.quoted(PeerText.excerpt(of: entry.type))), ("bytes", "\(entry.bytes)"),
            ("sha256", JSONText.quoted(PeerText.excerpt(of: entry.sha256))), ("run", JSONText.quoted("\(entry.run)")),
            ("round", "\(entry.round)"), ("reason", JSONText.quoted(PeerText.excerpt(of: entry.reason))),
        ]
        let text = "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
        let error = state.withLock { state -> FlowerError? in
            let chain = Self.chain(after: state.chain, text)
            let line = text + Self.link(chain) + "\n"
            do {
                let end = try state.file.offset()
                do {
                    try beforeWriting()
                    try state.file.write(contentsOf: Data(line.utf8))
                    try state.file.synchronize()
                } catch {
                    // Of a line that is not complete, nothing may remain before the next one.
                    try? state.file.truncate(atOffset: end)
                    _ = try? state.file.seekToEnd()
                    throw error
                }
            } catch {
                return .unwritable(path: path, reason: error.localizedDescription)
            }
            state.chain = chain
            return nil
        }
        if let error { throw error }
    }

    /// The result of a verification.
    public struct Verdict: Sendable, Equatable {
        /// The number of lines that continue the chain.
        public var lines = 0
        /// The chain of the last of them.
        public var chain = String(repeating: "0", count: 64)
        /// The number of the first line that does not, from 1.
        public var brokenLine: Int?
    }

    /// Verifies the chain of a log.
    public static func verify(_ contents: Data) -> Verdict {
        var verdict = Verdict()
        var lines = contents.split(separator: 0x0A, omittingEmptySubsequences: false)
        // The last line ends with a line feed, too.
        let isComplete = lines.popLast()?.isEmpty ?? true
        for line in lines {
            let text = String(decoding: line, as: UTF8.self)
            let chain = chain(after: verdict.chain, String(text.dropLast(link(verdict.chain).count)))
            guard Data(text.utf8) == line, text.hasSuffix(link(chain)) else {
                verdict.brokenLine = verdict.lines + 1
                return verdict
            }
            verdict.lines += 1
            verdict.chain = chain
        }
        if !isComplete { verdict.brokenLine = verdict.lines + 1 }
        return verdict
    }

    /// The end of a line.
    private static func link(_ chain: String) -> String { ",\"chain\":\"\(chain)\"}" }

    private static func chain(after previous: String, _ text: String) -> String {
        SHA256.hash(Data((previous + "\n" + text).utf8)).hexadecimal
    }
}
