/// Collects the slots of a model while its layers are made, and draws their first values.
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

    /// A builder that draws first values from `generator`.
    public init(generator: SeededGenerator) {
        self.generator = generator
    }

    /// Registers a weight.
    ///
    /// - Precondition: no other weight has this name.
    public mutating func add(
        _ name: String, shape: Tensor.Shape, role: ParameterSlot.Role = .trainable,
        layout: ParameterSlot.Layout = .plain, initializer: Initializer
    ) -> ParameterSlot {
        let name = scope + name
        precondition(names.insert(name).inserted, "two parameters are named \(name)")
        let position = role == .trainable ? trainable.count : statistics.count
        let slot = ParameterSlot(name: name, shape: shape, role: role, layout: layout, group: group, position: position)
        slots.append(slot)
        let values = initializer.values(shape.count, using: &generator)
        if role == .trainable { trainable += values } else { statistics += values }
        return slot
    }

    /// Registers weights whose names begin with `name` and a full stop.
    public mutating func scope<Result>(_ name: String, _ body: (inout ParameterBuilder) -> Result) -> Result {
        let outer = scope
        scope += name + "."
        defer { scope = outer }
        return body(&self)
    }

    /// Registers weights of a group; the innermost group counts.
    public mutating func group<Result>(
        _ group: ParameterGroup, _ body: (inout ParameterBuilder) -> Result
    ) -> Result {
        let outer = self.group
        self.group = group
        defer { self.group = outer }
        return body(&self)
    }

    /// The parameters registered so far, with their first values.
    public func parameters() -> Parameters {
        Parameters(slots: slots, vector: Tensor(trainable + statistics))
    }
}

/// The place of one weight in the vector of a model's parameters. Layers hold slots, not weights.
public struct ParameterSlot: Hashable, Sendable {
    /// The name in weight files, unique in a model: `down1.maxpool_conv.1.double_conv.0.weight`.
    public let name: String
    /// The extents in this package's layout.
    public let shape: Tensor.Shape
    /// Whether gradients reach it.
    public let role: Role
    /// How it is stored in PyTorch's layout.
    public let layout: Layout
    /// The part of the model that it belongs to; not stored in files.
    public let group: ParameterGroup
    /// Where it begins among the slots of its role.
    let position: Int

    /// What a slot is for.
    public enum Role: String, Hashable, Sendable, Codable {
        /// Changed by the optimizer along its gradient.
        case trainable
        /// Measured during training, such as the running mean of a batch norm.
        case statistic
    }

    /// How the axes of a weight are ordered in PyTorch, whose weight files this package writes and reads.
    public enum Layout: String, Hashable, Sendable, Codable {
        /// As here.
        case plain
        /// `[kH, kW, in, out]` here, `[out, in, kH, kW]` there.
        case convolution
        /// `[kH, kW, out, in]` here, `[in, out, kH, kW]` there.
        case transposedConvolution
        /// `[in, out]` here, `[out, in]` there.
        case linear
    }
}

/// A part of a model that is treated as one: its slots have a learning rate, and are saved, of their own.
///
/// Modules that register slots declare their groups as static constants.
public struct ParameterGroup: Hashable, Sendable, CustomStringConvertible {
    private let name: String

    /// A group of that name.
    public init(_ name: String) { self.name = name }

    /// Slots that were registered outside any group.
    public static let none = ParameterGroup("none")

    /// The name.
    public var description: String { name }
}

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
