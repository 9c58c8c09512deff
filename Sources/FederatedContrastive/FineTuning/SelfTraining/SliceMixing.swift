import Tensor

/// The exchange of a box of pixels, and of their labels, between two images of a batch.
struct SliceMixing: Sendable {
    /// The first row and column of the box, and its side.
    let row: Int, column: Int, side: Int

    /// Creates a box at a random place in images of `size × size` pixels.
    init(size: Int, using generator: inout SeededGenerator) {
        side = Int(SelfTraining.boxSide * Double(size))
        row = generator.integer(below: size - side + 1)
        column = generator.integer(below: size - side + 1)
    }

    /// Exchanges the box between images `a` and `b` of a batch `[n, size, size, channels]` with one label per pixel.
    func exchange(_ a: Int, _ b: Int, in images: inout Tensor, labels: inout [UInt8]) {
        let (size, channels) = (images.shape[1], images.shape[3])
        images.withMutableSpan { pixels in
            for row in row..<row + side {
                let (first, second) = ((a * size + row) * size + column, (b * size + row) * size + column)
                for offset in 0..<side * channels {
                    let pixel = pixels[first * channels + offset]
                    pixels[first * channels + offset] = pixels[second * channels + offset]
                    pixels[second * channels + offset] = pixel
                }
                for offset in 0..<side { labels.swapAt(first + offset, second + offset) }
            }
        }
    }
}
