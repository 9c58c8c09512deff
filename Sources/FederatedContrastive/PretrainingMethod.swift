import Contrastive
import Features
import Federation
import Tensor
import UNet

/// A method of pre-training an encoder: the heads on top of it, and the work of a site in a round.
///
/// A method is one value type in one file and one line in ``PretrainingMethods/all``; ``FCL`` is the one to read
/// first. It holds the network and is shared by all sites; the state of a site is a ``Site``. All methods use the
/// batches, optimizer, and learning rate of ``LocalTraining``, so they are compared at equal numbers of steps. Most
/// consist of heads and a loss:
///
/// ```swift
/// public func train(
///     from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
/// ) throws -> LocalUpdate {
///     var training = LocalTraining(from: global, at: site, round: round)
///     while let batch = try training.nextBatch() {
///         let (a, b) = batch.views(settings.views, using: &training.generator)
///         try training.step { tape in NTXentLoss()(network(tape.constant(a)), network(tape.constant(b))) }
///     }
///     return training.update(at: &site)
/// }
/// ```
///
/// The server averages all slots, regardless of the method. Randomness comes from the generators that are passed in.
public protocol PretrainingMethod: Sendable {
    /// The name in settings.
    static var name: String { get }
    /// The name in tables.
    static var title: String { get }
    /// The temperature of the loss, unless the settings specify one.
    static var temperature: Float { get }
    /// The collaboration of the sites, unless the settings specify one.
    static var collaboration: PretrainingSettings.Collaboration { get }
    /// The ablations: parts that can be left out of the method.
    static var ablations: Set<PretrainingSettings.Ablation> { get }
    /// Whether there is anything to train.
    static var isTrained: Bool { get }
    /// Whether a site keeps a memory bank between rounds.
    static var keepsBank: Bool { get }
    /// The meaning of the tags of slices and features.
    static var tagging: SliceTagging { get }

    /// Creates the method, registering the heads of an already registered encoder in the group
    /// `ParameterGroup.head`.
    init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder)

    /// Returns the maximum number of features that a site shares in a round; 0 if the method shares none.
    func maximumSharedFeatures(at site: Site) -> Int

    /// Begins a round at a site: refreshes the state that depends on the global model, and returns the features to
    /// share.
    func beginRound(
        at site: inout Site, from global: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet?

    /// Trains the global model on a site's slices.
    ///
    /// - Parameters:
    ///   - global: The global model.
    ///   - site: The site, whose bank the method may change.
    ///   - round: The number of the round, from 1.
    ///   - others: The features that the other sites shared in this round, in client order.
    func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate
}

extension PretrainingMethod {
    /// The default temperature, 0.1, as in the paper.
    public static var temperature: Float { 0.1 }
    /// The default collaboration, averaging of weights.
    public static var collaboration: PretrainingSettings.Collaboration { .fedavg }
    /// The default ablations, none.
    public static var ablations: Set<PretrainingSettings.Ablation> { [] }
    /// The default, `true`.
    public static var isTrained: Bool { true }
    /// The default, `false`.
    public static var keepsBank: Bool { false }
    /// The default, partitions.
    public static var tagging: SliceTagging { .partition }

    /// Returns 0, the default.
    public func maximumSharedFeatures(at site: Site) -> Int { 0 }

    /// Returns `nil` by default, with nothing to refresh.
    public func beginRound(
        at site: inout Site, from global: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet? { nil }
}

/// The methods available to settings.
public enum PretrainingMethods {
    /// All methods, in the order of tables.
    public static let all: [any PretrainingMethod.Type] = [
        FCL.self, FCLPlus.self, RandomInitialization.self, LocalCL.self, FedRotation.self, FedSimCLR.self, FedSwAV.self,
        FedCA.self,
        FedMoCo.self, FedBYOL.self, FedReconstruction.self,
    ]

    /// The names of all methods.
    public static var names: [String] { all.map { $0.name } }

    /// Returns the method with the given name.
    public static func named(_ name: String) -> (any PretrainingMethod.Type)? { all.first { $0.name == name } }
}

extension ParameterGroup {
    /// The heads used by a pre-training loss and discarded afterward.
    public static let head = ParameterGroup("head")
}

/// A site of a federation: its slices, and the state that it keeps between rounds.
public struct Site: Sendable {
    /// The index of the site, from 0.
    public let index: Int
    /// The slices of the site.
    public let slices: SliceLibrary
    /// The settings of the run.
    public let settings: PretrainingSettings
    /// Q_l, the site's memory bank; empty for methods without one.
    public var bank: MemoryBank
    /// The features that the site shared in this round.
    public internal(set) var shared: FeatureSet?
    /// The optimizer after the last round, if its moments are kept.
    var optimizer: Adam?
    /// A closure that counts a step.
    let advance: @Sendable (_ round: Int, _ loss: Float) -> Void

