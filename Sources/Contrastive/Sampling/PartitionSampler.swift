import Tensor

/// The partitions of a volume along the slice axis, and batches in which every partition occurs equally often.
///
/// A volume of n slices is cut into S ordered partitions; slice i lies in partition ⌊i · S / n⌋, so that a volume with
/// fewer slices than partitions leaves some of them empty.
///
/// ```swift
/// let sampler = PartitionSampler(partitions: 4)
/// for batch in sampler.epoch(of: [10, 8, 12], volumes: 2, using: &generator) {
///     // One slice from each partition of two volumes: up to eight, the first volume's first.
/// }
/// ```
///
/// Source: Wu et al., MICCAI 2021, section 2.1, S = 4. The rule that cuts, and what an epoch is, are this package's
/// reconstruction.
public struct PartitionSampler: Hashable, Sendable {
    /// The number of partitions of a volume, S.
    public let partitions: Int

    /// A slice by its place.
    public struct Slice: Hashable, Sendable {
        /// The number of its volume.
        public let volume: Int
        /// Its number in the volume.
        public let index: Int
        /// The partition it lies in.
        public let partition: UInt8
    }

    /// A sampler of volumes that are cut into `partitions` parts.
    ///
    /// - Precondition: 1 to 256 partitions, since a tag is one byte.
    public init(partitions: Int = 4) {
        precondition((1...256).contains(partitions), "\(partitions) partitions: expected 1 to 256")
        self.partitions = partitions
    }

    /// The partition in which a slice lies.
    ///
    /// - Precondition: the slice lies in the volume.
    public func partition(of index: Int, in sliceCount: Int) -> UInt8 {
        precondition((0..<sliceCount).contains(index), "slice \(index) of \(sliceCount)")
        return UInt8(index * partitions / sliceCount)
    }

    /// The slices of a partition; none where the volume has too few.
    ///
    /// - Precondition: `partition` is below `partitions`.
    public func slices(of partition: Int, in sliceCount: Int) -> Range<Int> {
        precondition((0..<partitions).contains(partition), "partition \(partition) of \(partitions)")
        // ⌊i · S / n⌋ = s exactly for ⌈s · n / S⌉ ≤ i < ⌈(s + 1) · n / S⌉.
        func first(_ s: Int) -> Int { (s * sliceCount + partitions - 1) / partitions }
        return first(partition)..<first(partition + 1)
    }

    /// Every slice of volumes with these numbers of slices, in order.
    public func slices(of sliceCounts: [Int]) -> [Slice] {
        sliceCounts.enumerated().flatMap { volume, count in
            (0..<count).map { Slice(volume: volume, index: $0, partition: partition(of: $0, in: count)) }
        }
    }
}
