import Benchmark
import Tensor
import Workloads

/// Registers whole steps, on one thread and on all threads.
///
/// The steps are the contrastive training step of an encoder, the training step of a U-Net, the inference of a volume
/// of ten slices, and a small federated round of four clients.
func registerSteps() {
    for threads in [1, nil] as [Int?] {
        for (width, size) in [(16, 64), (16, 128), (32, 192)] {
            let extents = Extents(width: width, size: size, batch: 8)
            register("encoder step", extents, threads: threads) { EncoderStep(extents) }
        }
        for (width, size) in [(16, 128), (32, 192)] {
            let extents = Extents(width: width, size: size, batch: 8)
            register("U-Net step", extents, threads: threads) { UNetStep(extents) }
        }
        for width in [16, 32] {
            let extents = Extents(width: width, size: 192, batch: 10)
            register("inference of a volume", extents, threads: threads) { UNetInference(extents) }
        }
        let extents = Extents(width: 16, size: 64, batch: 8)
        register("federated round, 4 clients, 40 slices each", extents, threads: threads) {
            // The benchmark tool blocks one of the threads on which parallel clients would run.
            try FederatedRound(extents, clients: 4, slices: 40, clientsInParallel: 1)
        }
    }
}

private func register(
    _ name: String, _ extents: Extents, threads: Int?, work: @escaping () throws -> some Workload
) {
    let name = "\(name) \(extents.batch)×\(extents.size)², width \(extents.width)"
    register(name + (threads.map { ", \($0) thread" } ?? ", all threads"), threads: threads, work: work)
}
