/// The record of one computation, from which its gradient is read backwards.
///
/// A tape is made by `valueAndGradient` or `evaluate`, handed to the closure that computes, and dead when they return.
public final class Tape {
    /// The weights that layers read.
    public let parameters: Parameters
    /// Which statistics batch norms normalise with.
    public let normalization: Normalization
    /// Randomness for dropout; without it dropout does nothing.
    public var generator: SeededGenerator?

    private let records: Bool
    private var pullbacks: [Pullback] = []
    private var leafCount = 0
    private(set) var statistics: [(slot: ParameterSlot, value: Tensor)] = []

    /// Which mean and variance a batch norm uses.
    public enum Normalization: String, Hashable, Sendable, Codable {
        /// Those of the batch, as in training.
        case batchStatistics
        /// The running averages measured in training, as in inference.
        case runningStatistics
    }

    /// Turns the derivative of the loss by an operation's result into contributions to those of its operands.
    ///
    /// The upstream derivative is the pullback's own, to change in place if that helps.
    public typealias Pullback = (_ upstream: inout Tensor, _ adjoints: inout Adjoints) -> Void

    init(parameters: Parameters, normalization: Normalization, generator: SeededGenerator?, records: Bool) {
        self.parameters = parameters
        self.normalization = normalization
        self.generator = generator
        self.records = records
    }

    /// A variable that gradients do not reach.
    public func constant(_ value: Tensor) -> Variable {
        Variable(value: value, tape: self, id: .init(kind: .constant))
    }

    /// The weight in a slot.
    public subscript(_ slot: ParameterSlot) -> Variable {
        let kind: Variable.ID.Kind = slot.role == .trainable ? .parameter(offset: slot.position) : .constant
        return Variable(value: parameters[slot], tape: self, id: .init(kind: kind))
    }

    /// A variable whose derivative is one of the results.
    func leaf(_ value: Tensor) -> Variable {
        defer { leafCount += 1 }
        return Variable(value: value, tape: self, id: .init(kind: .leaf(leafCount)))
    }

    /// Registers the result of an operation.
    ///
    /// This is how operations are defined, here and elsewhere. `pullback` receives the derivative of the loss by the
    /// result and adds to those of the operands; it captures the `id`s of variables and the tensors it needs, not
    /// variables. It is dropped at once when no operand needs a derivative.
    public func record(_ value: Tensor, operands: Variable.ID..., pullback: @escaping Pullback) -> Variable {
        Variable(value: value, tape: self, id: node(operands, pullback))
    }

    func record(_ value: Tensor, operands: [Variable.ID], pullback: @escaping Pullback) -> Variable {
        Variable(value: value, tape: self, id: node(operands, pullback))
    }

    /// Registers a result that is computed where it is read.
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

    /// A statistic as the last operation that updated it on this tape left it.
    func statistic(_ slot: ParameterSlot) -> Tensor {
        statistics.last { $0.slot == slot }?.value ?? parameters[slot]
    }

    /// Notes the next value of a statistic; it enters the parameters when the gradient has been computed.
    func update(_ slot: ParameterSlot, to value: Tensor) {
        if records { statistics.append((slot, value)) }
    }

    /// Walks the record backwards; each pullback and what it captured is released as soon as it has run.
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

    /// Breaks the cycles that a pullback which captured a variable would make.
    func clear() {
        pullbacks.removeAll()
    }
}
