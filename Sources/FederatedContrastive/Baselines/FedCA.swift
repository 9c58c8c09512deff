import Contrastive
import Features
import Federation
import Phantoms
import Tensor
import UNet
import Volumes

/// FedCA: SimCLR with projections of all sites as additional negatives, and alignment of features of a public set
/// with those of a base model, so that the sites' features stay comparable.
///
/// The public set consists of synthetic hearts. The base model starts from the initial weights common to all methods
/// and is trained on this set with some steps of SimCLR. Both, and the number of projections that a site shares, are
/// this package's choice. The exchange works like that of FCL's banks: every site shares some projections of the new
/// global model.
///
/// Source: Zhang et al., arXiv:2010.08982; see `FedCALoss`.
///
/// The server averages the encoder, the projection head, and the running statistics of batch norms, to which batches
/// of the public set also contribute. No state stays at a site.
struct FedCA: PretrainingMethod {
    static let name = "fedCA"
    static let title = "FedCA"
    static let ablations: Set<PretrainingSettings.Ablation> = [.exchange]
    /// The number of projections that a site contributes to the dictionary.
    static let upload = 64

    private let encoder: UNet.Encoder
    private let network: Projector
    private let settings: PretrainingSettings
    private let publicSet: PublicSet
    private let base: Parameters

    init(_ settings: PretrainingSettings, encoder: UNet.Encoder, in builder: inout ParameterBuilder) {
        (self.encoder, self.settings) = (encoder, settings)
        network = Projector(settings, encoder: encoder, in: &builder)
        publicSet = PublicSet(settings)
        base = publicSet.trained(builder.parameters(), network, settings)
    }

    func maximumSharedFeatures(at site: Site) -> Int { Self.upload }

    func beginRound(
        at site: inout Site, from global: Parameters, using generator: inout SeededGenerator
    ) throws -> FeatureSet? {
        var upload = MemoryBank(capacity: Self.upload, dimension: settings.featureDimension)
        try network.fill(&upload, from: site.slices, with: global, limit: Self.upload, using: &generator)
        return upload.contents
    }

    func train(
        from global: Parameters, at site: inout Site, round: Int, others: [FeatureSet]
    ) throws -> LocalUpdate {
        var training = LocalTraining(from: global, at: site, round: round)
        let own = site.shared ?? FeatureSet(dimension: settings.featureDimension)
        let dictionary = FeatureSet(joining: [own] + others)
        let loss = FedCALoss(contrast: NTXentLoss(temperature: settings.tau))
        while let batch = try training.nextBatch() {
            let (a, b) = batch.views(settings.views, using: &training.generator)
            let images = publicSet.batch(using: &training.generator).images
            let target = evaluate(base, normalization: .batchStatistics) {
                globalAveragePool(encoder($0.constant(images)))
            }
            let constant = NTXentLoss.constant(batch: batch.count, negatives: dictionary.count)
            try training.step(constant: constant) { tape in
                // Process the public set first, because running statistics weight the latest batches most.
                let features = globalAveragePool(encoder(tape.constant(images)))
                return loss(
                    network(tape.constant(a)), network(tape.constant(b)), dictionary: dictionary, features: features,
                    base: target)
            }
        }
        return training.update(at: &site)
    }
}

/// Slices of a few synthetic hearts that every site holds, and a base model trained on them alone.
///
/// None of it is saved with a run: it follows from the settings.
struct PublicSet: Sendable {
    /// The number of patients, each with two frames: a dilated, a thickened, and an infarcted heart.
    static let patients = 3
    /// The number of training steps of the base model.
    static let steps = 50

    private let slices: SliceLibrary
    private let size: Int

    init(_ settings: PretrainingSettings) {
        var generator = SeededGenerator(seed: settings.seed, path: RandomStream.publicSet)
        let phantom = Phantom(seed: generator.next())
        let preprocessing = Preprocessing(spacing: settings.spacing, size: settings.size)
        let volumes = (1...Self.patients).flatMap { number in
            phantom.patient(number).frames.map { preprocessing($0.image) }
        }
        slices = SliceLibrary(volumes, partitions: settings.partitions)
        size = settings.batchVolumes * settings.partitions
    }

    /// Returns a batch of random slices.
    func batch(using generator: inout SeededGenerator) -> SliceBatch {
        slices.batch(slices.shuffled(batchSize: size, using: &generator)[0])
    }

    /// Returns the model after some steps of SimCLR on this set.
    func trained(_ first: Parameters, _ network: Projector, _ settings: PretrainingSettings) -> Parameters {
        var generator = SeededGenerator(seed: settings.seed, path: RandomStream.baseModel)
        var model = first
        var optimizer = Adam(learningRate: settings.learningRate, weightDecay: settings.weightDecay)
        for _ in 0..<Self.steps {
            let (a, b) = batch(using: &generator).views(settings.views, using: &generator)
            let (_, gradient) = valueAndGradient(at: &model) { tape in
                NTXentLoss(temperature: settings.tau)(network(tape.constant(a)), network(tape.constant(b)))
            }
            optimizer.update(&model, along: gradient)
        }
        return model
    }
}
