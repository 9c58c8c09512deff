import CKernels

/// Returns the rectified linear unit, ReLU: x for x > 0, `slope` · x otherwise; a slope above 0 makes it leaky.
///
/// Maas et al., "Rectifier nonlinearities improve neural network acoustic models", ICML 2013.
public func relu(_ x: Variable, slope: Float = 0) -> Variable {
    let count = x.value.count
    var y = Tensor(uninitialized: x.shape)
    let (source, target) = (x.value.pointer, y.mutablePointer())
    Parallel.forEachRange(of: count, length: Tensor.grain) { range in
        ck_relu(range.count, slope, source + range.lowerBound, target + range.lowerBound)
    }
    return x.tape.record(y, operands: x.id) { [id = x.id] upstream, adjoints in
        adjoints.accumulate(into: id, shape: y.shape) { memory, beta in
            let (result, above) = (y.pointer, upstream.pointer)
            Parallel.forEachRange(of: count, length: Tensor.grain) { range in
                let start = range.lowerBound
                ck_relu_backward(range.count, slope, result + start, above + start, beta, memory + start)
            }
        }
    }
}

/// Returns the elements with dropout applied: each is set to zero with probability `rate`, and the others are divided
/// by `1 − rate`.
///
/// Nothing changes on a tape without a generator.
///
/// - Precondition: `rate` is in 0 ..< 1.
///
/// Srivastava et al., JMLR 15:1929–1958, 2014.
public func dropout(_ x: Variable, rate: Float) -> Variable {
    precondition(rate >= 0 && rate < 1, "a dropout rate of \(rate)")
    guard rate > 0, x.tape.generator != nil else { return x }
    var mask = Tensor(uninitialized: x.shape)
    let keep = 1 / (1 - rate)
    mask.withMutableElements { mask in
        for i in mask.indices { mask[i] = x.tape.generator!.chance(rate) ? 0 : keep }
    }
    return x * x.tape.constant(mask)
}
