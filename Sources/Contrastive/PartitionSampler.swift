import Randomness

/// A sampler that partitions volumes along the slice axis and creates partition-balanced batches of slices.
///
/// A volume of n slices is divided into S ordered partitions; slice i is in partition ⌊i · S / n⌋, so a volume with
/// fewer slices than partitions leaves some of them empty.
///
/// ```swift
/// let sampler = PartitionSampler(partitions: 4)
/// for batch in sampler.epoch(of: [10, 8, 12], volumes: 2, using: &generator) {
///     // One slice from each partition of two volumes: up to eight slices, starting with the first volume.
/// }
/// ```
///
/// Source: Wu et al., MICCAI 2021, section 2.1, S = 4. The partition rule and the definition of an epoch are this
/// package's reconstruction.
public struct PartitionSampler: Hashable, Sendable {
    /// The number of partitions per volume, S.
    public let partitions: Int

    /// The position of a slice.
    public struct Slice: Hashable, Sendable {
        /// The index of its volume.
        public let volume: Int
        /// The index in the volume.
        public let index: Int
        /// The partition that contains it.
        public let partition: UInt8
    }

    /// Creates a sampler that divides volumes into `partitions` parts.
    ///
    /// - Precondition: 1 to 256 partitions, because a tag is one byte.
    public init(partitions: Int = 4) {
        precondition((1...256).contains(partitions), "\(partitions) partitions: expected 1 to 256")
        self.partitions = partitions
    }

    /// Returns the partition that contains a slice.
    ///
    /// - Precondition: The slice is in the volume.
    public func partition(of index: Int, in sliceCount: Int) -> UInt8 {
        precondition((0..<sliceCount).contains(index), "slice \(index) of \(sliceCount)")
        return UInt8(index * partitions / sliceCount)
    }

    /// Returns the slices of a partition; none if the volume has too few.
    ///
    /// - Precondition: `partition` is less than `partitions`.
    public func slices(of partition: Int, in sliceCount: Int) -> Range<Int> {
        precondition((0..<partitions).contains(partition), "partition \(partition) of \(partitions)")
        // ⌊i · S / n⌋ = s exactly for ⌈s · n / S⌉ ≤ i < ⌈(s + 1) · n / S⌉.
        func first(_ s: Int) -> Int { (s * sliceCount + partitions - 1) / partitions }
        return first(partition)..<first(partition + 1)
    }

    /// Returns every slice of volumes with these numbers of slices, in order.
    public func slices(of sliceCounts: [Int]) -> [Slice] {
        sliceCounts.enumerated().flatMap { volume, count in
            (0..<count).map { Slice(volume: volume, index: $0, partition: partition(of: $0, in: count)) }
        }
    }
}

extension PartitionSampler {
    /// Returns the number of batches per epoch, enough to sample about as many slices as there are and to visit every
    /// volume.
    ///
    /// It is `slices / (volumes · S)`, rounded: 25 for 200 slices in batches of 2 volumes and 4 partitions.
    ///
    /// - Precondition: As for `epoch`.
    public func steps(of sliceCounts: [Int], volumes: Int) -> Int {
        precondition(
            !sliceCounts.isEmpty && sliceCounts.allSatisfy { $0 > 0 } && volumes > 0,
            "an epoch of batches of \(volumes) volumes with \(sliceCounts) slices")
        let width = min(volumes, sliceCounts.count)
        let batch = width * partitions
        return max((sliceCounts.count + width - 1) / width, (sliceCounts.reduce(0, +) + batch / 2) / batch)
    }

