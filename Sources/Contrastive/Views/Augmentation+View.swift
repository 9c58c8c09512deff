import Tensor

extension Augmentation {
    /// A view of every image of a batch, computed on all threads, with the same bits on any number of them.
    ///
    /// **Shapes** `[batch, height, width, channels]`, unchanged.
    ///
    /// - Precondition: rank 4, and settings without a `problem`.
    public func callAsFunction(_ images: Tensor, using generator: inout SeededGenerator) -> Tensor {
        var none: [UInt8]? = nil
        return view(of: images, labels: &none, using: &generator)
    }

    /// A view of every image of a batch, and the labels of its pixels, which move with the image: each from the nearest
    /// source, 0 (the background) where the view shows what lies outside the image.
    ///
    /// **Shapes** images `[batch, height, width, channels]`, labels one a pixel, row by row; both unchanged.
    ///
    /// - Precondition: rank 4, as many labels as pixels, and settings without a `problem`.
    public func callAsFunction(
        _ images: Tensor, labels: inout [UInt8], using generator: inout SeededGenerator
    ) -> Tensor {
        precondition(
            images.shape.rank == 4 && labels.count * images.shape[3] == images.count,
            "\(labels.count) labels for images of \(images.shape)")
        var moving: [UInt8]? = labels
        labels = []
        let views = view(of: images, labels: &moving, using: &generator)
        labels = moving!
        return views
    }

    private func view(
        of images: Tensor, labels: inout [UInt8]?, using generator: inout SeededGenerator
    ) -> Tensor {
        precondition(images.shape.rank == 4, "views of \(images.shape): [batch, height, width, channels] wanted")
        if let problem { preconditionFailure(problem) }
        let extents = ImageExtents(height: images.shape[1], width: images.shape[2], channels: images.shape[3])
        // Each image has a generator of its own, so that the order of the work does not matter.
        let generators = (0..<images.shape[0]).map { _ in SeededGenerator(seed: generator.next()) }
        let splines = elasticity > 0 ? ElasticField.Splines(extents) : nil
        var views = images
        views.withMutableElements { elements in
            let start = Address(elements.baseAddress!)
            withMutable(&labels) { labels in
                let labels = labels.map { Address($0) }
                Parallel.forEach(generators.count) { index in
                    var generator = generators[index]
                    let image = start.pointer + index * extents.count
                    let warp = Warp(self, extents, splines, using: &generator)
                    let tone = Tone(self, using: &generator)
                    warp.apply(to: image)
                    if let labels { warp.apply(to: labels.pointer + index * extents.height * extents.width) }
                    tone.apply(to: image, extents, using: &generator)
                }
            }
        }
        return views
    }

    private func withMutable(_ labels: inout [UInt8]?, _ body: (UnsafeMutablePointer<UInt8>?) -> Void) {
        guard labels != nil else { return body(nil) }
        labels!.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    }

    /// Lets threads write to different images of one batch.
    private struct Address<Element>: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<Element>
        init(_ pointer: UnsafeMutablePointer<Element>) { self.pointer = pointer }
    }
}

/// The extents of one image.
struct ImageExtents: Hashable, Sendable {
    let height: Int, width: Int, channels: Int
    var count: Int { height * width * channels }
}
