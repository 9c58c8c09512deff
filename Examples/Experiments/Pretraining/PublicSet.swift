import Contrastive
import Phantoms
import Tensor
import UNet
import Volumes

/// Slices of a few synthetic hearts that every site holds, and a base model that was trained on them alone.
///
/// Nothing of it is kept with a run: it follows from the settings.
struct PublicSet: Sendable {
    /// Patients, each with two frames: a dilated, a thick and an infarcted heart.
    static let patients = 3
    /// The steps in which the base model is trained.
    static let steps = 50

    private let slices: SliceLibrary
    private let size: Int

    init(_ settings: PretrainingSettings) {
        var generator = SeededGenerator(seed: settings.seed, path: Stream.publicSet)
        let phantom = Phantom(seed: generator.next())
        let preprocessing = Preprocessing(spacing: settings.spacing, size: settings.size)
        let volumes = (1...Self.patients).flatMap { number in
            phantom.patient(number).frames.map { preprocessing($0.image) }
        }
        slices = SliceLibrary(volumes, partitions: settings.partitions)
        size = settings.batchVolumes * settings.partitions
    }

    /// A batch of random slices.
    func batch(using generator: inout SeededGenerator) -> SliceBatch {
        slices.batch(slices.shuffled(batchSize: size, using: &generator)[0])
    }

    /// The model after some steps of SimCLR on this set.
    func trained(
        _ first: Parameters, _ network: Projector, _ settings: PretrainingSettings
    ) -> Parameters {
        var generator = SeededGenerator(seed: settings.seed, path: Stream.baseModel)
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
