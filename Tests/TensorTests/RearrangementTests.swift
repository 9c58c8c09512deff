import Testing
import _TestSupport

@testable import Tensor

/// Concatenation, slices, reshaping, rows of unit length, dropout.
@Suite struct RearrangementTests {
    @Test func putsTensorsSideBySideAndTakesThemApart() {
        let (a, b) = (Tensor(random: [2, 3, 4], seed: 1), Tensor(random: [2, 3, 2], seed: 2))
        let (weights, both) = (
            Tensor(random: [2, 3, 6], seed: 3),
            evaluate(Parameters()) { tape in
                concatenate(tape.constant(a), tape.constant(b))
            }
        )
        #expect(both.shape == [2, 3, 6])
        for i in 0..<2 {
            for j in 0..<3 {
                for c in 0..<6 { #expect(both[i, j, c] == (c < 4 ? a[i, j, c] : b[i, j, c - 4])) }
            }
        }
        let (_, gradients) = valueAndGradient(at: [a, b]) { v in
            sum(concatenate(v[0], v[1]) * v[0].tape.constant(weights))
        }
        let parts = [0..<4, 4..<6].map { columns in
            evaluate(Parameters()) { slice($0.constant(weights), columns: columns) }
        }
        #expect(gradients == parts)
        #expect(parts[1][1, 2, 0] == weights[1, 2, 4])
    }

    @Test func slicesAndReshapesAreLinear() {
        let x = Tensor(random: [4, 3, 5], seed: 1)
        let functions: [([Variable]) -> Variable] = [
            { slice($0[0], columns: 1..<4) }, { slice($0[0], columns: 0..<5) }, { slice($0[0], rows: 1..<3) },
            { slice($0[0], rows: 3..<4) }, { reshape($0[0], to: [6, 10]) }, { concatenate($0[0], $0[0]) },
        ]
        for (index, function) in functions.enumerated() {
            #expect(adjointError(at: [x], of: function) < 1e-6, "function \(index)")
        }
        #expect(evaluate(Parameters()) { slice($0.constant(x), rows: 1..<3) } == x.rows(1..<3))
        #expect(evaluate(Parameters()) { reshape($0.constant(x), to: [6, 10]) }.elements == x.elements)
    }

    @Test func rowsGetUnitLength() {
        var z = Tensor(random: [4, 19], seed: 1, standardDeviation: 10)
        let q = z.l2Normalized()
        for row in 0..<4 {
            #expect(abs(q.rows(row..<row + 1).norm - 1) < 1e-6)
            let cosine = q.rows(row..<row + 1).dot(z.rows(row..<row + 1)) / z.rows(row..<row + 1).norm
            #expect(abs(cosine - 1) < 1e-6)
        }
        #expect(evaluate(Parameters()) { l2Normalize($0.constant(z)) } == q)
        z.scale(by: 0.1)
        #expect(gradientError(at: [z]) { l2Normalize($0[0]) } < 1e-3)
        #expect(Tensor(zeros: [2, 3]).l2Normalized().elements == Array(repeating: 0, count: 6))
    }

    @Test func dropoutKeepsTheMeanAndItsMask() {
        let x = Tensor(repeating: 2, shape: [10_000])
        var parameters = Parameters()
        var kept = Tensor([])
        let run = { (tape: Tape) in
            let y = dropout(tape.constant(x), rate: 0.25)
            kept = y.value
            return sum(y)
        }
        _ = valueAndGradient(at: &parameters, generator: SeededGenerator(seed: 4), of: run)
        let first = kept
        #expect(first.elements.allSatisfy { $0 == 0 || abs($0 - 8 / 3) < 1e-6 } && abs(first.mean - 2) < 0.05)
        _ = valueAndGradient(at: &parameters, generator: SeededGenerator(seed: 4), of: run)
        #expect(kept == first)
        _ = valueAndGradient(at: &parameters, generator: SeededGenerator(seed: 5), of: run)
        #expect(kept != first)
        _ = valueAndGradient(at: &parameters, of: run)
        #expect(kept == x)

        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let slot = builder.add("w", shape: [10_000], initializer: .constant(2))
        var weights = builder.parameters()
        let (_, gradient) = valueAndGradient(at: &weights, generator: SeededGenerator(seed: 4)) { tape in
            sum(dropout(tape[slot], rate: 0.25))
        }
        #expect(difference(gradient, first.elements.map { Double($0) / 2 }) == nil)
    }
}
