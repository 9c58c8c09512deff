import Tensor

extension PartitionSampler {
    /// The number of batches of an epoch: as many as it takes to draw about as many slices as there are, and to visit
    /// every volume.
    ///
    /// That is `slices / (volumes · S)`, rounded: 25 for 200 slices in batches of 2 volumes and 4 partitions.
    ///
    /// - Precondition: as for `epoch`.
    public func steps(of sliceCounts: [Int], volumes: Int) -> Int {
        precondition(
            !sliceCounts.isEmpty && sliceCounts.allSatisfy { $0 > 0 } && volumes > 0,
            "an epoch of batches of \(volumes) volumes with \(sliceCounts) slices")
        let width = min(volumes, sliceCounts.count)
        let batch = width * partitions
        return max((sliceCounts.count + width - 1) / width, (sliceCounts.reduce(0, +) + batch / 2) / batch)
    }

    /// The batches of one epoch: `volumes` different volumes each, and of each volume one random slice of every
    /// partition that is not empty, in the order of the partitions.
    ///
    /// The reconstruction in full. A volume is visited in proportion to its number of slices, at least once, and its
    /// visits are spread over the epoch. Slices of a partition come in random order, all of them before one comes again,
    /// so that a slice is drawn as likely as in independent draws but an epoch shows nearly all of them. Where there are
    /// fewer volumes than a batch wants, a batch has all of them once.
    ///
    /// - Parameters:
    ///   - sliceCounts: The number of slices of each volume.
    ///   - volumes: How many volumes a batch takes.
    ///   - generator: The randomness.
    /// - Precondition: there is a volume, none is empty, and `volumes > 0`.
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

    /// `count` visits in the order in which they are made; the k-th of v visits to a volume falls at a random moment of
    /// the k-th v-th of the epoch.
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

    /// The next `width` different volumes that wait; any others where those that wait are too few.
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
