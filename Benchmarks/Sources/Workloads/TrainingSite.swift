import Contrastive
import Federation
import Tensor

/// A client with random slices that pre-trains as `ACDCPretrain` does: bank refill by the global encoder, queries and
/// keys from weak views, momentum encoder, loss against a sample of all banks, Adam.
actor TrainingSite: Client {
    nonisolated let id: String
    private let index: Int
    private let volumes: Int
    private let batchVolumes: Int
    private let model: ContrastiveModel
    /// Shape `[slices, size, size, 1]`, ten slices a volume.
    private let images: Tensor
    private let sampler = PartitionSampler(partitions: 4)
    private let views = Augmentation.weak
    private let loss = FCLLoss()
    private var bank: MemoryBank

    static let slicesOfVolume = 10

    init(index: Int, model: ContrastiveModel, size: Int, batch: Int, slices: Int, bank: Int, dimension: Int) {
        id = "client-\(index + 1)"
        self.index = index
        self.model = model
        volumes = slices / Self.slicesOfVolume
        batchVolumes = batch / 4
        images = Extents(width: 1, size: size, batch: slices).images(seed: UInt64(100 + index))
        self.bank = MemoryBank(capacity: bank, dimension: dimension)
    }

    func shareFeatures(of parameters: Parameters, round: Int) throws -> FeatureShare? {
        var generator = SeededGenerator(seed: 2, path: round, index)
        let slices = sampler.slices(of: sliceCounts)
        let order = generator.permutation(of: slices.count).map { slices[$0] }
        let batches = max(1, (order.count + 2 * batchVolumes) / (4 * batchVolumes))
        for batch in 0..<batches {
            let range = batch * order.count / batches..<(batch + 1) * order.count / batches
            bank.push(keys(of: Array(order[range]), by: parameters, using: &generator))
        }
        let contents = bank.contents
        return try FeatureShare(
            normalizing: contents.features, partitions: contents.partitions, client: id, round: round)
    }

    func train(from parameters: Parameters, round: Int, features shares: [FeatureShare]) throws -> LocalUpdate {
        var generator = SeededGenerator(seed: 3, path: round, index)
        var main = parameters
        var average = MomentumEncoder(parameters)
        var optimizer = Adam(learningRate: 1e-3, weightDecay: 1e-4)
        let others = shares.map { FeatureSet(features: $0.vectors, partitions: $0.partitions) }
        for batch in sampler.epoch(of: sliceCounts, volumes: batchVolumes, using: &generator) {
            let keys = keys(of: batch, by: average.parameters, using: &generator)
            let queries = views(pixels(of: batch), using: &generator)
            let sample = FeatureSet.sample(from: [bank.contents] + others, count: bank.capacity, using: &generator)
            let (value, gradient) = valueAndGradient(at: &main) { tape in
                loss(model(tape.constant(queries)), partitions: batch.map(\.partition), keys: keys, bank: sample).loss
            }
            try NonFiniteLoss.check(value, step: 0)
            optimizer.update(&main, along: gradient)
            average.follow(main)
            bank.push(keys)
        }
        return LocalUpdate(parameters: main, sampleCount: images.shape[0], round: round, client: id)
    }

    private var sliceCounts: [Int] { Array(repeating: Self.slicesOfVolume, count: volumes) }

    private func pixels(of slices: [PartitionSampler.Slice]) -> Tensor {
        let (height, width) = (images.shape[1], images.shape[2])
        var batch = Tensor(zeros: [slices.count, height, width, 1])
        batch.withMutableElements { target in
            images.withElements { source in
                for (position, slice) in slices.enumerated() {
                    let row = slice.volume * Self.slicesOfVolume + slice.index
                    (target.baseAddress! + position * height * width)
                        .update(from: source.baseAddress! + row * height * width, count: height * width)
                }
            }
        }
        return batch
    }

    private func keys(
        of slices: [PartitionSampler.Slice], by parameters: Parameters, using generator: inout SeededGenerator
    ) -> FeatureSet {
        let views = views(pixels(of: slices), using: &generator)
        let projections = evaluate(parameters, normalization: .batchStatistics) { model($0.constant(views)) }
        return FeatureSet(features: projections.l2Normalized(), partitions: slices.map(\.partition))
    }
}
