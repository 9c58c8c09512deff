import Contrastive
import Tensor
import UNet

/// One way of pre-training an encoder: which heads it puts behind it, what a batch teaches, and what a site keeps.
///
/// A method is one value type in one file of `Methods/`, and one line in ``PretrainingMethods/all``. Everything else,
/// from batches to the optimizer, from the average to checkpoints, is the same for all of them. Most need no more than
/// a name, heads and a loss:
///
/// ```swift
/// struct FedSimCLR: PretrainingMethod {
///     static let name = "fedSimCLR", title = "FedSimCLR"
///     private let network: Projector
///     private let settings: PretrainingSettings
///
///     init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
///         self.settings = settings
///         network = Projector(settings, behind: encoder, in: &builder)
///     }
///
///     func loss(of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator) -> PretrainingLoss {
///         let (a, b) = batch.views(settings.views, using: &generator)
///         return .init(NTXentLoss()(network(tape.constant(a)), network(tape.constant(b))))
///     }
/// }
/// ```
///
/// Every site has a copy of its own. In a round, the site asks in this order for `refill`, `beginRound`, then for every
/// step `loss` and `follow`, then `endRound`. Whatever changes and is needed in the next round belongs into `state`: a
/// run that was stopped goes on with the same bits. Randomness comes from the generator that is handed in.
///
/// The server averages all slots, whatever the method; each method says in its comment what these are.
package protocol PretrainingMethod: Sendable {
    /// What `--method` calls it.
    static var name: String { get }
    /// What tables call it.
    static var title: String { get }
    /// The temperature of its loss unless the user gives one.
    static var temperature: Float { get }
    /// Who shares weights with whom unless the user says otherwise.
    static var federation: PretrainingSettings.Collaboration { get }
    /// What the user may leave out of it.
    static var ablations: Set<PretrainingSettings.Ablation> { get }
    /// Whether there is anything to train.
    static var isTrained: Bool { get }

    /// Registers the heads behind an encoder that is registered already; names of slots begin with `head.`, which is
    /// how the encoder's file leaves them out.
    init(_ settings: PretrainingSettings, behind encoder: UNet.Encoder, in builder: inout ParameterBuilder)

    /// Comes to the site of these slices, before anything else: the moment to make a bank as large as they are many.
    mutating func settle(at slices: SliceLibrary)

    /// The most features that the site sends to the others in a round; 0 if the method sends none.
    var mostShared: Int { get }

    /// Begins a round, with the model that the server sent: renews what is computed of the site's slices, and returns
    /// what the others receive of it, unit features with their partitions.
    mutating func refill(
        from slices: SliceLibrary, by parameters: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet?

    /// Begins the steps of a round.
    ///
    /// - Parameters:
    ///   - main: The model that the site trains; here it may still be changed.
    ///   - others: What the other sites' `refill` returned, in client order; empty where nothing is exchanged.
    mutating func beginRound(_ main: inout Parameters, others: [FeatureSet])

    /// The loss of a batch, on a tape that reads the main model.
    mutating func loss(
        of batch: SliceBatch, on tape: Tape, using generator: inout SeededGenerator
    ) -> PretrainingLoss

    /// Comes after every step: a moving average follows, keys enter the bank, prototypes become unit vectors again.
    mutating func follow(_ main: inout Parameters)

    /// Ends a round: drops what the next one does not need, and returns numbers for `rounds.jsonl` beside `loss` and
    /// `constant`, or in their place.
    mutating func endRound() -> [String: Double]

    /// Features of the site's slices with their partitions, for the map in the report.
    var features: FeatureSet? { get }

    /// What the next round needs, bit for bit.
    var state: Safetensors { get }

    /// Goes on from `state`; the site's slices are settled at before.
    mutating func restore(_ state: Safetensors) throws(WeightsError)
}

extension PretrainingMethod {
    package static var temperature: Float { 0.1 }
    package static var federation: PretrainingSettings.Collaboration { .fedavg }
    package static var ablations: Set<PretrainingSettings.Ablation> { [] }
    package static var isTrained: Bool { true }

    package mutating func settle(at slices: SliceLibrary) {}
    package var mostShared: Int { 0 }
    package mutating func refill(
        from slices: SliceLibrary, by parameters: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet? { nil }
    package mutating func beginRound(_ main: inout Parameters, others: [FeatureSet]) {}
    package mutating func follow(_ main: inout Parameters) {}
    package mutating func endRound() -> [String: Double] { [:] }
    package var features: FeatureSet? { nil }
    package var state: Safetensors { Safetensors() }
    package mutating func restore(_ state: Safetensors) throws(WeightsError) {}
}

/// The loss of a batch.
package struct PretrainingLoss {
    /// A scalar on the batch's tape.
    let value: Variable
    /// What the loss would be if nothing had been learnt, or all features were one; `nil` where that is not known.
    let constant: Double?

    init(_ value: Variable, constant: Double? = nil) { (self.value, self.constant) = (value, constant) }
}
