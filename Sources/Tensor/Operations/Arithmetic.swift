import CKernels

// Elementwise arithmetic on variables. Operands have equal shapes, or one of them is a number.

extension Variable {
    /// Returns the elementwise sum.
    public static func + (a: Variable, b: Variable) -> Variable {
        a.tape.record(combine(a.value, b.value, ck_add), operands: a.id, b.id) {
            [a = a.id, b = b.id] upstream, adjoints in
            adjoints.add(upstream, to: a)
            adjoints.add(upstream, to: b)
        }
    }

    /// Returns the elementwise difference.
    public static func - (a: Variable, b: Variable) -> Variable {
        a.tape.record(combine(a.value, b.value, ck_subtract), operands: a.id, b.id) {
            [a = a.id, b = b.id] upstream, adjoints in
            adjoints.add(upstream, to: a)
            adjoints.add(scaled(upstream, by: -1), to: b)
        }
    }

    /// Returns the elementwise product.
    public static func * (a: Variable, b: Variable) -> Variable {
        let (x, y) = (a.value, b.value)
        return a.tape.record(combine(x, y, ck_multiply), operands: a.id, b.id) {
            [a = a.id, b = b.id] upstream, adjoints in
            adjoints.add(combine(upstream, y, ck_multiply), to: a)
            adjoints.add(combine(upstream, x, ck_multiply), to: b)
        }
    }

    /// Returns the elementwise quotient.
    public static func / (a: Variable, b: Variable) -> Variable {
        let quotient = combine(a.value, b.value, ck_divide)
        let divisor = b.value
        return a.tape.record(quotient, operands: a.id, b.id) { [a = a.id, b = b.id] upstream, adjoints in
            let share = combine(upstream, divisor, ck_divide)
            adjoints.add(share, to: a)
            adjoints.add(scaled(combine(share, quotient, ck_multiply), by: -1), to: b)
        }
    }

    /// Returns every element multiplied by a number.
    public static func * (a: Variable, factor: Float) -> Variable {
        a.tape.record(scaled(a.value, by: factor), operands: a.id) { [a = a.id] upstream, adjoints in
            adjoints.add(scaled(upstream, by: factor), to: a)
        }
    }

    /// Returns every element multiplied by a number.
    public static func * (factor: Float, a: Variable) -> Variable { a * factor }

    /// Returns every element divided by a number.
    public static func / (a: Variable, divisor: Float) -> Variable { a * (1 / divisor) }

    /// Returns every element negated.
    public static prefix func - (a: Variable) -> Variable { a * -1 }

    /// Returns every element plus a number.
    public static func + (a: Variable, number: Float) -> Variable {
        var sum = a.value
        sum.withMutableElements { elements in for i in elements.indices { elements[i] += number } }
        return a.tape.record(sum, operands: a.id) { [a = a.id] upstream, adjoints in adjoints.add(upstream, to: a) }
    }

    /// Returns every element minus a number.
    public static func - (a: Variable, number: Float) -> Variable { a + -number }
}

/// Applies `kernel` to each pair of elements.
///
/// - Precondition: Equal shapes.
private func combine(
    _ a: Tensor, _ b: Tensor,
    _ kernel: (Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
) -> Tensor {
    precondition(a.shape == b.shape, "shapes \(a.shape) and \(b.shape) differ")
    var result = Tensor(uninitialized: a.shape)
    let (x, y, z) = (a.pointer, b.pointer, result.mutablePointer())
    Parallel.forEachRange(of: a.count, length: Tensor.grain) { range in
        let start = range.lowerBound
        kernel(range.count, x + start, y + start, z + start)
    }
    return result
}

private func scaled(_ x: Tensor, by factor: Float) -> Tensor {
    var result = Tensor(uninitialized: x.shape)
    let (source, target) = (x.pointer, result.mutablePointer())
    Parallel.forEachRange(of: x.count, length: Tensor.grain) { range in
        ck_scale(range.count, factor, source + range.lowerBound, target + range.lowerBound)
    }
    return result
}

/// Returns the sum of all elements, a scalar.
public func sum(_ x: Variable) -> Variable {
    x.tape.record(Tensor(repeating: Float(x.value.sum), shape: []), operands: x.id) {
        [x = x.id, shape = x.shape] upstream, adjoints in
        adjoints.add(Tensor(repeating: upstream.pointer[0], shape: shape), to: x)
    }
}

/// Returns the mean of all elements, a scalar.
public func mean(_ x: Variable) -> Variable {
    sum(x) / Float(x.value.count)
}

/// Returns the natural exponential of every element.
public func exp(_ x: Variable) -> Variable {
    var y = Tensor(uninitialized: x.shape)
    ck_exp(y.count, x.value.pointer, y.mutablePointer())
    return x.tape.record(y, operands: x.id) { [x = x.id] upstream, adjoints in
        adjoints.accumulate(into: x, shape: y.shape) { memory, beta in
            if beta == 0 { ck_fill(y.count, 0, memory) }
            ck_multiply_add(y.count, 1, upstream.pointer, y.pointer, memory)
        }
    }
}

/// Returns the natural logarithm of every element.
public func log(_ x: Variable) -> Variable {
    let input = x.value
    var y = Tensor(uninitialized: x.shape)
    ck_log(y.count, input.pointer, y.mutablePointer())
    return x.tape.record(y, operands: x.id) { [x = x.id] upstream, adjoints in
        var gradient = upstream
        let target = gradient.mutablePointer()
        ck_divide(gradient.count, target, input.pointer, target)
        adjoints.add(gradient, to: x)
    }
}

/// Returns the square root of every element.
public func sqrt(_ x: Variable) -> Variable {
    var y = Tensor(uninitialized: x.shape)
    ck_sqrt(y.count, x.value.pointer, y.mutablePointer())
    return x.tape.record(y, operands: x.id) { [x = x.id] upstream, adjoints in
        var gradient = upstream
        let target = gradient.mutablePointer()
        ck_divide(gradient.count, target, y.pointer, target)
        gradient.scale(by: 0.5)
        adjoints.add(gradient, to: x)
    }
}
