/// Shortens a gradient to the Euclidean norm `limit` if it is longer, and returns the norm that it had.
///
/// A gradient with an infinity or a NaN is left as it is; the norm that is returned tells.
///
/// - Precondition: `limit` is positive.
///
/// Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, Algorithm 1.
@discardableResult
public func clipNorm(of gradient: inout Tensor, to limit: Float) -> Float {
    precondition(limit > 0, "a gradient cannot be shortened to the norm \(limit)")
    let norm = Float(gradient.norm)
    if norm.isFinite && norm > limit { gradient.scale(by: limit / norm) }
    return norm
}
