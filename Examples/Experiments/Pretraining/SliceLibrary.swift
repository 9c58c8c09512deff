import Contrastive
import Tensor
import Volumes

/// The volumes of one site, cut into partitions, and the batches made of their slices.
package struct SliceLibrary: Sendable {
    package typealias Slice = PartitionSampler.Slice

    private let volumes: [PreparedVolume]
    private let sampler: PartitionSampler
    private let slices: [Slice]

    package init(_ volumes: [PreparedVolume], partitions: Int) {
        self.volumes = volumes
        sampler = PartitionSampler(partitions: partitions)
        slices = sampler.slices(of: volumes.map(\.sliceCount))
    }

    /// The number of slices.
    package var count: Int { slices.count }

    /// The pixels of some slices. Shape `[slices.count, size, size, 1]`.
    func images(_ slices: [Slice]) -> Tensor {
        let size = volumes[0].size
        var images = Tensor(zeros: [slices.count, size, size, 1])
        images.withMutableElements { target in
            for (position, slice) in slices.enumerated() {
                let place = UnsafeMutableBufferPointer(rebasing: target[(position * size * size)...])
                _ = place.update(from: volumes[slice.volume].slice(slice.index))
            }
        }
        return images
    }

    /// A batch of some slices.
    func batch(_ slices: [Slice]) -> SliceBatch {
        SliceBatch(images: images(slices), partitions: slices.map(\.partition))
    }

    /// Batches of one epoch of training, as many in either composition: balanced over partitions, or of as many slices
    /// whatever their partition.
    func epoch(
        _ composition: PretrainingSettings.BatchComposition, volumes count: Int, using generator: inout SeededGenerator
    ) -> [[Slice]] {
        let balanced = sampler.epoch(of: volumes.map(\.sliceCount), volumes: count, using: &generator)
        guard composition == .random else { return balanced }
        var deck: [Slice] = []
        return balanced.map { batch in
            // A new deck is begun where the old one has too few, so that no slice is twice in a batch.
            if deck.count < batch.count { deck = generator.permutation(of: slices.count).map { slices[$0] } }
            defer { deck.removeFirst(batch.count) }
            return Array(deck.prefix(batch.count))
        }
    }

    /// The number of batches of an epoch.
    package func steps(volumes count: Int) -> Int {
        sampler.steps(of: volumes.map(\.sliceCount), volumes: count)
    }

    /// Every slice once, volume by volume, in batches of at most `size`.
    func inOrder(batchSize size: Int) -> [[Slice]] {
        stride(from: 0, to: count, by: size).map { Array(slices[$0..<min($0 + size, count)]) }
    }

    /// Every slice once, in random order, in batches of `size` or a little more or less.
    func shuffled(batchSize size: Int, using generator: inout SeededGenerator) -> [[Slice]] {
        let order = generator.permutation(of: count).map { slices[$0] }
        // A batch of a single slice would have no batch statistics.
        let batches = max(1, (count + size / 2) / size)
        return (0..<batches).map { Array(order[$0 * count / batches..<($0 + 1) * count / batches]) }
    }
}
