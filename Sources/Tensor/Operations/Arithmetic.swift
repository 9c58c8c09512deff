import CKernels

// Elementwise arithmetic on variables. Shapes are aligned at the last axis, and axes of size 1 repeat; the gradient with
// respect to a repeated element is the sum over its repetitions.

extension Variable {
    /// Returns the elementwise sum, with broadcasting.
    public static func + (a: Variable, b: Variable) -> Variable {
        a.tape.record(a.value + b.value, operands: a.id, b.id) {
            [a = a.id, b = b.id, aShape = a.shape, bShape = b.shape] upstream, adjoints in
            adjoints.add(upstream.sum(to: aShape), to: a)
            adjoints.add(upstream.sum(to: bShape), to: b)
        }
    }

    /// Returns the elementwise difference, with broadcasting.
    public static func - (a: Variable, b: Variable) -> Variable {
        a.tape.record(a.value - b.value, operands: a.id, b.id) {
            [a = a.id, b = b.id, aShape = a.shape, bShape = b.shape] upstream, adjoints in
            adjoints.add(upstream.sum(to: aShape), to: a)
            adjoints.add(scaled(upstream.sum(to: bShape), by: -1), to: b)
        }
    }

    /// Returns the elementwise product, with broadcasting.
    public static func * (a: Variable, b: Variable) -> Variable {
        let (x, y) = (a.value, b.value)
        return a.tape.record(x * y, operands: a.id, b.id) { [a = a.id, b = b.id] upstream, adjoints in
            adjoints.add((upstream * y).sum(to: x.shape), to: a)
            adjoints.add((upstream * x).sum(to: y.shape), to: b)
        }
    }

    /// Returns the elementwise quotient, with broadcasting.
    public static func / (a: Variable, b: Variable) -> Variable {
        let (quotient, divisor, shape) = (a.value / b.value, b.value, a.shape)
        return a.tape.record(quotient, operands: a.id, b.id) { [a = a.id, b = b.id] upstream, adjoints in
            let share = upstream / divisor
            adjoints.add(share.sum(to: shape), to: a)
            adjoints.add(scaled((share * quotient).sum(to: divisor.shape), by: -1), to: b)
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
