import CKernels

/// The mean over all rows of `−ln softmax(logits)[label]`.
///
/// **Shapes** `logits [..., classes]`, one label in `0 ..< classes` a row → scalar.
///
/// - Precondition: as many labels as rows, each a class.
public func crossEntropy(_ logits: Variable, labels: [Int]) -> Variable {
    let classes = logits.shape.last, rows = logits.shape.leadingCount
    precondition(labels.count == rows && rows > 0, "\(labels.count) labels for logits of shape \(logits.shape)")
    precondition(labels.allSatisfy { $0 >= 0 && $0 < classes }, "a label lies outside 0 ..< \(classes)")
    let logarithms = rowwise(logits.value, ck_log_softmax)
    var total = 0.0
    for (row, label) in labels.enumerated() { total -= Double(logarithms.pointer[row * classes + label]) }
    let loss = Tensor(repeating: Float(total / Double(rows)), shape: [])
    return logits.tape.record(loss, operands: logits.id) { [id = logits.id] upstream, adjoints in
        // (softmax − one-hot) / rows
        var gradient = Tensor(uninitialized: logarithms.shape)
        let target = gradient.mutablePointer()
        ck_exp(gradient.count, logarithms.pointer, target)
        for (row, label) in labels.enumerated() { target[row * classes + label] -= 1 }
        gradient.scale(by: upstream.pointer[0] / Float(rows))
        adjoints.add(gradient, to: id)
    }
}
