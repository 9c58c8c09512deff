import CKernels

/// Applies batch normalization and the ReLU that follows it in one pass.
///
/// The result is `y = act((x − μ) / √(σ² + ε) · γ + β)` with mean and variance over batch, height, and width. It is
/// computed as it is read, with one scale and shift per channel, so that a convolution or pooling that follows needs
/// no normalized copy.
///
/// On a tape that normalizes with batch statistics, the running averages move toward those of the batch,
/// `running ← (1 − momentum) · running + momentum · batch`, with the unbiased variance, as in PyTorch. Otherwise, the
/// running averages replace the statistics of the batch. The `slope` of the ReLU below zero is 1 for no ReLU, 0 for
/// ReLU, and in between for leaky ReLU.
///
/// **Shapes** `x [..., channels]`, all others `[channels]`.
///
/// - Precondition: Matching channels; more than one row if normalizing with batch statistics.
///
/// Ioffe and Szegedy, ICML 2015.
public func batchNorm(
    _ x: Variable, scale: Variable, shift: Variable, runningMean: ParameterSlot, runningVariance: ParameterSlot,
    epsilon: Float = 1e-5, momentum: Float = 0.1, slope: Float = 1
) -> Variable {
    let channels = x.shape.last, rows = x.shape.leadingCount
    precondition(
        scale.shape == [channels] && shift.shape == [channels],
        "batch norm of \(x.shape) with scale \(scale.shape) and shift \(shift.shape)")
    guard x.tape.normalization == .batchStatistics else {
        let moments = Moments(
            mean: x.tape.parameters[runningMean].elements, variance: x.tape.parameters[runningVariance].elements)
        return normalize(
            x, scale: scale, shift: shift, groups: Groups(samples: 1, rows: rows, channels: channels, groups: channels),
            moments: moments, momentsDependOnInput: false, epsilon: epsilon, slope: slope)
    }
    precondition(rows > 1, "batch norm by batch statistics of a single row, \(x.shape)")
    let groups = Groups(samples: 1, rows: rows, channels: channels, groups: channels)
    let moments = groups.moments(of: x.value)
    var (mean, variance) = (x.tape.statistic(runningMean), x.tape.statistic(runningVariance))
    mean.interpolate(toward: Tensor(moments.mean), by: momentum)
    let unbiased = Float(rows) / Float(rows - 1)
    variance.interpolate(toward: Tensor(moments.variance.map { $0 * unbiased }), by: momentum)
    x.tape.update(runningMean, to: mean)
    x.tape.update(runningVariance, to: variance)
    return normalize(
        x, scale: scale, shift: shift, groups: groups, moments: moments, momentsDependOnInput: true,
        epsilon: epsilon, slope: slope)
}

/// Applies group normalization and the ReLU that follows it.
///
/// The mean and variance are computed over the pixels and channels of a group, separately for each sample. As many
/// groups as channels amount to instance normalization.
///
/// **Shapes** `x [batch, height, width, channels]`, `scale` and `shift` `[channels]`.
///
/// - Precondition: `groups` divides the number of channels.
///
/// Wu and He, ECCV 2018; Ulyanov et al., arXiv 1607.08022.
public func groupNorm(
    _ x: Variable, scale: Variable, shift: Variable, groups: Int, epsilon: Float = 1e-5, slope: Float = 1
) -> Variable {
    let channels = x.shape.last, samples = x.shape[0]
    precondition(
        groups > 0 && channels % groups == 0, "\(channels) channels cannot be split into \(groups) equal groups")
    precondition(
        scale.shape == [channels] && shift.shape == [channels],
        "group norm of \(x.shape) with scale \(scale.shape) and shift \(shift.shape)")
    let split = Groups(
        samples: samples, rows: x.shape.leadingCount / max(1, samples), channels: channels, groups: groups)
    return normalize(
        x, scale: scale, shift: shift, groups: split, moments: split.moments(of: x.value), momentsDependOnInput: true,
        epsilon: epsilon, slope: slope)
}

/// Applies layer normalization over the last axis.
///
/// The result is `y = (x − μ) / √(σ² + ε) · γ + β` with the mean and variance of each row.
///
/// **Shapes** `x [..., channels]`, `scale` and `shift` `[channels]`.
///
/// - Precondition: Matching channels.
///
/// Ba, Kiros, and Hinton, arXiv 1607.06450.
public func layerNorm(_ x: Variable, scale: Variable, shift: Variable, epsilon: Float = 1e-5) -> Variable {
    let rows = reshape(x, to: [x.shape.leadingCount, x.shape.last])
    return reshape(groupNorm(rows, scale: scale, shift: shift, groups: 1, epsilon: epsilon), to: x.shape)
}

