import Foundation
import Synchronization

/// The line that changes while a trial trains.
final class TrialMeter: Sendable {
    private let title: String
    private let steps: Int
    private let progress: ProgressLine
    private let state = Mutex((step: 0, loss: 0.0, shown: ContinuousClock.now))

    init(title: String, steps: Int, progress: ProgressLine) {
        (self.title, self.steps, self.progress) = (title, steps, progress)
    }

    func advance(loss: Float) {
        let line = state.withLock { state -> String? in
            state.step += 1
            state.loss += state.step == 1 ? Double(loss) : 0.05 * (Double(loss) - state.loss)
            guard ContinuousClock.now - state.shown >= .seconds(1) else { return nil }
            state.shown = .now
            return "\(title)  step \(state.step)/\(steps)  loss \(String(format: "%.3f", state.loss))"
        }
        if let line { progress.show(line) }
    }
}
