import Tensor

/// Directions among which SwAV shares out features: the rows of a weight, each of unit length.
///
/// ```swift
/// prototypes.normalize(&main)        // before every step: neither an optimizer nor an average keeps the length
/// let (value, gradient) = valueAndGradient(at: &main) { tape in … }
/// ```
///
/// They are one slot of the model, so that the server averages them with the rest; the average of unit vectors is shorter,
/// and the next step makes it a unit vector again. Like the projection head they are thrown away.
///
/// Source: Caron et al., NeurIPS 2020, section 3, and its code for the normalisation before every step.
public struct Prototypes: Layer {
    /// The weight, `[count, dimension]`.
    public let weight: ParameterSlot

    /// Prototypes for features of length `dimension`. The slot is `name.weight`.
    ///
    /// The paper has 3,000 for ImageNet's thousand classes; for slices of hearts, tens to three hundred are this package's
    /// choice.
    ///
    /// - Precondition: positive extents.
    public init(count: Int, dimension: Int, name: String = "head.prototypes", in builder: inout ParameterBuilder) {
        precondition(count > 0 && dimension > 0, "\(count) prototypes of length \(dimension)")
        weight = builder.add(name + ".weight", shape: [count, dimension], initializer: .uniform(bound: 1))
    }

    /// The similarity of each feature with each prototype.
    ///
    /// **Shapes** `[batch, dimension]` → `[batch, count]`.
    public func callAsFunction(_ features: Variable) -> Variable {
        matrixProduct(features, features.tape[weight], otherTransposed: true)
    }

    /// Scales every prototype to unit length.
    public func normalize(_ parameters: inout Parameters) {
        parameters[weight] = parameters[weight].l2Normalized()
    }
}
