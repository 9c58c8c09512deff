import Federation
import Foundation
import Synchronization

/// An event in a long-running task, for observers.
public enum TrainingEvent: Sendable {
    /// A message to keep.
    case message(String)
    /// A step of local training; at most one per second is reported.
    case step(title: String, step: Int, of: Int, loss: Double)
    /// A round of pre-training is complete and on disk.
    case round(RoundReport)
    /// A trial of fine-tuning is complete; `total` is the total number of trials.
    case trial(TrialResult, total: Int)
}

/// A function that is notified of training events; it may be called from any thread.
public typealias TrainingObserver = @Sendable (TrainingEvent) -> Void

/// A counter of the steps of all sites, which reports one of them per second.
public final class StepCounter: Sendable {
    private struct State {
        var title = ""
        var step = 0
        var loss = 0.0
        var reported = ContinuousClock.now
    }

    private let state = Mutex(State())
    private let steps: Int
    private let observer: TrainingObserver

    /// Creates a counter for work items of `steps` steps, such as the rounds of a run.
    public init(steps: Int, observer: @escaping TrainingObserver) {
        (self.steps, self.observer) = (steps, observer)
    }

    /// Counts one step of one site; a new title starts a new work item.
    public func advance(_ title: String, loss: Float) {
        let event = state.withLock { state -> TrainingEvent? in
            if title != state.title { state = State(title: title, reported: state.reported) }
            state.step += 1
            state.loss += state.step == 1 ? Double(loss) : 0.05 * (Double(loss) - state.loss)
            guard ContinuousClock.now - state.reported >= .seconds(1) else { return nil }
            state.reported = .now
            return .step(title: title, step: state.step, of: steps, loss: state.loss)
        }
        if let event { observer(event) }
    }
}