    /// Creates a site with an empty bank.
    ///
    /// - Parameters:
    ///   - index: The index of the site, from 0.
    ///   - slices: The slices of the site.
    ///   - settings: The settings of the run.
    ///   - advance: A closure called after every step of local training.
    public init(
        index: Int, slices: SliceLibrary, settings: PretrainingSettings,
        advance: @escaping @Sendable (_ round: Int, _ loss: Float) -> Void = { _, _ in }
    ) {
        (self.index, self.slices, self.settings, self.advance) = (index, slices, settings, advance)
        bank = MemoryBank(
            capacity: settings.bank ?? min(max(1, slices.count), FeatureExchange.maximumShared),
            dimension: settings.featureDimension)
    }

    /// The pseudonym of the site.
    public var id: String { "client-\(index + 1)" }
}

/// A round of local training at a site: batches, gradient, optimizer, and learning rate, the same for every method.
public struct LocalTraining {
    /// The model in training, θ_q.
    public var main: Parameters
    /// The random number generator for the round at this site.
    public var generator: SeededGenerator
    private let site: Site
    private let round: Int
    private let schedule: Schedule
    private var optimizer: Adam
    private let proximal: ProximalTerm
    private var step: Int
    private var epochs: Int
    private var batches: ArraySlice<[SliceLibrary.Slice]> = []
    private var losses: [Double] = []
    private var constants: [Double] = []

    /// Creates a round that starts from the global model.
    public init(from global: Parameters, at site: Site, round: Int) {
        let settings = site.settings
        (main, self.site, self.round, epochs) = (global, site, round, settings.localEpochs)
        generator = SeededGenerator(seed: settings.seed, path: RandomStream.training, round, site.index)
        optimizer = site.optimizer ?? Adam(learningRate: settings.learningRate, weightDecay: settings.weightDecay)
        proximal = ProximalTerm(weight: settings.proximal, around: global)
        let stepsPerRound = epochs * site.slices.steps(volumes: settings.batchVolumes)
        schedule = .cosine(from: settings.learningRate, to: 0, steps: settings.rounds * stepsPerRound)
        step = (round - 1) * stepsPerRound
    }

    /// Returns the next batch, or `nil` after the last epoch.
    ///
    /// - Throws: `CancellationError` if the task was canceled.
    public mutating func nextBatch() throws -> SliceBatch? {
        try Task.checkCancellation()
        if batches.isEmpty {
            if epochs == 0 { return nil }
            epochs -= 1
            let settings = site.settings
            batches = site.slices.epoch(settings.batch, volumes: settings.batchVolumes, using: &generator)[...]
        }
        return batches.popFirst().map(site.slices.batch)
    }

    /// Updates the model by one step along the gradient of a loss.
    ///
    /// - Parameters:
    ///   - constant: The value of the loss when nothing is learned; `nil` if unknown.
    ///   - loss: A closure that computes the loss on a tape that reads the model.
    /// - Throws: `NonFiniteLoss`.
    public mutating func step(constant: Double? = nil, _ loss: (Tape) throws -> Variable) throws {
        var (value, gradient) = try valueAndGradient(at: &main, of: loss)
        try NonFiniteLoss.check(value, step: step)
        proximal.add(to: &gradient, at: main)
        optimizer.learningRate = schedule.rate(at: step)
        optimizer.update(&main, along: gradient)
        step += 1
        losses.append(Double(value))
        if let constant { constants.append(constant) }
        site.advance(round, value)
    }

    /// Ends the round at the site, and returns the trained model, with the means of the round and the method's own
    /// metrics, which take precedence.
    public func update(at site: inout Site, _ metrics: [Metric: Double] = [:]) -> LocalUpdate {
        if site.settings.keepsMoments { site.optimizer = optimizer }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        var means: [Metric: Double] = [.loss: mean(losses), .learningRate: Double(optimizer.learningRate)]
        if !constants.isEmpty { means[.lossConstant] = mean(constants) }
        return LocalUpdate(
            parameters: main, sampleCount: site.slices.count, round: round, client: site.id,
            metrics: means.merging(metrics) { $1 })
    }
}
