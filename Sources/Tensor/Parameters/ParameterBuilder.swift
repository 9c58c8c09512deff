/// A builder that collects the slots of a model as its layers are created and samples their initial values.
///
/// ```swift
/// var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
/// let first = Convolution(inputChannels: 1, outputChannels: 16, kernelSize: 3, name: "first", in: &builder)
/// var parameters = builder.parameters()
/// ```
public struct ParameterBuilder {
    private var generator: SeededGenerator
    private var slots: [ParameterSlot] = []
    private var names: Set<String> = []
    private var trainable: [Float] = []
    private var statistics: [Float] = []
    private var scope = ""
    private var group = ParameterGroup.none

    /// Creates a builder that samples initial values from `generator`.
    public init(generator: SeededGenerator) {
        self.generator = generator
    }

    /// Registers a weight.
    ///
    /// - Precondition: No other weight has this name.
    public mutating func add(
        _ name: String, shape: Tensor.Shape, role: ParameterSlot.Role = .trainable,
        layout: ParameterSlot.Layout = .plain, isNonNegative: Bool = false, initializer: Initializer
    ) -> ParameterSlot {
        let name = scope + name
        precondition(names.insert(name).inserted, "two parameters are named \(name)")
        let position = role == .trainable ? trainable.count : statistics.count
        let slot = ParameterSlot(
            name: name, shape: shape, role: role, layout: layout, group: group, isNonNegative: isNonNegative,
            position: position)
        slots.append(slot)
        let values = initializer.values(shape.count, using: &generator)
        if role == .trainable { trainable += values } else { statistics += values }
        return slot
    }

    /// Registers weights whose names begin with `name` and a period.
    public mutating func scope<Result>(_ name: String, _ body: (inout ParameterBuilder) -> Result) -> Result {
        let outer = scope
        scope += name + "."
        defer { scope = outer }
        return body(&self)
    }

    /// Registers weights of a group; in nested calls, the innermost group applies.
    public mutating func group<Result>(
        _ group: ParameterGroup, _ body: (inout ParameterBuilder) -> Result
    ) -> Result {
        let outer = self.group
        self.group = group
        defer { self.group = outer }
        return body(&self)
    }

    /// Returns the parameters registered so far, with their initial values.
    public func parameters() -> Parameters {
        Parameters(slots: slots, vector: Tensor(trainable + statistics))
    }
}

/// The position of one weight in the parameter vector of a model. Layers hold slots, not weights.
public struct ParameterSlot: Hashable, Sendable {
    /// The name in weight files, unique in a model: `down1.maxpool_conv.1.double_conv.0.weight`.
    public let name: String
    /// The shape in this package's layout.
    public let shape: Tensor.Shape
    /// The role of the slot: trainable weight or statistic.
    public let role: Role
    /// The order of the axes in PyTorch's layout.
    public let layout: Layout
    /// The part of the model that the slot belongs to; not stored in files.
    public let group: ParameterGroup
    /// Whether values below zero make no sense here, as in a variance.
    public let isNonNegative: Bool
    /// The offset among the slots of the same role.
    let position: Int

    /// The role of a slot.
    public enum Role: String, Hashable, Sendable, Codable {
        /// A weight that the optimizer updates.
        case trainable
        /// A value measured during training, such as the running mean of a batch norm.
        case statistic
    }

    /// The order of the axes of a weight in PyTorch, the format of the weight files that this package reads and
    /// writes.
    public enum Layout: String, Hashable, Sendable, Codable {
        /// The same order as in this package.
        case plain
        /// `[kH, kW, in, out]` in this package, `[out, in, kH, kW]` in PyTorch.
        case convolution
        /// `[kH, kW, out, in]` in this package, `[in, out, kH, kW]` in PyTorch.
        case transposedConvolution
        /// `[in, out]` in this package, `[out, in]` in PyTorch.
        case linear
    }
}

/// A part of a model whose slots share a learning rate and are saved together.
///
/// Modules that register slots declare their groups as static constants.
public struct ParameterGroup: Hashable, Sendable, CustomStringConvertible {
    private let name: String

    /// Creates a group with the given name.
    public init(_ name: String) { self.name = name }

    /// The group of slots registered outside any group.
    public static let none = ParameterGroup("none")

    /// The name.
    public var description: String { name }
}

/// The distribution of the initial values of a weight.
public enum Initializer: Hashable, Sendable {
    /// A constant value.
    case constant(Float)
    /// A normal distribution with variance 2 / fanIn (He et al., ICCV 2015), for weights followed by a ReLU.
    case heNormal(fanIn: Int)
    /// A uniform distribution in ± √(6 / (fanIn + fanOut)) (Glorot and Bengio, AISTATS 2010).
    case xavierUniform(fanIn: Int, fanOut: Int)
    /// A uniform distribution in ± bound.
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
