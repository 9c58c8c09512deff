import Contrastive
import Tensor

/// The slices of one step.
package struct SliceBatch: Sendable {
    /// Their pixels, without augmentation. Shape `[count, size, size, 1]`.
    let images: Tensor
    /// The partition of each.
    let partitions: [UInt8]

    var count: Int { partitions.count }

    /// Two random views of each slice.
    func views(_ views: Augmentation, using generator: inout SeededGenerator) -> (Tensor, Tensor) {
        let first = views(images, using: &generator)
        return (first, views(images, using: &generator))
    }
}
