import Foundation
import Synchronization
import Volumes

/// Tells a person, and with `--json` a program, how each trial went.
package final class TrialLog: Sendable {
    private let progress: ProgressLine
    private let json: Bool
    private let finished = Mutex(0)

    package init(progress: ProgressLine, json: Bool) {
        (self.progress, self.json) = (progress, json)
    }

    package func note(_ message: String) { progress.say(message) }

    package func tell(_ result: TrialResult, of total: Int) {
        let (done, left) = finished.withLock { done in
            done += 1
            // Trials with more patients come later and take longer; this is the least that is left.
            return (done, progress.seconds / Double(done) * Double(total - done))
        }
        func number(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "–" }
        let structures = result.structures.map { name in
            "\(name) \(number(ScoreSummary(result.scores(of: name).map(\.dice)).mean))"
        }
        progress.say(
            "[\(done)/\(total)] \(result.trial.title): Dice \(number(result.dice)) (\(structures.joined(separator: ", ")))"
                + "  \(ProgressLine.duration(result.seconds)), at least \(ProgressLine.duration(left)) left")
        if json, let line = try? JSONEncoder().encode(result) {
            FileHandle.standardOutput.write(line + Data("\n".utf8))
        }
    }
}
