import CKernels

/// The record of one computation, played backward to compute its gradient.
///
/// `valueAndGradient` or `evaluate` creates a tape and passes it to the closure that computes. The tape is invalid
/// after they return.
public final class Tape {
    /// The weights that layers read.
    public let parameters: Parameters
    /// The statistics that batch norms use.
    public let normalization: Normalization
    /// The random number generator for dropout; without one, dropout does nothing.
    public var generator: SeededGenerator?

    private let records: Bool
    private var pullbacks: [Pullback] = []
    private var leafCount = 0
    private(set) var statistics: [(slot: ParameterSlot, value: Tensor)] = []

    /// The mean and variance that a batch norm uses.
    public enum Normalization: String, Hashable, Sendable, Codable {
        /// The statistics of the batch, as in training.
        case batchStatistics
        /// The running averages collected during training, as in inference.
        case runningStatistics
    }

    /// A function that turns the gradient with respect to an operation's result into contributions to the gradients
    /// with respect to its operands.
    ///
    /// The pullback owns the upstream gradient and may change it in place.
    public typealias Pullback = (_ upstream: inout Tensor, _ adjoints: inout Adjoints) -> Void

    init(parameters: Parameters, normalization: Normalization, generator: SeededGenerator?, records: Bool) {
        self.parameters = parameters
        self.normalization = normalization
        self.generator = generator
        self.records = records
    }

    /// Whether a network may compute a batch in parts: nothing is recorded, and no result depends on other images.
    public var allowsPartsOfBatch: Bool { !records && normalization == .runningStatistics }

    /// Returns a variable that is a constant: no gradient flows into it.
    public func constant(_ value: Tensor) -> Variable {
        Variable(value: value, tape: self, id: .init(kind: .constant))
    }

    /// The weight in a slot.
    public subscript(_ slot: ParameterSlot) -> Variable {
        let kind: Variable.ID.Kind = slot.role == .trainable ? .parameter(offset: slot.position) : .constant
        return Variable(value: parameters[slot], tape: self, id: .init(kind: kind))
    }

    /// Returns a variable whose gradient is one of the results.
    func leaf(_ value: Tensor) -> Variable {
        defer { leafCount += 1 }
        return Variable(value: value, tape: self, id: .init(kind: .leaf(leafCount)))
    }

    /// Records the result of an operation.
    ///
    /// Use this method to define operations, in this module or elsewhere. `pullback` receives the gradient with
    /// respect to the result and adds to the gradients with respect to the operands. Have it capture the `id`s of
    /// variables and the tensors it needs, not variables. It is released immediately when no operand needs a
    /// gradient.
    public func record(_ value: Tensor, operands: Variable.ID..., pullback: @escaping Pullback) -> Variable {
        Variable(value: value, tape: self, id: node(operands, pullback))
    }

    func record(_ value: Tensor, operands: [Variable.ID], pullback: @escaping Pullback) -> Variable {
        Variable(value: value, tape: self, id: node(operands, pullback))
    }

    /// Records a result that is computed only when it is read.
    func record(
        deferred parts: [DeferredImages.Part], operands: Variable.ID..., pullback: @escaping Pullback
    ) -> Variable {
        Variable(deferred: DeferredImages(parts: parts), tape: self, id: node(operands, pullback))
    }

    private func node(_ operands: [Variable.ID], _ pullback: @escaping Pullback) -> Variable.ID {
        guard records, operands.contains(where: { $0.kind != .constant }) else { return .init(kind: .constant) }
        pullbacks.append(pullback)
        return .init(kind: .node(pullbacks.count - 1))
    }

    /// Returns the value of a statistic after the last operation on this tape that updated it.
    func statistic(_ slot: ParameterSlot) -> Tensor {
        statistics.last { $0.slot == slot }?.value ?? parameters[slot]
    }

    /// Records the next value of a statistic, which is written to the parameters after the gradient is computed.
    func update(_ slot: ParameterSlot, to value: Tensor) {
        if records { statistics.append((slot, value)) }
    }

