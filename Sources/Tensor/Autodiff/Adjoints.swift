import CKernels

/// The derivatives of the loss by every variable, as far as the walk back has come.
///
/// The first contribution to a variable is moved in, later ones are added in place. Those of parameters go straight
/// to their place in the gradient vector, which is cleared only where nothing arrives.
public struct Adjoints {
    private var ofNodes: [Tensor?]
    private var ofLeaves: [Tensor?]
    private var ofParameters: Tensor
    /// The positions of the parameters that have a derivative already.
    private var written: Set<Int> = []

    init(nodes: Int, leaves: Int, parameters: Int) {
        ofNodes = Array(repeating: nil, count: nodes)
        ofLeaves = Array(repeating: nil, count: leaves)
        ofParameters = Tensor(uninitialized: [parameters])
    }

    /// Whether anyone asks for the derivative by this variable.
    public func needs(_ id: Variable.ID) -> Bool {
        id.kind != .constant
    }

    /// Adds a contribution to the derivative by a variable.
    ///
    /// - Precondition: it has the shape of the variable's value.
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

    /// The gradient by all trainable parameters: zeros where the loss does not depend on them. Shape `[trainableCount]`.
    mutating func gradient(of parameters: Parameters) -> Tensor {
        for slot in parameters.slots where slot.role == .trainable && !written.contains(slot.position) {
            ck_fill(slot.shape.count, 0, ofParameters.mutablePointer() + slot.position)
        }
        return ofParameters
    }

    /// The derivative by a leaf; zeros when the loss does not depend on it.
    func derivative(byLeaf index: Int, shape: Tensor.Shape) -> Tensor {
        ofLeaves[index] ?? Tensor(zeros: shape)
    }
}
