import CKernels

/// Returns the softmax over the last axis: `y_c = exp x_c / Σ_k exp x_k`, shifted by the largest element to avoid
/// overflow.
public func softmax(_ x: Variable) -> Variable {
    let y = rowwise(x.value, ck_softmax)
    let columns = x.shape.last
    return x.tape.record(y, operands: x.id) { [x = x.id] upstream, adjoints in
        // dx = y · (dy − Σ_c dy_c y_c)
        var gradient = Tensor(uninitialized: y.shape)
        let target = gradient.mutablePointer()
        for row in 0..<y.shape.leadingCount {
            let at = row * columns
            let along = Float(ck_dot(columns, upstream.pointer + at, y.pointer + at))
            for c in at..<at + columns { target[c] = y.pointer[c] * (upstream.pointer[c] - along) }
        }
        adjoints.add(gradient, to: x)
    }
}

/// Returns the logarithm of the softmax over the last axis: `y_c = x_c − ln Σ_k exp x_k`.
public func logSoftmax(_ x: Variable) -> Variable {
    let y = rowwise(x.value, ck_log_softmax)
    let columns = x.shape.last
    return x.tape.record(y, operands: x.id) { [x = x.id] upstream, adjoints in
        // dx = dy − softmax(x) · Σ_c dy_c
        var gradient = Tensor(uninitialized: y.shape)
        let target = gradient.mutablePointer()
        ck_exp(y.count, y.pointer, target)
        for row in 0..<y.shape.leadingCount {
            let at = row * columns
            let total = Float(ck_sum(columns, upstream.pointer + at))
            for c in at..<at + columns { target[c] = upstream.pointer[c] - target[c] * total }
        }
        adjoints.add(gradient, to: x)
    }
}

/// Applies a kernel to bands of rows.
func rowwise(
    _ x: Tensor, _ kernel: (Int, Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
) -> Tensor {
    let columns = x.shape.last
    precondition(columns > 0, "softmax of \(x.shape): no columns")
    var y = Tensor(uninitialized: x.shape)
    let (source, target) = (x.pointer, y.mutablePointer())
    Parallel.forEachRange(of: x.shape.leadingCount, length: max(1, Tensor.grain / columns)) { rows in
        let start = rows.lowerBound * columns
        kernel(rows.count, columns, source + start, target + start)
    }
    return y
}

/// Returns the mean of `−ln softmax(logits)[label]` over all rows, or over those that have a label.
///
/// **Shapes** `logits [..., classes]`, one label in `0 ..< classes` per row → scalar.
///
/// - Parameters:
///   - logits: The class scores.
///   - labels: The label of each row.
///   - ignored: The value that stands for no label: such rows do not count. Without any label, the loss is 0.
/// - Precondition: As many labels as rows, each a valid class or `ignored`.
public func crossEntropy(_ logits: Variable, labels: [Int], ignoring ignored: Int? = nil) -> Variable {
    let classes = logits.shape.last, rows = logits.shape.leadingCount
    precondition(labels.count == rows && rows > 0, "\(labels.count) labels for logits of shape \(logits.shape)")
    precondition(
        labels.allSatisfy { $0 >= 0 && $0 < classes || $0 == ignored }, "a label lies outside 0 ..< \(classes)")
    let logarithms = rowwise(logits.value, ck_log_softmax)
    var (total, count) = (0.0, 0)
    for (row, label) in labels.enumerated() where label != ignored {
        total -= Double(logarithms.pointer[row * classes + label])
        count += 1
    }
    let loss = Tensor(repeating: Float(total / Double(max(1, count))), shape: [])
    return logits.tape.record(loss, operands: logits.id) { [id = logits.id] upstream, adjoints in
        // (softmax − one-hot) / rows
        var gradient = Tensor(uninitialized: logarithms.shape)
        let target = gradient.mutablePointer()
        ck_exp(gradient.count, logarithms.pointer, target)
        for (row, label) in labels.enumerated() {
            if label != ignored {
                target[row * classes + label] -= 1
            } else {
                for c in 0..<classes { target[row * classes + c] = 0 }
            }
        }
        gradient.scale(by: upstream.pointer[0] / Float(max(1, count)))
        adjoints.add(gradient, to: id)
    }
}
