import Tensor
import Volumes

/// The slices of one site's annotated patients, and the batches made of them.
package struct LabelledSlices: Sendable {
    private let volumes: [PreparedVolume]
    private let slices: [(volume: Int, slice: Int)]

    /// - Precondition: every case has labels, and there is at least one slice.
    package init(_ cases: [LabelledCase]) {
        volumes = cases.map(\.volume)
        slices = volumes.enumerated().flatMap { index, volume in (0..<volume.sliceCount).map { (index, $0) } }
        precondition(!slices.isEmpty && volumes.allSatisfy { $0.labels != nil }, "slices without labels")
    }

    /// The number of slices.
    package var count: Int { slices.count }

    /// The number of batches of about `size` slices in an epoch.
    func steps(batchSize size: Int) -> Int { max(1, (count + size / 2) / size) }

    /// Every slice once, in random order, in batches of `size` or a little more or less: a batch of a single slice would
    /// have no batch statistics.
    func epoch(batchSize size: Int, using generator: inout SeededGenerator) -> [[Int]] {
        let order = generator.permutation(of: count)
        let batches = steps(batchSize: size)
        return (0..<batches).map { Array(order[$0 * count / batches..<($0 + 1) * count / batches]) }
    }

    /// The pixels and labels of some slices: `[indices.count, size, size, 1]`, and one label a pixel.
    func batch(_ indices: [Int]) -> (images: Tensor, labels: [UInt8]) {
        let size = volumes[0].size
        var images = Tensor(zeros: [indices.count, size, size, 1])
        var labels: [UInt8] = []
        labels.reserveCapacity(images.count)
        images.withMutableElements { target in
            for (position, index) in indices.enumerated() {
                let (volume, slice) = (volumes[slices[index].volume], slices[index].slice)
                let place = UnsafeMutableBufferPointer(rebasing: target[(position * size * size)...])
                _ = place.update(from: volume.slice(slice))
                labels += volume.labels![slice * size * size..<(slice + 1) * size * size]
            }
        }
        return (images, labels)
    }
}
