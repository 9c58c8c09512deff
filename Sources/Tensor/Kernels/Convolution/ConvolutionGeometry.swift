import CKernels

/// The shapes of one convolution: `input [batch, height, width, inputChannels]`,
/// `filter [kernelHeight, kernelWidth, inputChannels, outputChannels]`,
/// `output [batch, outputHeight, outputWidth, outputChannels]`.
struct ConvolutionGeometry: Hashable, Sendable {
    var batch: Int, height: Int, width: Int, inputChannels: Int
    var kernelHeight: Int, kernelWidth: Int, outputChannels: Int
    var stride: Int
    var paddingTop: Int, paddingLeft: Int
    var outputHeight: Int, outputWidth: Int

    /// Creates the geometry of a convolution of an input with a filter, zero-padded on all four sides.
    ///
    /// - Precondition: Rank 4 for both, equal input channels, a positive stride, and a kernel no larger than the
    ///   padded input.
    init(input: Tensor.Shape, filter: Tensor.Shape, stride: Int, padding: Int) {
        precondition(
            input.rank == 4 && filter.rank == 4 && input[3] == filter[2],
            "a convolution of \(input) with a filter \(filter): [batch, height, width, in] and [kH, kW, in, out] wanted"
        )
        precondition(stride > 0 && padding >= 0, "a convolution with stride \(stride) and padding \(padding)")
        (batch, height, width, inputChannels) = (input[0], input[1], input[2], input[3])
        (kernelHeight, kernelWidth, outputChannels) = (filter[0], filter[1], filter[3])
        self.stride = stride
        (paddingTop, paddingLeft) = (padding, padding)
        precondition(
            height + 2 * padding >= kernelHeight && width + 2 * padding >= kernelWidth,
            "a kernel of \(kernelHeight) × \(kernelWidth) is larger than \(height) × \(width) padded by \(padding)")
        outputHeight = (height + 2 * padding - kernelHeight) / stride + 1
        outputWidth = (width + 2 * padding - kernelWidth) / stride + 1
    }

    var inputShape: Tensor.Shape { [batch, height, width, inputChannels] }
    var filterShape: Tensor.Shape { [kernelHeight, kernelWidth, inputChannels, outputChannels] }
    var outputShape: Tensor.Shape { [batch, outputHeight, outputWidth, outputChannels] }

    /// The number of output pixels in one image, and in the whole batch.
    var pixels: Int { outputHeight * outputWidth }
    var rows: Int { batch * pixels }
    /// The number of elements under one window.
    var columns: Int { kernelHeight * kernelWidth * inputChannels }

    /// Whether no two windows share an element.
    var windowsAreDisjoint: Bool { stride >= kernelHeight && stride >= kernelWidth }

    /// The convolution of the upstream gradient with the rotated filter, which computes the input gradient; `nil` if
    /// the stride or wide padding rules it out.
    var rotated: ConvolutionGeometry? {
        guard stride == 1, paddingTop < kernelHeight, paddingLeft < kernelWidth else { return nil }
        var g = self
        (g.height, g.width, g.inputChannels) = (outputHeight, outputWidth, outputChannels)
        (g.outputHeight, g.outputWidth, g.outputChannels) = (height, width, inputChannels)
        (g.paddingTop, g.paddingLeft) = (kernelHeight - 1 - paddingTop, kernelWidth - 1 - paddingLeft)
        return g
    }

    /// Returns a reader of input images as stored in memory.
    func images(_ pixels: UnsafePointer<Float>) -> ImageReader {
        ImageReader(pixels, height: height, width: width, channels: inputChannels)
    }

    /// Calls `body` with the rotated geometry and its filter: turned[u][v][out][in] = filter[kH − 1 − u][kW − 1 −
    /// v][in][out].
    ///
    /// - Precondition: `rotated` is not `nil`.
    func withRotatedFilter(
        _ filter: UnsafePointer<Float>, _ body: (ConvolutionGeometry, UnsafePointer<Float>) -> Void
    ) {
        let turned = Buffer(count: filterShape.count)
        let positions = kernelHeight * kernelWidth, size = inputChannels * outputChannels
        Parallel.forEachRange(of: positions, length: max(1, Tensor.grain / size)) { range in
            for position in range {
                ck_transpose(
                    inputChannels, outputChannels, filter + (positions - 1 - position) * size,
                    turned.base + position * size)
            }
        }
        body(rotated!, turned.base)
        withExtendedLifetime(turned) {}
    }

    /// Calls `body` with the convolution over a range of the input channels, and the corresponding part of the
    /// filter.
    func withFilter(
        _ filter: Tensor, ofInputs channels: Range<Int>, _ body: (ConvolutionGeometry, UnsafePointer<Float>) -> Void
    ) {
        if channels.count == inputChannels { return body(self, filter.pointer) }
        var part = self
        part.inputChannels = channels.count
        let size = channels.count * outputChannels
        let weights = Buffer(count: kernelHeight * kernelWidth * size)
        for position in 0..<kernelHeight * kernelWidth {
            let source = filter.pointer + (position * inputChannels + channels.lowerBound) * outputChannels
            (weights.base + position * size).update(from: source, count: size)
        }
        body(part, weights.base)
        withExtendedLifetime(weights) {}
    }

    var windows: ck_windows {
        ck_windows(
            height: Int32(height), width: Int32(width), channels: Int32(inputChannels),
            output_height: Int32(outputHeight), output_width: Int32(outputWidth),
            kernel_height: Int32(kernelHeight), kernel_width: Int32(kernelWidth),
            stride_height: Int32(stride), stride_width: Int32(stride),
            padding_top: Int32(paddingTop), padding_left: Int32(paddingLeft))
    }
}
