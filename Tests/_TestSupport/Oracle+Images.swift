import Tensor

/// One geometry of a convolution or pooling, for tables of test cases.
public struct WindowCase: CustomStringConvertible, Sendable {
    /// `[batch, height, width, channels]`.
    public var input: [Int]
    /// Height and width of the kernel.
    public var kernel: (Int, Int)
    /// Output channels.
    public var outputs: Int
    /// Pixels between windows.
    public var stride: Int
    /// Zeros around the image.
    public var padding: Int

    /// A geometry.
    public init(_ input: [Int], kernel: (Int, Int), outputs: Int = 1, stride: Int = 1, padding: Int = 0) {
        self.input = input
        self.kernel = kernel
        self.outputs = outputs
        self.stride = stride
        self.padding = padding
    }

    /// Says all of it, for messages.
    public var description: String {
        "\(input) kernel \(kernel.0)×\(kernel.1) → \(outputs) stride \(stride) padding \(padding)"
    }

    var outputHeight: Int { (input[1] + 2 * padding - kernel.0) / stride + 1 }
    var outputWidth: Int { (input[2] + 2 * padding - kernel.1) / stride + 1 }

    /// Calls `body` for every pair of an output pixel and an input pixel in its window.
    func forEachPair(
        _ body: (_ n: Int, _ i: Int, _ j: Int, _ u: Int, _ v: Int, _ y: Int, _ x: Int) -> Void
    ) {
        for n in 0..<input[0] {
            for i in 0..<outputHeight {
                for j in 0..<outputWidth {
                    for u in 0..<kernel.0 {
                        for v in 0..<kernel.1 {
                            let (y, x) = (i * stride + u - padding, j * stride + v - padding)
                            guard 0..<input[1] ~= y && 0..<input[2] ~= x else { continue }
                            body(n, i, j, u, v, y, x)
                        }
                    }
                }
            }
        }
    }
}

extension Oracle {
    /// A convolution with a filter `[kH, kW, in, out]`, and the derivatives of `⟨result, upstream⟩`.
    public static func convolution(
        _ x: Oracle, _ filter: Oracle, upstream: Oracle? = nil, _ geometry: WindowCase
    ) -> (result: Oracle, byInput: Oracle, byFilter: Oracle) {
        let (inputs, outputs) = (filter.shape[2], filter.shape[3])
        var result = Oracle([x.shape[0], geometry.outputHeight, geometry.outputWidth, outputs])
        var (byInput, byFilter) = (Oracle(x.shape), Oracle(filter.shape))
        geometry.forEachPair { n, i, j, u, v, row, column in
            for c in 0..<inputs {
                for o in 0..<outputs {
                    result[n, i, j, o] += x[n, row, column, c] * filter[u, v, c, o]
                    guard let upstream else { continue }
                    byInput[n, row, column, c] += upstream[n, i, j, o] * filter[u, v, c, o]
                    byFilter[u, v, c, o] += upstream[n, i, j, o] * x[n, row, column, c]
                }
            }
        }
        return (result, byInput, byFilter)
    }

    /// A transposed convolution with a filter `[kH, kW, out, in]`: every input pixel paints a window.
    public static func transposedConvolution(_ x: Oracle, _ filter: Oracle, stride: Int) -> Oracle {
        var result = Oracle([
            x.shape[0], (x.shape[1] - 1) * stride + filter.shape[0], (x.shape[2] - 1) * stride + filter.shape[1],
            filter.shape[2],
        ])
        for n in 0..<x.shape[0] {
            for i in 0..<x.shape[1] {
                for j in 0..<x.shape[2] {
                    for u in 0..<filter.shape[0] {
                        for v in 0..<filter.shape[1] {
                            for o in 0..<filter.shape[2] {
                                for c in 0..<filter.shape[3] {
                                    result[n, i * stride + u, j * stride + v, o] += x[n, i, j, c] * filter[u, v, o, c]
                                }
                            }
                        }
                    }
                }
            }
        }
        return result
    }

    /// The largest value of each window, and the derivative of `⟨result, upstream⟩`, which goes to the first of equals.
    public static func maxPool(_ x: Oracle, upstream: Oracle, _ geometry: WindowCase) -> (
        result: Oracle, byInput: Oracle
    ) {
        var result = Oracle(upstream.shape, repeating: -.infinity)
        var byInput = Oracle(x.shape)
        geometry.forEachPair { n, i, j, _, _, row, column in
            for c in 0..<x.shape[3] { result[n, i, j, c] = max(result[n, i, j, c], x[n, row, column, c]) }
        }
        var rest = upstream
        geometry.forEachPair { n, i, j, _, _, row, column in
            for c in 0..<x.shape[3] where x[n, row, column, c] == result[n, i, j, c] {
                byInput[n, row, column, c] += rest[n, i, j, c]
                rest[n, i, j, c] = 0
            }
        }
        return (result, byInput)
    }

    /// The mean of each window, and the derivative of `⟨result, upstream⟩`.
    public static func averagePool(
        _ x: Oracle, upstream: Oracle, _ geometry: WindowCase
    ) -> (result: Oracle, byInput: Oracle) {
        let share = 1 / Double(geometry.kernel.0 * geometry.kernel.1)
        var (result, byInput) = (Oracle(upstream.shape), Oracle(x.shape))
        geometry.forEachPair { n, i, j, _, _, row, column in
            for c in 0..<x.shape[3] {
                result[n, i, j, c] += share * x[n, row, column, c]
                byInput[n, row, column, c] += share * upstream[n, i, j, c]
            }
        }
        return (result, byInput)
    }
}
