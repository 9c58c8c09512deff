import Tensor

extension Augmentation {
    /// A view of every image of a batch, computed on all threads, with the same bits on any number of them.
    ///
    /// **Shapes** `[batch, height, width, channels]`, unchanged.
    ///
    /// - Precondition: rank 4, and settings without a `problem`.
    public func callAsFunction(_ images: Tensor, using generator: inout SeededGenerator) -> Tensor {
        precondition(images.shape.rank == 4, "views of \(images.shape): [batch, height, width, channels] wanted")
        if let problem { preconditionFailure(problem) }
        let extents = ImageExtents(height: images.shape[1], width: images.shape[2], channels: images.shape[3])
        // Each image has a generator of its own, so that the order of the work does not matter.
        let generators = (0..<images.shape[0]).map { _ in SeededGenerator(seed: generator.next()) }
        let splines = elasticity > 0 ? ElasticField.Splines(extents) : nil
        var views = images
        views.withMutableElements { elements in
            let start = Address(elements.baseAddress!)
            Parallel.forEach(generators.count) { index in
                var generator = generators[index]
                let image = start.pointer + index * extents.count
                let warp = Warp(self, extents, splines, using: &generator)
                let tone = Tone(self, using: &generator)
                warp.apply(to: image)
                tone.apply(to: image, extents, using: &generator)
            }
        }
        return views
    }

    /// Lets threads write to different images of one batch.
    private struct Address: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<Float>
        init(_ pointer: UnsafeMutablePointer<Float>) { self.pointer = pointer }
    }
}

/// The extents of one image.
struct ImageExtents: Hashable, Sendable {
    let height: Int, width: Int, channels: Int
    var count: Int { height * width * channels }
}
