import ArgumentParser
import FederatedContrastive
import Foundation
import Segmentation
import Support
import UNet

/// How fine-tuning is done.
enum Regime: String, Codable, CaseIterable, Sendable, ExpressibleByArgument {
    /// The recipe of this package, with rates searched for every method and number of annotated patients.
    case tuned
    /// The paper's protocol as far as it is known, with one learning rate for all: that with which random weights are
    /// nearest to the paper's row of random weights.
    case paper

    /// The learning rates among which the paper's regime chooses.
    static let paperRates: [Float] = [5e-5, 1.5e-4, 5e-4, 1.5e-3]

    /// Changes the settings of a fine-tuning to those of the paper's regime.
    ///
    /// The paper names cross-entropy and Adam; batch size, decay, schedule, and views are a reconstruction.
    static func applyPaper(to training: inout FineTuningSettings, rounds: Int, rate: Float) {
        training.plan.rounds = rounds
        training.plan.localEpochs = 1
        training.plan.batchSize = 10
        training.plan.loss = .crossEntropy
        (training.plan.decay, training.plan.weightDecay) = (.gradient, 1e-5)
        (training.plan.warmUp, training.plan.floor) = (0, 0.1)
        training.plan.augmentation = .standard
        training.plan.averaging = 0
        training.inference = Inference()
        (training.learningRates, training.encoderRates) = ([rate], [1])
    }
}

/// The choice of the learning rate in the paper's regime, before any pre-trained row is looked at.
struct RateScan: Codable, Equatable {
    /// The Dice of random weights with one annotated patient, by learning rate and mode.
    struct Point: Codable, Equatable {
        let rate: Float
        let local: Double
        let federated: Double

        /// The squared distance to the paper's row.
        var distance: Double {
            let paper = (
                PaperNumbers.number(.local, .random, annotated: 1)!.mean,
                PaperNumbers.number(.federated, .random, annotated: 1)!.mean
            )
            return (local - paper.0) * (local - paper.0) + (federated - paper.1) * (federated - paper.1)
        }
    }

    var points: [Point]

    /// The rate whose scores are nearest to the paper's.
    var best: Point { points.min { $0.distance < $1.distance }! }

    /// A sentence with all rates and the choice.
    var sentence: String {
        let tried = points.map {
            "\($0.rate): \(FineTuningReport.decimals($0.local)), \(FineTuningReport.decimals($0.federated))"
        }
        return "Learning rate of all rows: \(best.rate). Random weights at N = 1, each client alone and federated, by "
            + "rate: \(tried.joined(separator: "; ")); the paper's: .280, .445."
    }
}
