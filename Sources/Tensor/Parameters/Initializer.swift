/// How the first values of a weight are drawn.
public enum Initializer: Hashable, Sendable {
    /// Every value is the same.
    case constant(Float)
    /// Normal with variance 2 / fanIn (He et al., ICCV 2015), for weights that a ReLU follows.
    case heNormal(fanIn: Int)
    /// Uniform in ± √(6 / (fanIn + fanOut)) (Glorot and Bengio, AISTATS 2010).
    case xavierUniform(fanIn: Int, fanOut: Int)
    /// Uniform in ± bound.
    case uniform(bound: Float)

    func values(_ count: Int, using generator: inout SeededGenerator) -> [Float] {
        switch self {
        case .constant(let value):
            return Array(repeating: value, count: count)
        case .heNormal(let fanIn):
            let deviation = (2 / Float(fanIn)).squareRoot()
            return (0..<count).map { _ in generator.normal(standardDeviation: deviation) }
        case .xavierUniform(let fanIn, let fanOut):
            let bound = (6 / Float(fanIn + fanOut)).squareRoot()
            return (0..<count).map { _ in generator.uniform(in: -bound...bound) }
        case .uniform(let bound):
            return (0..<count).map { _ in generator.uniform(in: -bound...bound) }
        }
    }
}
