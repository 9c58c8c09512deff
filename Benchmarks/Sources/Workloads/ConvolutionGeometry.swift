import Tensor

/// One convolution of a U-Net on square images.
package struct ConvolutionGeometry: Hashable, Sendable {
    /// The window and stride of a convolution.
    package enum Kind: Hashable, Sendable {
        /// 3×3, stride 1, padding 1.
        case regular
        /// 1×1, stride 1.
        case pointwise
        /// Transposed, 2×2, stride 2: doubles the size of the image.
        case transposed
    }

    /// The window and stride.
    package var kind: Kind
    /// The number of images in a batch.
    package var batch: Int
    /// The number of rows and columns of the input.
    package var size: Int
    /// The number of channels of the input.
    package var inputChannels: Int
    /// The number of channels of the output.
    package var outputChannels: Int

    /// The shape of the input, `[batch, size, size, inputChannels]`.
    package var input: Tensor.Shape { [batch, size, size, inputChannels] }
    /// The shape of the filter, `[height, width, inputChannels, outputChannels]`.
    ///
    /// A transposed convolution is the adjoint of a regular one, so its two channel dimensions are swapped.
    package var filter: Tensor.Shape {
        kind == .transposed
            ? [window, window, outputChannels, inputChannels] : [window, window, inputChannels, outputChannels]
    }
    /// The shape of the output.
    package var output: Tensor.Shape {
        let size = kind == .transposed ? 2 * size : size
        return [batch, size, size, outputChannels]
    }

    /// The number of operations by definition; each of the two gradients takes as many as the forward pass.
    package var operations: Int { 2 * window * window * inputChannels * outputChannels * batch * size * size }

    private var window: Int {
        switch kind {
        case .regular: 3
        case .pointwise: 1
        case .transposed: 2
        }
    }

    /// The batch, size, and channels as a short text.
    package var description: String {
        let extents = "\(batch)×\(size)² \(inputChannels)→\(outputChannels)"
        return switch kind {
        case .regular: extents
        case .pointwise: extents + ", 1×1"
        case .transposed: extents + ", transposed"
        }
    }
}

extension ConvolutionGeometry {
    /// Returns the convolutions of an encoder of depth 4, from the image to the bottleneck.
    package static func encoder(_ extents: Extents) -> [ConvolutionGeometry] {
        (0...4).flatMap { level in
            double(level, extents, from: level == 0 ? 1 : extents.width << (level - 1))
        }
    }

    /// Returns the convolutions of a decoder of depth 4, from the bottleneck to the class scores.
    package static func decoder(_ extents: Extents, classes: Int = 4) -> [ConvolutionGeometry] {
        let steps = (0..<4).reversed().flatMap { level in
            let channels = extents.width << level
            let up = ConvolutionGeometry(
                kind: .transposed, batch: extents.batch, size: extents.size >> (level + 1),
                inputChannels: 2 * channels, outputChannels: channels)
            return [up] + double(level, extents, from: 2 * channels)
        }
        return steps + [
            ConvolutionGeometry(
                kind: .pointwise, batch: extents.batch, size: extents.size, inputChannels: extents.width,
                outputChannels: classes)
        ]
    }

    private static func double(_ level: Int, _ extents: Extents, from channels: Int) -> [ConvolutionGeometry] {
        [channels, extents.width << level].map {
            ConvolutionGeometry(
                kind: .regular, batch: extents.batch, size: extents.size >> level, inputChannels: $0,
                outputChannels: extents.width << level)
        }
    }
}

extension [ConvolutionGeometry] {
    /// The number of operations in a forward pass.
    package var forwardOperations: Int { reduce(0) { $0 + $1.operations } }

    /// The number of operations in a forward pass and both gradients, minus the gradient with respect to the image,
    /// which is never needed.
    package var trainingOperations: Int { 3 * forwardOperations - (first?.operations ?? 0) }
}
