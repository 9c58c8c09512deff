import Tensor

/// Says where two tensors differ the most, in units of what is allowed; `nil` when they agree everywhere.
///
/// Elements agree when `|a − b| ≤ absolute + relative · |b|`, or when both are NaN.
public func difference(
    _ a: Tensor, _ b: Tensor, relative: Double = 1e-5, absolute: Double = 1e-6
) -> String? {
    guard a.shape == b.shape else { return "shape \(a.shape), expected \(b.shape)" }
    return difference(a, b.elements.map(Double.init), relative: relative, absolute: absolute)
}

/// Says where a tensor differs the most from expected elements; `nil` when they agree everywhere.
public func difference(
    _ a: Tensor, _ b: [Double], relative: Double = 1e-5, absolute: Double = 1e-6
) -> String? {
    guard a.count == b.count else { return "\(a.count) elements, expected \(b.count)" }
    var worst = (excess: 1.0, text: String?.none)
    for (index, (x, y)) in zip(a.elements, b).enumerated() where Double(x) != y && !(x.isNaN && y.isNaN) {
        let excess = abs(Double(x) - y) / (absolute + relative * abs(y))
        if !(excess <= worst.excess) {
            worst = (excess, "element \(index) of \(a.shape): \(x), expected \(y), \(excess) times what is allowed")
        }
    }
    return worst.text
}
