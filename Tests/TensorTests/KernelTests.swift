import CKernels
import Foundation
import Testing
import _TestSupport

@testable import Tensor

/// Every kernel against loops in Double, at each level of instructions in a process of its own.
@Suite(.serialized) struct KernelTests {
    /// Lengths around the widths of vectors and blocks.
    private static let lengths = [0, 1, 3, 7, 8, 15, 16, 17, 33, 100, 2_049]
    /// Channels around the widths of vectors.
    private static let channels = [1, 3, 15, 16, 17, 40]

    @Test func atTheBaseline() async {
        await #expect(processExitsWith: .success) { KernelTests.check("baseline") }
    }

    @Test func withAVX2() async {
        await #expect(processExitsWith: .success) { KernelTests.check("avx2") }
    }

    @Test func withAVX512() async {
        await #expect(processExitsWith: .success) { KernelTests.check("avx512") }
    }

    /// So machines differ only by OpenBLAS, whose routines are the same here.
    @Test func theSameBitsWithAVX2AndAVX512() async {
        await #expect(processExitsWith: .success) {
            func results(_ level: String) -> [[Double]] {
                ck_choose_level(level)
                return LoweringTests.geometries.flatMap(LoweringTests.results).map { $0.values.map(Double.init) }
                    + KernelTests.lengths.flatMap(KernelTests.vectors) + KernelTests.channels.flatMap(KernelTests.rows)
            }
            let same = results("avx2") == results("avx512")
            #expect(same)
        }
    }

    /// The level is not asked for by the environment, which programs that other tests start at the same time would
    /// inherit.
    static func check(_ level: String) {
        ck_choose_level(level)
        // A machine without these instructions tests what it has.
        let levels = ["baseline", "avx2", "avx512"]
        #expect(levels.prefix { $0 != level }.contains(Machine.instructionSet) || Machine.instructionSet == level)
        for n in lengths {
            checkVectors(n)
            checkFunctions(n)
            checkOptimizers(n)
        }
        for channels in channels {
            for rows in [1, 2, 37] { checkRows(rows, channels) }
        }
        checkExponential()
        // What moves data between images and columns is tested by the operations that use it.
        let convolutions = ConvolutionTests()
        for geometry in ConvolutionTests.geometries { convolutions.agreesWithTheDefinition(geometry) }
        let lowerings = LoweringTests()
        for geometry in LoweringTests.geometries {
            lowerings.agreesWithTheDefinition(geometry)
            lowerings.readsPartsAndActivationsAsIfTheyWereInMemory(geometry)
        }
        let pooling = PoolingTests()
        for geometry in PoolingTests.geometries {
            pooling.takesTheLargest(geometry)
            pooling.takesTheMean(geometry)
        }
        pooling.passesOnWhatIsNotANumber()
    }

    private static func random(_ count: Int, _ seed: UInt64) -> [Float] {
        Tensor(random: [count], seed: seed).elements
    }

    /// What `kernel` makes of memory that holds `initial`.
    private static func result(_ initial: [Float], _ kernel: (UnsafeMutablePointer<Float>) -> Void) -> Tensor {
        var tensor = Tensor(initial)
        kernel(tensor.mutablePointer())
        return tensor
    }

    private static func expect(
        _ found: Tensor, _ expected: [Double], _ name: String, relative: Double = 2e-6, absolute: Double = 1e-6
    ) {
        let difference = difference(found, expected, relative: relative, absolute: absolute)
        #expect(difference == nil, "\(name) at \(Machine.instructionSet)")
    }

    private static func checkVectors(_ n: Int) {
        let (x, y) = (random(n, 1), random(n, 2))
        let pairs = zip(x, y).map { (Double($0), Double($1)) }
        expect(result(y) { ck_fill(n, 3, $0) }, pairs.map { _ in 3 }, "fill")
        expect(result(y) { ck_axpy(n, 0.3, x, $0) }, pairs.map { $0.1 + 0.3 * $0.0 }, "axpy")
        expect(result(y) { ck_scale(n, -2, x, $0) }, pairs.map { -2 * $0.0 }, "scale")
        expect(result(y) { ck_interpolate(n, 0.25, x, $0) }, pairs.map { $0.1 + 0.25 * ($0.0 - $0.1) }, "interpolate")
        expect(result(y) { ck_add(n, x, y, $0) }, pairs.map { $0.0 + $0.1 }, "add")
        expect(result(y) { ck_subtract(n, x, y, $0) }, pairs.map { $0.0 - $0.1 }, "subtract")
        expect(result(y) { ck_multiply(n, x, y, $0) }, pairs.map { $0.0 * $0.1 }, "multiply")
        expect(result(y) { ck_divide(n, x, y, $0) }, pairs.map { $0.0 / $0.1 }, "divide")
        expect(result(y) { ck_multiply_add(n, 2, x, x, $0) }, pairs.map { $0.1 + 2 * $0.0 * $0.0 }, "multiply_add")
        let sum = pairs.reduce(0) { $0 + $1.0 }
        let dot = pairs.reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(ck_sum(n, x) - sum) < 1e-4 && abs(ck_dot(n, x, y) - dot) < 1e-4)
        #expect(ck_all_finite(n, x) == 1)
        for position in Set([0, n / 2, n - 1]) where n > 0 {
            for value in [Float.nan, .infinity, -.infinity] {
                var broken = x
                broken[position] = value
                #expect(ck_all_finite(n, broken) == 0)
            }
        }
        for slope in [Float(0), 0.1] {
            let rectified = pairs.map { $0.0 > 0 ? $0.0 : Double(slope) * $0.0 }
            expect(result(y) { ck_relu(n, slope, x, $0) }, rectified, "relu")
            for beta in [Float(0), 1] {
                let initial = beta == 0 ? Array(repeating: Float.nan, count: n) : y
                let expected: [Double] = pairs.map { ($0.0 > 0 ? 1 : Double(slope)) * $0.1 + (beta == 0 ? 0 : $0.1) }
                expect(result(initial) { ck_relu_backward(n, slope, x, y, beta, $0) }, expected, "relu_backward")
            }
        }
    }

    /// The results, for `n` numbers, of kernels whose rounding could differ between levels.
    private static func vectors(_ n: Int) -> [[Double]] {
        let (x, y) = (random(n, 1), random(n, 2))
        var (first, second) = (Tensor(x), Tensor(y.map(abs)))
        let (p, q) = (first.mutablePointer(), second.mutablePointer())
        let found = [
            result(y) { ck_axpy(n, 0.3, x, $0) }, result(y) { ck_multiply_add(n, 2, x, x, $0) },
            result(y) { ck_exp(n, x, $0) }, result(y) { ck_log(n, x.map { abs($0) + 1 }, $0) },
            result(y) { ck_adam(n, 0.1, 0.9, 0.99, 1e-3, 0.5, 0.25, 0.01, 0.02, x, p, q, $0) },
        ]
        return [[ck_sum(n, x), ck_dot(n, x, y)]] + (found + [first, second]).map { $0.elements.map(Double.init) }
    }

    /// The same for 37 rows of `channels` numbers.
    private static func rows(_ channels: Int) -> [[Double]] {
        let rows = 37
        let n = rows * channels
        let (x, dy, a, b) = (random(n, 1), random(n, 2), random(channels, 3), random(channels, 4))
        var (squares, products) = (Tensor(a), Tensor(a))
        let (p, q) = (squares.mutablePointer(), products.mutablePointer())
        let found = [
            result(a) { ck_column_sum(rows, channels, x, $0) }, result(a) { ck_moments(rows, channels, x, $0, p) },
            result(a) { ck_normalization_sums(rows, channels, 0.1, a, b, a, x, dy, $0, q) },
            result(dy) { ck_normalization_backward(rows, channels, 0.1, a, b, a, b, a, b, x, $0) },
            result(x) { ck_softmax(rows, channels, x, $0) }, result(x) { ck_log_softmax(rows, channels, x, $0) },
        ]
        return (found + [squares, products]).map { $0.elements.map(Double.init) }
    }

    private static func checkFunctions(_ n: Int) {
        let x = random(n, 1).map { 10 * $0 }
        let positive = x.map { abs($0) + 1e-3 }
        expect(
            result(x) { ck_exp(n, x, $0) }, x.map { Foundation.exp(Double($0)) }, "exp", relative: 2e-7, absolute: 0)
        expect(result(x) { ck_log(n, positive, $0) }, positive.map { Foundation.log(Double($0)) }, "log")
        expect(
            result(x) { ck_sqrt(n, positive, $0) }, positive.map { Double($0).squareRoot() }, "sqrt", relative: 1e-7,
            absolute: 0)
    }

    private static func checkExponential() {
        let x = stride(from: Float(-87), through: 88.72, by: 0.0137).map { $0 } + [-87, 88.7228, 0, 1, -1]
        expect(
            result(x) { ck_exp(x.count, x, $0) }, x.map { Foundation.exp(Double($0)) }, "exp", relative: 2e-7,
            absolute: 0)
        let edges: [Float] = [.nan, .infinity, -.infinity, 89, -1_000]
        let found = result(edges) { ck_exp(edges.count, edges, $0) }
        expect(found, [.nan, .infinity, 0, .infinity, 0], "exp at the edges", relative: 0, absolute: 0)
    }

    private static func checkOptimizers(_ n: Int) {
        let (g, x) = (random(n, 1), random(n, 2))
        let (m, v) = (random(n, 3), random(n, 4).map(abs))
        for nesterov in [false, true] {
            var velocity = Tensor(m)
            let pointer = velocity.mutablePointer()
            let weights = result(x) { ck_sgd(n, 0.1, 0.9, 0.01, nesterov ? 1 : 0, g, pointer, $0) }
            let slopes: [Double] = (0..<n).map { Double(g[$0]) + 0.01 * Double(x[$0]) }
            let velocities: [Double] = (0..<n).map { 0.9 * Double(m[$0]) + slopes[$0] }
            expect(velocity, velocities, "velocity")
            let steps: [Double] = (0..<n).map { nesterov ? slopes[$0] + 0.9 * velocities[$0] : velocities[$0] }
            expect(weights, (0..<n).map { Double(x[$0]) - 0.1 * steps[$0] }, "sgd")
        }
        var (first, second) = (Tensor(m), Tensor(v))
        let (p, q) = (first.mutablePointer(), second.mutablePointer())
        let weights = result(x) { ck_adam(n, 0.1, 0.9, 0.99, 1e-3, 0.5, 0.25, 0.01, 0.02, g, p, q, $0) }
        let slopes: [Double] = (0..<n).map { Double(g[$0]) + 0.01 * Double(x[$0]) }
        let firsts: [Double] = (0..<n).map { 0.9 * Double(m[$0]) + 0.1 * slopes[$0] }
        let seconds: [Double] = (0..<n).map { 0.99 * Double(v[$0]) + 0.01 * slopes[$0] * slopes[$0] }
        expect(first, firsts, "first moment")
        expect(second, seconds, "second moment", relative: 1e-5)
        let expected: [Double] = (0..<n).map { i in
            let root = (seconds[i] / 0.25).squareRoot() + 1e-3
            let step = 0.1 * (firsts[i] / 0.5) / root
            return Double(x[i]) * (1 - 0.1 * 0.02) - step
        }
        expect(weights, expected, "adam", relative: 1e-5)
    }

    private static func checkRows(_ rows: Int, _ channels: Int) {
        let n = rows * channels
        let (x, y, dy) = (random(n, 1), random(n, 2), random(n, 3))
        let (a, b, d) = (random(channels, 4), random(channels, 5), random(channels, 6))
        let zeros = [Float](repeating: 0, count: channels)
        func column(_ f: (Int) -> Double) -> [Double] {
            (0..<channels).map { c in (0..<rows).reduce(0) { $0 + f($1 * channels + c) } }
        }
        let shifted: [Double] = (0..<n).map { Double(x[$0]) + Double(a[$0 % channels]) }
        expect(result(x) { ck_add_row(rows, channels, a, $0) }, shifted, "add_row")
        let columnSums: [Double] = zip(column { Double(x[$0]) }, a).map { $0 + Double($1) }
        expect(result(a) { ck_column_sum(rows, channels, x, $0) }, columnSums, "column_sum", absolute: 1e-5)
        var squares = Tensor(zeros)
        let squaresPointer = squares.mutablePointer()
        let sums = result(zeros) { ck_moments(rows, channels, x, $0, squaresPointer) }
        func relative(_ i: Int) -> Double { Double(x[i]) - Double(x[i % channels]) }
        expect(sums, column(relative), "moments", absolute: 2e-5)
        expect(squares, column { relative($0) * relative($0) }, "moments", relative: 1e-5, absolute: 1e-5)
        expect(
            result(Array(repeating: 0, count: n)) { ck_transpose(rows, channels, x, $0) },
            (0..<n).map { Double(x[$0 % rows * channels + $0 / rows]) }, "transpose", relative: 0)

        for slope in [Float(0), 0.1, 1] {
            func g(_ i: Int) -> Double {
                let c = i % channels
                return Double(dy[i]) * (Double(x[i]) * Double(a[c]) + Double(b[c]) > 0 ? 1 : Double(slope))
            }
            func centered(_ i: Int) -> Double { Double(x[i]) - Double(d[i % channels]) }
            var product = Tensor(zeros)
            let pointer = product.mutablePointer()
            let total = result(zeros) { ck_normalization_sums(rows, channels, slope, a, b, d, x, dy, $0, pointer) }
            expect(total, column(g), "normalization_sums", absolute: 2e-5)
            expect(product, column { g($0) * centered($0) }, "normalization_sums", absolute: 5e-5)
            let expected: [Double] = (0..<n).map { i in
                let c = i % channels
                return Double(b[c]) * g(i) + Double(d[c]) * centered(i) + Double(a[c])
            }
            let found = result(dy) { ck_normalization_backward(rows, channels, slope, a, b, d, b, d, a, x, $0) }
            expect(found, expected, "normalization_backward", absolute: 5e-6)
        }
        let scores = Tensor(x.map { 5 * $0 }, shape: [rows, channels])
        let probabilities = SoftmaxTests.reference(scores)
        expect(result(y) { ck_softmax(rows, channels, scores.elements, $0) }, probabilities, "softmax", absolute: 1e-9)
        expect(
            result(y) { ck_log_softmax(rows, channels, scores.elements, $0) },
            probabilities.map { Foundation.log($0) }, "log_softmax", absolute: 5e-6)
    }
}
