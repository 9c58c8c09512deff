import Contrastive
import Tensor
import Volumes

/// The slices of one step.
public struct SliceBatch: Sendable {
    /// The pixels, without augmentation. Shape `[count, size, size, channels]`.
    public let images: Tensor
    /// The tag of each slice, its partition for most methods.
    public let partitions: [UInt8]
    /// The volume of each slice, as an index among those of the site.
    public let volumes: [Int]

    /// Creates a batch of slices.
    ///
    /// - Precondition: One tag and one volume per slice.
    public init(images: Tensor, partitions: [UInt8], volumes: [Int]) {
        precondition(
            images.shape[0] == partitions.count && volumes.count == partitions.count,
            "\(partitions.count) tags and \(volumes.count) volumes for \(images.shape)")
        (self.images, self.partitions, self.volumes) = (images, partitions, volumes)
    }

    /// The number of slices.
    public var count: Int { partitions.count }

    /// Returns two random views of each slice.
    public func views(_ views: Augmentation, using generator: inout SeededGenerator) -> (Tensor, Tensor) {
        let first = views(images, using: &generator)
        return (first, views(images, using: &generator))
    }
}

/// The meaning of the tag of a slice and of its feature.
public enum SliceTagging: Sendable {
    /// The partition of the volume.
    case partition
    /// The position along the slice axis and the phase of the heart, a `PositionTag`.
    case position
}

/// The volumes of one site, divided into partitions, and batches of their slices.
public struct SliceLibrary: Sendable {
    /// The position of a slice.
    public typealias Slice = PartitionSampler.Slice

    private let volumes: [PreparedVolume]
    private let sampler: PartitionSampler
    private let slices: [Slice]
    private let tagging: SliceTagging
    private let endSystolic: [Bool]

    /// Creates a library of the slices of some volumes.
    ///
    /// - Parameters:
    ///   - volumes: The volumes.
    ///   - partitions: The number of partitions of a volume.
    ///   - tagging: The meaning of the tags of slices.
    ///   - endSystolic: Whether each volume shows end systole; by default, none does.
    public init(
        _ volumes: [PreparedVolume], partitions: Int, tagging: SliceTagging = .partition, endSystolic: [Bool]? = nil
    ) {
        self.volumes = volumes
        self.tagging = tagging
        self.endSystolic = endSystolic ?? volumes.map { _ in false }
        sampler = PartitionSampler(partitions: partitions)
        slices = sampler.slices(of: volumes.map(\.sliceCount))
    }

    /// The number of slices.
    public var count: Int { slices.count }

    /// Returns the pixels of some slices. Shape `[slices.count, size, size, channels]`.
    public func images(_ slices: [Slice]) -> Tensor {
        Tensor(rows: slices.map { volumes[$0.volume].slice($0.index) }, rowShape: volumes[0].sliceShape)
    }

    /// Returns a batch of some slices.
    public func batch(_ slices: [Slice]) -> SliceBatch {
        SliceBatch(images: images(slices), partitions: slices.map(tag), volumes: slices.map(\.volume))
    }

    private func tag(of slice: Slice) -> UInt8 {
        switch tagging {
        case .partition: slice.partition
        case .position:
            PositionTag(
                slice: slice.index, of: volumes[slice.volume].sliceCount, isEndSystole: endSystolic[slice.volume]
            ).byte
        }
    }

    /// Returns the batches of one training epoch: balanced over partitions, or of random slices, with the same number
    /// and sizes of batches in both cases.
    public func epoch(
        _ composition: PretrainingSettings.BatchComposition, volumes count: Int, using generator: inout SeededGenerator
    ) -> [[Slice]] {
        let balanced = sampler.epoch(of: volumes.map(\.sliceCount), volumes: count, using: &generator)
        guard composition == .random else { return balanced }
        var deck: [Slice] = []
        return balanced.map { batch in
            // Start a new deck if too few slices remain, so that no slice occurs twice in a batch.
            if deck.count < batch.count { deck = generator.permutation(of: slices.count).map { slices[$0] } }
            defer { deck.removeFirst(batch.count) }
            return Array(deck.prefix(batch.count))
        }
    }

    /// Returns the number of batches per epoch.
    public func steps(volumes count: Int) -> Int {
        sampler.steps(of: volumes.map(\.sliceCount), volumes: count)
    }

    /// Returns every slice once, volume by volume, in batches of at most `size`.
    public func inOrder(batchSize size: Int) -> [[Slice]] {
        stride(from: 0, to: count, by: size).map { Array(slices[$0..<min($0 + size, count)]) }
    }

    /// Returns every slice once, in random order, in batches of about `size`.
    public func shuffled(batchSize size: Int, using generator: inout SeededGenerator) -> [[Slice]] {
        randomBatches(of: count, size: size, using: &generator).map { $0.map { slices[$0] } }
    }
}

extension PreparedVolume {
    /// The shape of a slice, `[size, size, channels]`.
    var sliceShape: Tensor.Shape { [size, size, channelCount] }
}

/// Returns the numbers `0 ..< count` in random order, in batches of about `size`: a batch of a single slice would
/// have no batch statistics.
func randomBatches(of count: Int, size: Int, using generator: inout SeededGenerator) -> [[Int]] {
    let order = generator.permutation(of: count)
    let batches = batchCount(of: count, size: size)
    return (0..<batches).map { Array(order[$0 * count / batches..<($0 + 1) * count / batches]) }
}

/// Returns the number of batches of ``randomBatches(of:size:using:)``.
func batchCount(of count: Int, size: Int) -> Int { max(1, min((count + size / 2) / size, count / 2)) }
