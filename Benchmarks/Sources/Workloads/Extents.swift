import Tensor

/// The sizes that determine the computational cost of a network.
package struct Extents: Hashable, Sendable {
    /// The number of channels of the network's first level, f.
    package var width: Int
    /// The number of rows and columns of an image.
    package var size: Int
    /// The number of images in a batch.
    package var batch: Int

    /// Creates sizes for a U-Net of depth 4.
    ///
    /// - Precondition: All are positive, and the size is a multiple of 16.
    package init(width: Int, size: Int, batch: Int) {
        precondition(
            width > 0 && batch > 0 && size > 0 && size.isMultiple(of: 16),
            "width \(width), size \(size), batch \(batch)")
        (self.width, self.size, self.batch) = (width, size, batch)
    }

    /// Returns random images of shape `[batch, size, size, 1]` with intensities from 0 to 1.
    func images(seed: UInt64) -> Tensor {
        var generator = SeededGenerator(seed: seed)
        return Tensor(
            (0..<batch * size * size).map { _ in generator.uniform(in: 0...1) }, shape: [batch, size, size, 1])
    }
}
