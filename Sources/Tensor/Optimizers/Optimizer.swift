/// Changes the trainable weights of a model along the gradient of its loss.
///
/// ```swift
/// var optimizer = Adam(learningRate: 1e-3)
/// for step in 0..<steps {
///     let (loss, gradient) = valueAndGradient(at: &parameters) { tape in … }
///     optimizer.learningRate = schedule.rate(at: step)
///     optimizer.update(&parameters, along: gradient)
/// }
/// ```
///
/// An optimizer is a value: a copy goes on by itself, from the same moments. The first update of a model makes room for
/// the moments; later ones allocate nothing, as long as nobody else holds the parameters or the optimizer's state.
public protocol Optimizer: Sendable {
    /// The size of a step; it may change between updates.
    var learningRate: Float { get set }

    /// Moves the trainable weights one step; statistics stay as they are.
    ///
    /// - Precondition: `gradient` has shape `[parameters.trainableCount]`, the same at every call.
    mutating func update(_ parameters: inout Parameters, along gradient: Tensor)

    /// What the next step depends on besides weights, gradient and settings, to be saved with a run.
    var state: Safetensors { get }

    /// Goes on from a saved state, bit for bit as if there had been no interruption.
    ///
    /// The optimizer changes only if nothing is thrown.
    ///
    /// - Throws: `WeightsError.mismatch` if `state` is not that of such an optimizer for `parameters`.
    mutating func restore(_ state: Safetensors, for parameters: Parameters) throws(WeightsError)
}

extension Optimizer {
    func checkShapes(_ parameters: Parameters, _ gradient: Tensor, moments: Tensor?) {
        let shape: Tensor.Shape = [parameters.trainableCount]
        precondition(gradient.shape == shape, "a gradient of shape \(gradient.shape) for parameters \(shape)")
        precondition(
            moments == nil || moments!.shape == shape,
            "an optimizer of \(moments!.count) parameters cannot change \(shape[0])")
    }
}
