import CKernels

/// Each element set to zero with probability `rate`, the others divided by `1 − rate`; nothing changes on a tape without
/// a generator.
///
/// - Precondition: `rate` lies in 0 ..< 1.
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
