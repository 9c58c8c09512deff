import CKernels

/// Returns the convolution of images with a bank of filters (cross-correlation, as is usual in deep learning).
///
/// The result is
/// `y[n, i, j, o] = b[o] + Σ_{u, v, c} x[n, i · stride + u − padding, j · stride + v − padding, c] · w[u, v, c, o]`.
///
/// **Shapes** `x [batch, height, width, in]`, `filter [kH, kW, in, out]`, `bias [out]` →
/// `[batch, (height + 2 · padding − kH) / stride + 1, (width + 2 · padding − kW) / stride + 1, out]`.
///
/// - Precondition: Matching channels, and a kernel no larger than the padded image.
/// - Complexity: `rows · kH · kW · in · out` multiplications, computed as matrix products.
public func convolution(
    _ x: Variable, filter: Variable, bias: Variable? = nil, stride: Int = 1, padding: Int = 0
) -> Variable {
    let geometry = ConvolutionGeometry(input: x.shape, filter: filter.shape, stride: stride, padding: padding)
    let lowering = geometry.lowering
    let (parts, weights) = (x.parts, filter.value)
    var y = images(of: geometry.outputShape, bias)
    lowering.forward(
        geometry, input: ImageReader(parts, height: geometry.height, width: geometry.width), filter: weights.pointer,
        beta: bias == nil ? 0 : 1, output: y.mutablePointer())
    let operands = parts.map { $0.id! } + [filter.id] + (bias.map { [$0.id] } ?? [])
    return x.tape.record(y, operands: operands) { [filter = filter.id, bias = bias?.id] upstream, adjoints in
        if let bias { adjoints.add(sumOfRows: upstream, to: bias) }
        adjoints.accumulate(into: filter, shape: geometry.filterShape) { memory, beta in
            let input = ImageReader(parts, height: geometry.height, width: geometry.width)
            lowering.filterGradient(
                geometry, input: input, upstream: upstream.pointer, beta: beta, gradient: memory)
        }
        var channel = 0
        for part in parts {
            let channels = channel..<channel + part.tensor.shape.last
            channel = channels.upperBound
            adjoints.accumulate(into: part.id!, shape: part.tensor.shape) { memory, beta in
                geometry.withFilter(weights, ofInputs: channels) { geometry, filter in
                    geometry.lowering.inputGradient(
                        geometry, upstream: upstream.pointer, filter: filter, beta: beta, gradient: memory)
                }
            }
        }
    }
}

/// Returns the transposed convolution without padding, the adjoint of `convolution`.
///
/// Every input pixel contributes to `kH × kW` output pixels,
/// `y[n, i · stride + u, j · stride + v, o] += x[n, i, j, c] · w[u, v, o, c]`.
///
/// **Shapes** `x [batch, height, width, in]`, `filter [kH, kW, out, in]`, `bias [out]` →
/// `[batch, (height − 1) · stride + kH, (width − 1) · stride + kW, out]`; kernel and stride 2 double the image size.
///
/// - Precondition: `x` and `filter` have the same number of input channels.
public func transposedConvolution(
    _ x: Variable, filter: Variable, bias: Variable? = nil, stride: Int = 2
) -> Variable {
    precondition(
        x.shape.rank == 4 && filter.shape.rank == 4 && x.shape[3] == filter.shape[3],
        "a transposed convolution of \(x.shape) with \(filter.shape): [batch, height, width, in] and "
            + "[kH, kW, out, in] wanted")
    let outputShape: Tensor.Shape = [
        x.shape[0], (x.shape[1] - 1) * stride + filter.shape[0], (x.shape[2] - 1) * stride + filter.shape[1],
        filter.shape[2],
    ]
    // The geometry of the convolution from the large image to the small one.
    let geometry = ConvolutionGeometry(input: outputShape, filter: filter.shape, stride: stride, padding: 0)
    let lowering = geometry.lowering
    let (input, weights) = (x.value, filter.value)
    var y = images(of: outputShape, bias)
    lowering.inputGradient(
        geometry, upstream: input.pointer, filter: weights.pointer, beta: bias == nil ? 0 : 1,
        gradient: y.mutablePointer())
    let operands = [x.id, filter.id] + (bias.map { [$0.id] } ?? [])
    return x.tape.record(y, operands: operands) {
        [x = x.id, filter = filter.id, bias = bias?.id] upstream, adjoints in
        if let bias { adjoints.add(sumOfRows: upstream, to: bias) }
        adjoints.accumulate(into: filter, shape: geometry.filterShape) { memory, beta in
            lowering.filterGradient(
                geometry, input: geometry.images(upstream.pointer), upstream: input.pointer, beta: beta,
                gradient: memory)
        }
        adjoints.accumulate(into: x, shape: geometry.outputShape) { memory, beta in
            lowering.forward(
                geometry, input: geometry.images(upstream.pointer), filter: weights.pointer, beta: beta,
                output: memory)
        }
    }
}

/// Returns images whose pixels are the bias, to which a convolution is added; without a bias, they are uninitialized.
private func images(of shape: Tensor.Shape, _ bias: Variable?) -> Tensor {
    var images = Tensor(uninitialized: shape)
    guard let bias else { return images }
    let channels = shape.last
    precondition(bias.shape == [channels], "a bias of shape \(bias.shape) for \(shape)")
    let (target, row) = (images.mutablePointer(), bias.value.pointer)
    Parallel.forEachRange(of: shape.leadingCount, length: max(1, Tensor.grain / channels)) { range in
        for pixel in range { (target + pixel * channels).update(from: row, count: channels) }
    }
    return images
}
