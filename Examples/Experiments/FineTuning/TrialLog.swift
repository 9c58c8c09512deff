import Foundation
import Synchronization
import Volumes

/// Tells a person, and with `--json` a program, how each trial went.
package final class TrialLog: Sendable {
    private let progress: ProgressLine
    private let json: Bool
    private let state = Mutex((done: 0, seconds: 0.0))

    package init(progress: ProgressLine, json: Bool) {
        (self.progress, self.json) = (progress, json)
    }

    package func note(_ message: String) { progress.say(message) }

    /// Trials with more patients come later and take longer, so the time that is left is a lower bound; trials that run
    /// side by side take less.
    package func tell(_ result: TrialResult, of total: Int) {
        let (done, left) = state.withLock { state in
            state.done += 1
            state.seconds += result.seconds
            return (state.done, state.seconds / Double(state.done) * Double(total - state.done))
        }
        func number(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "–" }
        let structures = result.structures.map { name in
            "\(name) \(number(ScoreSummary(result.scores(of: name).map(\.dice)).mean))"
        }
        progress.say(
            "[\(done)/\(total)] \(result.trial.title): Dice \(number(result.dice)) (\(structures.joined(separator: ", ")))"
                + "  \(ProgressLine.duration(result.seconds)), about \(ProgressLine.duration(left)) left")
        if json, let line = try? JSONEncoder().encode(result) {
            FileHandle.standardOutput.write(line + Data("\n".utf8))
        }
    }
}
