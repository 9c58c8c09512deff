import Foundation
import Synchronization

/// Counts the steps of all sites in a round, for the line that changes while a person waits.
package final class StepMeter: Sendable {
    private struct State {
        var round = 0
        var steps = 0
        var loss = 0.0
        var shown = ContinuousClock.now
    }

    private let state = Mutex(State())
    private let progress: ProgressLine
    private let rounds: Int
    private let stepsOfRound: Int

    /// A meter of runs of so many rounds.
    package init(progress: ProgressLine, rounds: Int, stepsOfRound: Int) {
        (self.progress, self.rounds, self.stepsOfRound) = (progress, rounds, stepsOfRound)
    }

    /// One step of one site is done.
    package func advance(round: Int, loss: Float) {
        let line = state.withLock { state -> String? in
            if round != state.round { state = State(round: round) }
            state.steps += 1
            state.loss += Double(loss)
            guard ContinuousClock.now - state.shown >= .seconds(1) else { return nil }
            state.shown = .now
            let mean = String(format: "%.3f", state.loss / Double(state.steps))
            return "round \(round)/\(rounds)  step \(state.steps)/\(stepsOfRound)  loss \(mean)"
        }
        if let line { progress.show(line) }
    }
}
