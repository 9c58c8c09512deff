import Contrastive
import Segmentation
import Tensor
import Volumes

/// The images without labels at one site: it labels them with the average of the global weights, and adds them to the
/// batches of the annotated ones.
///
/// Before a round, the site adds the global weights it received to the average, which no one has to send. In some
/// rounds, the average becomes the teacher: it labels all images, and unless its labels are implausible, they replace
/// those of the previous teacher.
struct SelfTrainingSite: Sendable {
    private let images: [PreparedVolume]
    /// The mean volume of the heart in the annotated images, in ml.
    private let labelledVolume: Double
    private let model: SegmentationModel
    private let augmentation: Augmentation
    private let schedule: SelfTraining
    private var average: WeightAverage
    /// The teacher of the present labels.
    private var teacher: Parameters?
    private var pseudoLabels: PseudoLabels?

    /// Creates the state before the first round.
    init(_ images: [PreparedVolume], labelledVolume: Double, model: SegmentationModel, plan: FineTuningPlan) {
        self.images = images.map { image in
            var image = image
            image.labels = nil
            return image
        }
        var plain = model
        plain.inference = Inference()
        (self.labelledVolume, self.model, augmentation) = (labelledVolume, plain, plan.views)
        schedule = SelfTraining(rounds: plan.roundCount)
        average = WeightAverage(plan, after: SelfTraining.supervised / 2)
    }

    /// Learns the global weights at the start of a round, and labels the images if it is time.
    ///
    /// - Throws: `CancellationError`.
    mutating func begin(_ round: Int, with parameters: Parameters) async throws {
        average.add(parameters, round: round - 1)
        guard schedule.isLabeling(round) else { return }
        let candidate = average.value ?? parameters
        let labels = try await labels(by: candidate)
        guard labels.arePlausible(after: pseudoLabels, labelledVolume: labelledVolume) else { return }
        (teacher, pseudoLabels) = (candidate, labels)
    }

    private func labels(by teacher: Parameters) async throws -> PseudoLabels {
        var model = model
        model.parameters = teacher
        return try await PseudoLabels(of: images, by: model)
    }

    /// Returns a batch with one more slice for each that it has, near the same position of a heart and with the
    /// teacher's labels; some pairs have exchanged a box. The batch itself if there is no teacher.
    func extended(
        _ batch: TrainingBatch, at positions: [Double], round: Int, using generator: inout SeededGenerator
    ) -> TrainingBatch {
        guard let pseudoLabels else { return batch }
        let chosen = positions.map { position in
            let near = pseudoLabels.slices.filter { abs($0.position - position) < SelfTraining.positionTolerance }
            let choice = near.isEmpty ? pseudoLabels.slices : near
            return choice[generator.integer(below: choice.count)]
        }
        let (size, plane) = (images[0].size, images[0].size * images[0].size)
        var labels = chosen.flatMap {
            pseudoLabels.labels[$0.volume][$0.index * plane..<($0.index + 1) * plane]
        }
        let pixels = Tensor(rows: chosen.map { images[$0.volume].slice($0.index) }, rowShape: images[0].sliceShape)
        let views = augmentation(pixels, labels: &labels, using: &generator)
        var extended = TrainingBatch(
            images: Tensor(joiningRows: [batch.images, views]), labels: batch.labels + labels,
            labelledCount: batch.labelledCount, weight: schedule.weight(round))
        for (index, position) in positions.enumerated()
        where generator.chance(SelfTraining.mixing * extended.weight)
            && abs(position - chosen[index].position) < SelfTraining.positionTolerance
        {
            let box = SliceMixing(size: size, using: &generator)
            box.exchange(index, batch.labelledCount + index, in: &extended.images, labels: &extended.labels)
        }
        return extended
    }

    /// The average and the teacher; the labels follow from the latter.
    var state: Safetensors {
        var state = Safetensors()
        state.insert(average.state, under: "average.")
        if let teacher { state.insert(teacher.safetensors(), under: "teacher.") }
        return state
    }

    /// Continues from a saved state.
    ///
    /// - Throws: `WeightsError` if `state` is not the state of such a site; `CancellationError`.
    mutating func restore(_ state: Safetensors, like parameters: Parameters) async throws {
        try average.restore(state.part(under: "average."), like: parameters)
        let saved = state.part(under: "teacher.")
        guard !saved.tensors.isEmpty else { return }
        let teacher = try parameters.replaced(by: saved)
        (self.teacher, pseudoLabels) = (teacher, try await labels(by: teacher))
    }
}
