import Federation
import Foundation
import Tensor

/// The moving average of the global weights over the last rounds of a training, including the statistics.
///
/// The average after k rounds is their mean, `θ_E ← (k θ_E + θ) / (k + 1)`, until the weight of the newest would fall
/// below 1 − a, where a is ``FineTuningPlan/averaging``; from then on it is exponential, `θ_E ← a θ_E + (1 − a) θ`.
/// Whoever receives the global weights of every round can compute it; nothing else needs to be sent.
///
/// Source: Polyak and Juditsky, SIAM J. Control Optim. 30(4):838–855, 1992, for averages of weights; with exponential
/// weights as in Tarvainen and Valpola, NeurIPS 2017; averaging per round is this package's choice.
struct WeightAverage: Sendable {
    private let averaging: Float
    private let firstRound: Int
    /// The number of rounds in the average.
    private var count = 0
    /// The average; `nil` before the first round that counts, and without averaging.
    private(set) var value: Parameters?

    /// Creates an average that begins after a fraction of the training's rounds.
    init(_ plan: FineTuningPlan, after fraction: Double) {
        averaging = plan.averaging
        firstRound = Int(fraction * Double(plan.roundCount)) + 1
    }

    /// Adds the weights after a round.
    mutating func add(_ parameters: Parameters, round: Int) {
        guard averaging > 0, round >= firstRound else { return }
        count += 1
        if count == 1 { return value = parameters }
        value!.vector.interpolate(toward: parameters.vector, by: max(1 - averaging, 1 / Float(count)))
    }

    /// The average as it is saved with a run.
    var state: Safetensors {
        var state = value?.safetensors() ?? Safetensors()
        state.integers = ["rounds": .init(count)]
        return state
    }

    /// Continues from a saved state.
    ///
    /// - Throws: `WeightsError` if `state` is not an average of such weights.
    mutating func restore(_ state: Safetensors, like parameters: Parameters) throws(WeightsError) {
        count = try state.integer("rounds")
        guard count >= 0 else {
            throw .mismatch(
                file: state.source, tensor: "rounds", field: "value", expected: "0 or more", found: "\(count)")
        }
        value = count == 0 ? nil : try parameters.replaced(by: state)
    }
}

extension Parameters {
    /// Returns these weights with all values replaced by those of a file.
    ///
    /// - Throws: `WeightsError` if one is missing or has another shape.
    func replaced(by state: Safetensors) throws(WeightsError) -> Parameters {
        var parameters = self
        if let missing = try parameters.load(state).missing.first {
            throw .mismatch(
                file: state.source, tensor: missing, field: "existence", expected: "a tensor", found: "none")
        }
        return parameters
    }
}
