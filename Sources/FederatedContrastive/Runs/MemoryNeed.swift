import Foundation

/// The memory that a training needs at least, so that one that cannot succeed is refused before it fills the machine.
///
/// The numbers per pixel and per weight are measured: `/usr/bin/time -f %M ACDCPretrain --clients 2 --rounds 1` takes 0.38,
/// 1.22, 1.06, and 1.18 GB with `--size 144`, `--size 144 --batch-volumes 8`, `--size 144 --width 32 --batch-volumes 4`,
/// and `--size 128 --width 48`, where this is 0.26, 0.90, 1.05, and 0.96 GB for the two clients that train at a time.
struct MemoryNeed {
    /// The number of bytes.
    let bytes: Int

    /// Estimates the memory of one client.
    ///
    /// - Parameters:
    ///   - slices: The number of slices in a batch.
    ///   - size: The number of rows and columns of a slice.
    ///   - width: The number of channels of the first level.
    ///   - bytesPerPixel: The number of bytes per pixel and channel of the first level.
    ///   - weightsPerSquare: The number of weights, divided by the square of the width.
    init(slices: Int, size: Int, width: Int, bytesPerPixel: Int, weightsPerSquare: Int) {
        // With all settings at their limits, this is 10¹⁴.
        bytes = slices * size * size * width * bytesPerPixel + 20 * weightsPerSquare * width * width
    }

    /// Checks that a machine has this memory for a number of clients at a time.
    ///
    /// - Throws: `RunError.conflict`, which names the settings to lower.
    func check(clients: Int, of available: UInt64 = ProcessInfo.processInfo.physicalMemory) throws(RunError) {
        let (needed, gigabyte) = (Double(bytes) * Double(clients), 1e9)
        if needed <= Double(available) { return }
        throw .conflict(
            "this training needs at least \(Int((needed / gigabyte).rounded(.up))) GB of memory, and the machine has "
                + "\(Int(Double(available) / gigabyte)) GB; lower the size, the width, or the batch.")
    }
}

extension PretrainingSettings {
    private var memoryNeed: MemoryNeed {
        MemoryNeed(
            slices: batchVolumes * partitions, size: size, width: width, bytesPerPixel: 40, weightsPerSquare: 5000)
    }

    /// The memory that a site needs at least, in bytes.
    public var leastMemory: Int { memoryNeed.bytes }

    /// Checks that this machine has the memory that a number of clients need at a time.
    func checkMemory(clients: Int) throws(RunError) { try memoryNeed.check(clients: clients) }
}

extension FederatedFineTuningSettings {
    /// The memory that a site needs at least, in bytes.
    public var leastMemory: Int { plan.memoryNeed(size: size, width: width).bytes }
}

extension FineTuningPlan {
    /// Returns the memory that a client needs at least.
    func memoryNeed(size: Int, width: Int) -> MemoryNeed {
        MemoryNeed(
            slices: unlabelled ? 2 * batchSize : batchSize, size: size, width: width, bytesPerPixel: 60,
            weightsPerSquare: 7500)
    }
}
