import Contrastive
import Tensor
import UNet

// Two volumes of eight slices, of which each partition has a brightness of its own.
let sampler = PartitionSampler(partitions: 4)
let sliceCounts = [8, 8]
func images(_ batch: [PartitionSampler.Slice]) -> Tensor {
    Tensor(
        batch.flatMap { Array(repeating: Float($0.partition) / 4, count: 32 * 32) }, shape: [batch.count, 32, 32, 1])
}

var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
let encoder = UNet.Encoder(UNet.Configuration(width: 2), in: &builder)
let head = ProjectionHead(inputs: encoder.outputChannels, outputs: 16, in: &builder)
var main = builder.parameters()
var momentum = MomentumEncoder(main)
var bank = MemoryBank(capacity: 16, dimension: 16)
var optimizer = Adam(learningRate: 1e-3)
var generator = SeededGenerator(seed: 2)
let loss = FCLLoss()

for epoch in 0..<3 {
    for batch in sampler.epoch(of: sliceCounts, volumes: 2, using: &generator) {
        let partitions = batch.map(\.partition)
        let keyViews = Augmentation.weak(images(batch), using: &generator)
        let projections = evaluate(momentum.parameters) { head(encoder($0.constant(keyViews))) }
        let keys = FeatureSet(features: projections.l2Normalized(), partitions: partitions)
        if bank.count == 0 { bank.push(keys) }

        let sample = FeatureSet.sample(from: [bank.contents], count: bank.count, using: &generator)
        let queryViews = Augmentation.weak(images(batch), using: &generator)
        let (value, gradient) = valueAndGradient(at: &main) { tape in
            loss(head(encoder(tape.constant(queryViews))), partitions: partitions, keys: keys, bank: sample).loss
        }
        precondition(value.isFinite)
        optimizer.update(&main, along: gradient)
        momentum.follow(main)
        bank.push(keys)
    }
    print("epoch \(epoch): \(bank.count) features in the bank")
}
