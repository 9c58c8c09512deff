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
