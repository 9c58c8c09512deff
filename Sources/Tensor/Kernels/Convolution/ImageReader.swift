import CKernels

/// A reader of the images of a convolution: the channels of one tensor or of several side by side, either as stored
/// or with scale, shift, and ReLU applied as they are read.
///
/// With it, neither the concatenated nor the normalized tensor has to exist.
struct ImageReader {
    /// Some of the channels, `[batch, height, width, channels]`.
    struct Part {
        var pixels: UnsafePointer<Float>
        var channels: Int
        /// The scale and shift per channel; `nil` to read the stored values.
        var scale: UnsafePointer<Float>?
        var shift: UnsafePointer<Float>?
        /// The number of floats between the scales of one image and those of the next.
        var scaleStride = 0
        var slope: Float = 1
    }

    let height: Int, width: Int
    let parts: [Part]

    var channels: Int { parts.reduce(0) { $0 + $1.channels } }

    /// Creates a reader of images as stored, `[batch, height, width, channels]`.
    init(_ pixels: UnsafePointer<Float>, height: Int, width: Int, channels: Int) {
        self.init(height: height, width: width, parts: [Part(pixels: pixels, channels: channels)])
    }

    init(height: Int, width: Int, parts: [Part]) {
        (self.height, self.width, self.parts) = (height, width, parts)
    }

    /// Creates a reader of the parts of a variable's value, which must stay alive.
    init(_ parts: [DeferredImages.Part], height: Int, width: Int) {
        self.init(
            height: height, width: width,
            parts: parts.map { part in
                let activation = part.activation
                return Part(
                    pixels: part.tensor.pointer, channels: part.tensor.shape.last, scale: activation?.scale.pointer,
                    shift: activation?.shift.pointer,
                    scaleStride: activation?.scale.shape.rank == 2 ? part.tensor.shape.last : 0,
                    slope: activation?.slope ?? 1)
            })
    }

    /// The underlying memory, if it holds exactly the values to read.
    var memory: UnsafePointer<Float>? {
        parts.count == 1 && parts[0].scale == nil ? parts[0].pixels : nil
    }

    /// Loads the pixels `rows × columns` of an image into `band [rows, columns, stride]`.
    ///
    /// Pixels outside the image are zeros, as are the channels of the band from `channels` on.
    func load(
        image: Int, rows: Range<Int>, columns: Range<Int>, stride: Int, into band: UnsafeMutablePointer<Float>
    ) {
        var rectangle = ck_band(
            height: height, width: width, top: rows.lowerBound, left: columns.lowerBound, rows: rows.count,
            columns: columns.count, stride: stride)
        var channel = 0
        for part in parts {
            let isLast = channel + part.channels == channels
            var source = ck_part(
                pixels: part.pixels + image * height * width * part.channels,
                scale: part.scale.map { $0 + image * part.scaleStride },
                shift: part.shift.map { $0 + image * part.scaleStride }, slope: part.slope, channels: part.channels,
                width: isLast ? stride - channel : part.channels)
            ck_load_band(&source, &rectangle, band + channel)
            channel += part.channels
        }
    }

    /// Calls `body` with the images in memory, `[batch, height, width, channels]`, writing them out first if
    /// necessary.
    func withMemory(batch: Int, _ body: (UnsafePointer<Float>) -> Void) {
        if let memory { return body(memory) }
        let image = height * width * channels
        let buffer = Buffer(count: batch * image)
        Parallel.forEach(batch) { index in
            load(
                image: index, rows: 0..<height, columns: 0..<width, stride: channels, into: buffer.base + index * image)
        }
        body(buffer.base)
        withExtendedLifetime(buffer) {}
    }
}
