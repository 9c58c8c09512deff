import Benchmark
import Contrastive
import Features
import Tensor
import Workloads

/// Registers the operations that contrastive learning adds to a network, on one thread: the loss of queries against a
/// bank, and random views.
func registerContrast() {
    let dimension = 128
    for (batch, bank) in [(8, 200), (8, 4096), (32, 4096), (32, 65_536)] {
        // Queries times keys and bank; the backward pass costs twice as much.
        let operations = 4 * batch * dimension * (batch + bank)
        register("FCL loss, \(batch) queries, bank of \(bank), with gradient", .operations(operations)) {
            let queries = Tensor.random([batch, dimension], seed: 1)
            let keys = FeatureSet(randomCount: batch, dimension: dimension, seed: 2)
            let bank = FeatureSet(randomCount: bank, dimension: dimension, seed: 3)
            return { stopwatch in
                Parallel.$threadLimit.withValue(1) {
                    stopwatch.measure {
                        _ = valueAndGradient(at: [queries]) { leaves in
                            FCLLoss()(leaves[0], partitions: keys.partitions, keys: keys, bank: bank).loss
                        }
                    }
                }
            }
        }
    }
    for (name, views) in [("weak", Augmentation.weak), ("standard", .standard)] {
        for (batch, size) in [(8, 64), (32, 128), (8, 192)] {
            let shape: Tensor.Shape = [batch, size, size, 1]
            register("\(name) views \(batch)×\(size)²", .bytes(2 * 4 * shape.count)) {
                let images = Tensor.random(shape, seed: 1)
                var generator = SeededGenerator(seed: 2)
                return { stopwatch in
                    Parallel.$threadLimit.withValue(1) {
                        stopwatch.measure { _ = views(images, using: &generator) }
                    }
                }
            }
        }
    }
}
