import Benchmark
import Tensor
import Workloads

/// The contrastive training step of an encoder, on one thread and on all.
func registerEncoderSteps() {
    for (width, size) in [(16, 64), (16, 128), (32, 128), (32, 192)] {
        let extents = Extents(width: width, size: size, batch: 8)
        for threads in [1, nil] as [Int?] {
            let name =
                "encoder step \(extents.batch)×\(size)², width \(width), "
                + (threads.map { "\($0) thread" } ?? "all threads")
            register(name, operations: ConvolutionGeometry.encoder(extents).trainingOperations) {
                var step = EncoderStep(extents)
                return { stopwatch in
                    Parallel.$threadLimit.withValue(threads) { stopwatch.measure { step.run() } }
                }
            }
        }
    }
}