    /// Returns the batches of one epoch: `volumes` different volumes each, and for each volume one random slice from
    /// every nonempty partition, in the order of the partitions.
    ///
    /// A volume is visited in proportion to its number of slices, at least once, and its visits are spread over the
    /// epoch. Slices of a partition come in random order, all of them before any repeats: a slice is as likely as
    /// under independent sampling, but an epoch covers nearly all of them. If there are fewer volumes than a batch
    /// takes, a batch contains each volume once. All of this is this package's reconstruction.
    ///
    /// - Parameters:
    ///   - sliceCounts: The number of slices of each volume.
    ///   - volumes: The number of volumes per batch.
    ///   - generator: The source of randomness.
    /// - Precondition: At least one volume, none empty, and `volumes > 0`.
    public func epoch(of sliceCounts: [Int], volumes: Int, using generator: inout SeededGenerator) -> [[Slice]] {
        let steps = steps(of: sliceCounts, volumes: volumes)
        let width = min(volumes, sliceCounts.count)
        var waiting = visits(steps * width, of: sliceCounts, using: &generator)
        var decks = sliceCounts.map { _ in [[Int]](repeating: [], count: partitions) }
        return (0..<steps).map { _ in
            var batch: [Slice] = []
            for volume in next(width, of: sliceCounts.count, from: &waiting, using: &generator) {
                for partition in 0..<partitions {
                    let slices = slices(of: partition, in: sliceCounts[volume])
                    if slices.isEmpty { continue }
                    if decks[volume][partition].isEmpty {
                        decks[volume][partition] = generator.permutation(of: slices.count)
                    }
                    let index = slices.lowerBound + decks[volume][partition].removeLast()
                    batch.append(Slice(volume: volume, index: index, partition: UInt8(partition)))
                }
            }
            return batch
        }
    }

    /// Returns the volumes of `count` visits in order; the k-th of v visits to a volume occurs at a random time in
    /// the k-th of v equal parts of the epoch.
    private func visits(_ count: Int, of sliceCounts: [Int], using generator: inout SeededGenerator) -> [Int] {
        let visits = apportion(count, among: sliceCounts, using: &generator)
        var moments: [(moment: Float, volume: Int)] = []
        for (volume, visits) in visits.enumerated() {
            for k in 0..<visits {
                moments.append(((Float(k) + generator.uniform()) / Float(visits), volume))
            }
        }
        return moments.sorted { ($0.moment, $0.volume) < ($1.moment, $1.volume) }.map(\.volume)
    }

    /// Returns the next `width` different waiting volumes, filled up with random others if too few are waiting.
    private func next(
        _ width: Int, of volumeCount: Int, from waiting: inout [Int], using generator: inout SeededGenerator
    ) -> [Int] {
        var chosen: [Int] = []
        var position = 0
        while chosen.count < width && position < waiting.count {
            if chosen.contains(waiting[position]) {
                position += 1
            } else {
                chosen.append(waiting.remove(at: position))
            }
        }
        if chosen.count < width {
            let others = generator.permutation(of: volumeCount).filter { !chosen.contains($0) }
            chosen += others.prefix(width - chosen.count)
        }
        return chosen
    }
}

/// Divides `count` among shares in proportion to their sizes by systematic sampling.
///
/// A share of size n out of N receives `count · n / N` on average, rounded down or up by one common random offset;
/// every nonempty share receives at least one if `count` allows it, at the expense of the largest.
///
/// - Precondition: At least one nonempty share, unless `count` is 0.
func apportion(_ count: Int, among sizes: [Int], using generator: inout SeededGenerator) -> [Int] {
    let total = sizes.reduce(0, +)
    guard count > 0 else { return sizes.map { _ in 0 } }
    precondition(total > 0, "\(count) cannot be divided among shares of sizes \(sizes)")
    let offset = generator.integer(below: total)
    var passed = 0
    var given = 0
    var shares = sizes.map { size in
        passed += size
        // Use integers, so that the last share completes the sum exactly.
        let until = (count * passed + offset) / total
        defer { given = until }
        return until - given
    }
    guard count >= sizes.count(where: { $0 > 0 }) else { return shares }
    for empty in shares.indices where shares[empty] == 0 && sizes[empty] > 0 {
        let largest = shares.indices.max { shares[$0] < shares[$1] }!
        shares[largest] -= 1
        shares[empty] = 1
    }
    return shares
}
