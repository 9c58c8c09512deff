import Tensor

/// What the cost of a network's work depends on.
package struct Extents: Hashable, Sendable {
    /// Channels of the network's first level, f.
    package var width: Int
    /// Rows and columns of an image.
    package var size: Int
    /// Images of a batch.
    package var batch: Int

    /// Extents of a U-Net of depth 4.
    ///
    /// - Precondition: all are positive, and the size is a multiple of 16.
    package init(width: Int, size: Int, batch: Int) {
        precondition(
            width > 0 && batch > 0 && size > 0 && size.isMultiple(of: 16),
            "width \(width), size \(size), batch \(batch)")
        (self.width, self.size, self.batch) = (width, size, batch)
    }

    /// Random images with intensities from 0 to 1. Shape `[batch, size, size, 1]`.
    func images(seed: UInt64) -> Tensor {
        var generator = SeededGenerator(seed: seed)
        return Tensor(
            (0..<batch * size * size).map { _ in generator.uniform(in: 0...1) }, shape: [batch, size, size, 1])
    }
}