/// Normalizes each group by its moments, then applies scale, shift, and ReLU.
///
/// With x̂ = (x − μ) · r and g = dy · act′: dγ = Σ g x̂, dβ = Σ g, and, if the moments depend on the input, dx = γ r
/// g − r (Σ_group γ g + x̂ Σ_group γ g x̂) / count.
private func normalize(
    _ x: Variable, scale: Variable, shift: Variable, groups: Groups, moments: Moments, momentsDependOnInput: Bool,
    epsilon: Float, slope: Float
) -> Variable {
    let (samples, channels) = (groups.samples, groups.channels)
    let input = x.value
    let (gamma, beta) = (scale.value.elements, shift.value.elements)
    let inverse = moments.variance.map { 1 / ($0 + epsilon).squareRoot() }
    let mean = moments.mean
    let shape: Tensor.Shape = samples == 1 ? [channels] : [samples, channels]
    var (factors, offsets, means) = (Tensor(zeros: shape), Tensor(zeros: shape), Tensor(zeros: shape))
    let (factor, offset, center) = (factors.mutablePointer(), offsets.mutablePointer(), means.mutablePointer())
    for i in 0..<samples * channels {
        let c = i % channels, group = groups.group(of: i)
        factor[i] = gamma[c] * inverse[group]
        offset[i] = beta[c] - mean[group] * factor[i]
        center[i] = mean[group]
    }
    let activation = DeferredImages.Activation(scale: factors, shift: offsets, slope: slope)
    let part = DeferredImages.Part(tensor: input, activation: activation)

    return x.tape.record(deferred: [part], operands: x.id, scale.id, shift.id) {
        [x = x.id, scale = scale.id, shift = shift.id, means] upstream, adjoints in
        let sums = groups.gradientSums(x: input, activation, means: means, upstream: upstream)
        var (byScale, byShift) = (Tensor(zeros: [channels]), Tensor(zeros: [channels]))
        // Σ of γ g and of γ g x̂ over each group.
        var totals = [Float](repeating: 0, count: mean.count)
        var products = totals
        let (scaleGradient, shiftGradient) = (byScale.mutablePointer(), byShift.mutablePointer())
        for i in 0..<samples * channels {
            let c = i % channels, group = groups.group(of: i)
            let product = sums.product[i] * inverse[group]
            scaleGradient[c] += product
            shiftGradient[c] += sums.total[i]
            totals[group] += gamma[c] * sums.total[i]
            products[group] += gamma[c] * product
        }
        adjoints.add(byScale, to: scale)
        adjoints.add(byShift, to: shift)
        guard adjoints.needs(x) else { return }

        // dx = a g + b (x − μ) + d
        let a = activation.scale
        var (b, d) = (Tensor(zeros: shape), Tensor(zeros: shape))
        if momentsDependOnInput {
            let (b, d, count) = (b.mutablePointer(), d.mutablePointer(), Float(groups.elementsOfGroup))
            for i in 0..<samples * channels {
                let group = groups.group(of: i)
                b[i] = -inverse[group] * inverse[group] * products[group] / count
                d[i] = -inverse[group] * totals[group] / count
            }
        }
        let memory = upstream.mutablePointer()
        groups.forEachBand { sample, start, count in
            let s = sample * channels
            ck_normalization_backward(
                count, channels, slope, activation.scale.pointer + s, activation.shift.pointer + s, means.pointer + s,
                a.pointer + s, b.pointer + s, d.pointer + s, input.pointer + start, memory + start)
        }
        adjoints.add(upstream, to: x)
    }
}

/// Returns each row divided by its Euclidean norm: `q = z / max(|z|, ε)`.
///
/// **Shapes** `[rows, dimension]`, unchanged. The gradient is `(I − q qᵀ) dq / |z|`.
public func l2Normalize(_ z: Variable, epsilon: Float = 1e-12) -> Variable {
    let dimension = z.shape.last, rows = z.shape.leadingCount
    let (q, norms) = z.value.normalizedRows(epsilon: epsilon)
    return z.tape.record(q, operands: z.id) { [id = z.id] upstream, adjoints in
        var gradient = upstream
        let target = gradient.mutablePointer()
        for row in 0..<rows {
            let at = row * dimension
            let along = Float(ck_dot(dimension, target + at, q.pointer + at))
            ck_axpy(dimension, -along, q.pointer + at, target + at)
            ck_scale(dimension, 1 / norms[row], target + at, target + at)
        }
        adjoints.add(gradient, to: id)
    }
}

extension Tensor {
    /// Returns each row of the last axis divided by its Euclidean norm, or by `epsilon` if that is larger.
    public func l2Normalized(epsilon: Float = 1e-12) -> Tensor {
        normalizedRows(epsilon: epsilon).rows
    }

    fileprivate func normalizedRows(epsilon: Float) -> (rows: Tensor, norms: [Float]) {
        let dimension = shape.last
        var result = Tensor(uninitialized: shape)
        let target = result.mutablePointer()
        let norms = (0..<shape.leadingCount).map { row in
            let at = row * dimension
            let norm = max(Float(ck_dot(dimension, pointer + at, pointer + at).squareRoot()), epsilon)
            ck_scale(dimension, 1 / norm, pointer + at, target + at)
            return norm
        }
        return (result, norms)
    }
}
