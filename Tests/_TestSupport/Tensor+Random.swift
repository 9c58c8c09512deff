import Tensor

extension Tensor {
    /// Normally distributed elements, the same for the same seed.
    public init(random shape: Shape, seed: UInt64, standardDeviation: Float = 1) {
        var generator = SeededGenerator(seed: seed, path: shape.array)
        self.init((0..<shape.count).map { _ in generator.normal(standardDeviation: standardDeviation) }, shape: shape)
    }

    /// The bits of all elements: equal for equal NaNs, different for 0 and −0.
    public var bits: [UInt32] {
        elements.map(\.bitPattern)
    }
}
