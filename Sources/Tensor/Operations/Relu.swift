import CKernels

/// The rectifier: x for x > 0, `slope` · x otherwise; a slope above 0 makes it leaky.
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
