import CKernels

/// The sum of all elements, a scalar.
public func sum(_ x: Variable) -> Variable {
    x.tape.record(Tensor(repeating: Float(x.value.sum), shape: []), operands: x.id) {
        [x = x.id, shape = x.shape] upstream, adjoints in
        adjoints.add(Tensor(repeating: upstream.pointer[0], shape: shape), to: x)
    }
}

/// The mean of all elements, a scalar.
public func mean(_ x: Variable) -> Variable {
    sum(x) / Float(x.value.count)
}

/// The natural exponential of every element.
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

/// The natural logarithm of every element.
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

/// The square root of every element.
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