    /// Runs the backward pass; each pullback and everything it captured is released as soon as it has run.
    func derivatives(of loss: Variable) -> Adjoints {
        precondition(loss.value.count == 1, "a loss has one element, not shape \(loss.shape)")
        var adjoints = Adjoints(nodes: pullbacks.count, leaves: leafCount, parameters: parameters.trainableCount)
        adjoints.add(Tensor(repeating: 1, shape: loss.shape), to: loss.id)
        while let pullback = pullbacks.popLast() {
            guard var upstream = adjoints.takeNode(pullbacks.count) else { continue }
            pullback(&upstream, &adjoints)
        }
        return adjoints
    }

    /// Breaks the retain cycles that arise when a pullback captures a variable.
    func clear() {
        pullbacks.removeAll()
    }
}

/// Gradients of the loss accumulated so far during the backward pass.
///
/// The first contribution to a variable is moved in; later ones are added in place. Contributions to parameters go
/// directly to their position in the gradient vector, which is zeroed only where there are none.
public struct Adjoints {
    private var ofNodes: [Tensor?]
    private var ofLeaves: [Tensor?]
    private var ofParameters: Tensor
    /// The positions of the parameters that already have a gradient.
    private var written: Set<Int> = []

    init(nodes: Int, leaves: Int, parameters: Int) {
        ofNodes = Array(repeating: nil, count: nodes)
        ofLeaves = Array(repeating: nil, count: leaves)
        ofParameters = Tensor(uninitialized: [parameters])
    }

    /// Returns whether the gradient with respect to this variable is needed.
    public func needs(_ id: Variable.ID) -> Bool {
        id.kind != .constant
    }

    /// Adds a contribution to the gradient with respect to a variable.
    ///
    /// - Precondition: The contribution has the shape of the variable's value.
    public mutating func add(_ contribution: @autoclosure () -> Tensor, to id: Variable.ID) {
        switch id.kind {
        case .constant: return
        case .node(let index): Self.add(contribution(), to: &ofNodes[index])
        case .leaf(let index): Self.add(contribution(), to: &ofLeaves[index])
        case .parameter(let offset):
            let contribution = contribution(), target = ofParameters.mutablePointer() + offset
            if written.insert(offset).inserted {
                target.update(from: contribution.pointer, count: contribution.count)
            } else {
                ck_axpy(contribution.count, 1, contribution.pointer, target)
            }
        }
    }

    private static func add(_ contribution: Tensor, to slot: inout Tensor?) {
        if slot == nil { slot = contribution } else { slot!.add(contribution) }
    }

    /// Lets `body` write a contribution in place: `memory ← contribution + beta · memory`, with `beta` 0 or 1.
    mutating func accumulate(
        into id: Variable.ID, shape: Tensor.Shape,
        _ body: (_ memory: UnsafeMutablePointer<Float>, _ beta: Float) -> Void
    ) {
        switch id.kind {
        case .constant: return
        case .node(let index): Self.accumulate(into: &ofNodes[index], shape: shape, body)
        case .leaf(let index): Self.accumulate(into: &ofLeaves[index], shape: shape, body)
        case .parameter(let offset):
            body(ofParameters.mutablePointer() + offset, written.insert(offset).inserted ? 0 : 1)
        }
    }

    private static func accumulate(
        into slot: inout Tensor?, shape: Tensor.Shape, _ body: (UnsafeMutablePointer<Float>, Float) -> Void
    ) {
        let isFirst = slot == nil
        if isFirst { slot = Tensor(uninitialized: shape) }
        body(slot!.mutablePointer(), isFirst ? 0 : 1)
    }

    mutating func takeNode(_ index: Int) -> Tensor? {
        defer { ofNodes[index] = nil }
        return ofNodes[index]
    }

    /// Returns the gradient with respect to all trainable parameters, with zeros where the loss does not depend on
    /// them. Shape `[trainableCount]`.
    mutating func gradient(of parameters: Parameters) -> Tensor {
        for slot in parameters.slots where slot.role == .trainable && !written.contains(slot.position) {
            ck_fill(slot.shape.count, 0, ofParameters.mutablePointer() + slot.position)
        }
        return ofParameters
    }

    /// Returns the gradient with respect to a leaf, or zeros if the loss does not depend on it.
    func derivative(byLeaf index: Int, shape: Tensor.Shape) -> Tensor {
        ofLeaves[index] ?? Tensor(zeros: shape)
    }
}
