import Features
import Tensor

/// A site of a federation, which holds volumes and responds to the server with features and weights.
///
/// Each round makes two requests to a client: first, if the federation exchanges features, for the memory bank under
/// the new global model; then, after the shares of all clients have been validated, for a model trained on its own
/// data. A client that fails throws: the report names it, and the round continues without it.
///
/// A client returns either a ``FeatureShare`` or a ``LocalUpdate``, which have no place for a volume. ``Validation``
/// rejects rows too long for features, but no type can prevent a client from writing pixels into them on purpose.
///
/// Clients keep state between rounds (a bank, an optimizer), so most are actors. Long loops should call
/// `try Task.checkCancellation()` at every step; otherwise, a canceled run waits for them. Random choices come from a
/// generator for the round and the client, so they do not depend on what else ran:
///
/// ```swift
/// var generator = SeededGenerator(seed: seed, path: round, index)
/// ```
public protocol Client: Sendable {
    /// The pseudonym by which the server knows the client, unique in a federation.
    var id: String { get }

    /// Refreshes the memory bank with the global encoder and returns it, or returns `nil` to opt out of the exchange.
    ///
    /// A client that returns `nil` receives no features either.
    func shareFeatures(of parameters: Parameters, round: Int) async throws -> FeatureShare?

    /// Trains the global model on the data of this client.
    ///
    /// - Parameters:
    ///   - parameters: The global model, from which every client starts.
    ///   - round: The number of the round, starting at 1.
    ///   - features: The shares of the *other* clients, in client order.
    func train(from parameters: Parameters, round: Int, features: [FeatureShare]) async throws -> LocalUpdate
}

/// The memory bank of one client, as sent to the others.
///
/// Source: Wu et al., MICCAI 2021, section 2.2, Eq. (1): the exchange of Q_{l,c}.
public struct FeatureShare: Sendable, Equatable {
    /// The client that owns the bank.
    public let client: String
    /// The round it belongs to.
    public let round: Int
    /// The features.
    public let features: FeatureSet

    /// Creates a share of one client's features in one round.
    public init(_ features: FeatureSet, client: String, round: Int) {
        (self.features, self.client, self.round) = (features, client, round)
    }
}

/// The format of the features that clients exchange.
public struct FeatureExchange: Hashable, Sendable, Codable {
    /// The maximum length of a feature: too short for a slice to pass as one.
    public static let maximumDimension = 1024
    /// The maximum number of features that one client may send in a round, in any federation: what one client sends goes
    /// to all others.
    public static let maximumShared = 1 << 15
    /// The length of a feature, D.
    public let dimension: Int
    /// The number of partitions into which volumes are divided, S. Tags are less than this number.
    public let partitions: Int
    /// The maximum number of features that one client may send.
    public let maximumCount: Int

    /// Creates an exchange of at most `maximumCount` features of `dimension` numbers from each client.
    ///
    /// - Precondition: All are positive, `dimension` is at most ``maximumDimension``, `maximumCount` at most
    ///   ``maximumShared``, and `partitions` at most 256, because a tag is one byte.
    public init(dimension: Int, partitions: Int, maximumCount: Int) {
        precondition(
            (1...Self.maximumDimension).contains(dimension),
            "features of \(dimension) numbers: expected 1 to \(Self.maximumDimension)")
        precondition(partitions > 0 && partitions <= 256, "\(partitions) partitions: expected 1 to 256")
        precondition(
            (1...Self.maximumShared).contains(maximumCount),
            "\(maximumCount) features: expected 1 to \(Self.maximumShared)")
        (self.dimension, self.partitions, self.maximumCount) = (dimension, partitions, maximumCount)
    }
}

/// A client's model after local training, and the amount of data it was trained on.
public struct LocalUpdate: Sendable, Equatable {
    /// The model after local training, weights and statistics.
    public let parameters: Parameters
    /// The number of samples that it was trained on, n_c: its weight in the average.
    public let sampleCount: Int
    /// The round it belongs to.
    public let round: Int
    /// The client that sent it.
    public let client: String
    /// The values for the report. Values that are not finite are undefined and omitted from the report.
    public let metrics: [Metric: Double]

    /// Creates an update of one client in one round.
    public init(
        parameters: Parameters, sampleCount: Int, round: Int, client: String, metrics: [Metric: Double] = [:]
    ) {
        (self.parameters, self.sampleCount, self.round) = (parameters, sampleCount, round)
        (self.client, self.metrics) = (client, metrics)
    }
}

/// The name of a quantity that clients measure and the server averages; in JSON, a string.
///
/// Modules that measure a quantity declare its name, meaning, and unit as a static constant.
public struct Metric: RawRepresentable, Hashable, Sendable, Codable, CodingKeyRepresentable, CustomStringConvertible {
    /// The name in reports.
    public let rawValue: String

    /// Creates a metric with the given name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Creates a metric with the given name.
    public init(_ name: String) { rawValue = name }

    /// The name.
    public var description: String { rawValue }

    /// The mean training loss of a round, in the units of the loss.
    public static let loss = Metric("loss")
    /// The learning rate of the last step of a round.
    public static let learningRate = Metric("learningRate")
}

/// An error for a loss that is NaN or infinite in local training. Throwing it ends the client's round, not the run.
public struct NonFiniteLoss: Error, Sendable, CustomStringConvertible {
    /// The loss.
    public let loss: Float
    /// The step of local training that produced it.
    public let step: Int

    /// Throws if `loss` is not finite.
    ///
    /// - Throws: `NonFiniteLoss` with the loss and the step.
    public static func check(_ loss: Float, step: Int) throws(NonFiniteLoss) {
        if !loss.isFinite { throw NonFiniteLoss(loss: loss, step: step) }
    }

    /// A sentence with the loss, the step, and the remedy.
    public var description: String {
        "the loss became \(loss) in step \(step); a lower learning rate or weaker augmentation may help"
    }
}
