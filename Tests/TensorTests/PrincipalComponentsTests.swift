import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct PrincipalComponentsTests {
    /// Points on a line through (3, 1), along (0.6, −0.8), at the distances −2, −1, 0, 1, 2.
    @Test func pointsOnALineGiveTheLine() {
        let distances: [Float] = [-2, -1, 0, 1, 2]
        let elements = distances.flatMap { distance -> [Float] in [3 + 0.6 * distance, 1 - 0.8 * distance] }
        let points = Tensor(elements, shape: [5, 2])
        let result = points.principalComponents(2)
        // The largest element by absolute value is positive.
        #expect(difference(result.components.rows(0..<1), [-0.6, 0.8]) == nil)
        #expect(difference(result.components.rows(1..<2), [0.8, 0.6]) == nil)
        #expect(difference(result.projection, [2, 0, 1, 0, 0, 0, -1, 0, -2, 0], absolute: 1e-6) == nil)
        #expect(abs(result.explainedVarianceRatios[0] - 1) < 1e-12)
        #expect(result.explainedVarianceRatios[1] < 1e-12)
    }

    /// An ellipse with half axes 2 and 1 has variances in the ratio of 4 to 1.
    @Test func anEllipseGivesItsAxes() {
        let points = (0..<12).flatMap { step -> [Float] in
            let angle = Float(step) * .pi / 6
            return [7 + cos(angle), -5 + 2 * sin(angle)]
        }
        let result = Tensor(points, shape: [12, 2]).principalComponents(2)
        #expect(difference(result.components, Tensor([0, 1, 1, 0], shape: [2, 2])) == nil)
        #expect(zip(result.explainedVarianceRatios, [0.8, 0.2]).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    /// Against power iteration with deflation on the covariance, in Double.
    @Test(arguments: [(40, 6, 3), (5, 9, 4), (7, 7, 2), (60, 1, 1), (2, 3, 1)])
    func agreesWithPowerIteration(rows: Int, columns: Int, count: Int) {
        var matrix = Tensor(random: [rows, columns], seed: 11)
        // Variances that differ clearly, so that the iteration converges, and a mean far from zero.
        matrix.withMutableElements { elements in
            for place in elements.indices {
                let column = place % columns
                elements[place] = elements[place] * pow(0.5, Float(column)) + 10 * Float(column)
            }
        }
        let oracle = PrincipalComponentsOracle(matrix, count: count)
        let result = matrix.principalComponents(count)
        #expect(difference(result.components, oracle.components, relative: 1e-4, absolute: 1e-4) == nil)
        #expect(difference(result.projection, oracle.projection, relative: 1e-4, absolute: 1e-4) == nil)
        for (ratio, expected) in zip(result.explainedVarianceRatios, oracle.ratios) {
            #expect(abs(ratio - expected) < 1e-6)
        }
    }

    @Test(arguments: [(50, 8), (4, 20), (20, 20), (3, 3)])
    func componentsAreOrthonormalAndKeepAllVariance(rows: Int, columns: Int) {
        let matrix = Tensor(random: [rows, columns], seed: 3)
        let result = matrix.principalComponents(.max)
        let count = min(rows, columns)
        #expect(result.components.shape == [count, columns] && result.projection.shape == [rows, count])
        var identity = Tensor(zeros: [count, count])
        for index in 0..<count { identity[index, index] = 1 }
        let products = result.components.matrixProduct(result.components, otherTransposed: true)
        #expect(difference(products, identity, absolute: 1e-5) == nil)
        #expect(abs(result.explainedVarianceRatios.reduce(0, +) - 1) < 1e-9)
        #expect(result.explainedVarianceRatios == result.explainedVarianceRatios.sorted(by: >))
        // The projections have no mean and no covariance.
        let ones = Tensor(repeating: 1, shape: [1, rows])
        #expect(difference(ones.matrixProduct(result.projection), Tensor(zeros: [1, count]), absolute: 1e-4) == nil)
        let covariance = result.projection.matrixProduct(result.projection, transposed: true)
        for a in 0..<count { for b in 0..<a { #expect(abs(covariance[a, b]) < 1e-3) } }
        // And they give the rows back, less their mean.
        let mean = ones.matrixProduct(matrix)
        var centred = matrix
        for row in 0..<rows { for column in 0..<columns { centred[row, column] -= mean[0, column] / Float(rows) } }
        #expect(difference(result.projection.matrixProduct(result.components), centred, absolute: 1e-5) == nil)
    }

    @Test func theLargestLoadingIsPositive() {
        for seed in 0..<8 as Range<UInt64> {
            let components = Tensor(random: [12, 5], seed: seed).principalComponents(5).components
            for row in 0..<5 {
                let loadings = components.rows(row..<row + 1).elements
                #expect(loadings.max { abs($0) < abs($1) }! > 0)
            }
        }
    }

    @Test func equalRowsExplainNothing() {
        let result = Tensor((0..<6).flatMap { _ in [0.1, -3, 1e-3] as [Float] }, shape: [6, 3]).principalComponents(2)
        #expect(result.explainedVarianceRatios == [0, 0])
        #expect(result.projection == Tensor(zeros: [6, 2]))
        #expect(abs(result.components.rows(0..<1).norm - 1) < 1e-6)
    }

    @Test func oneRowAndNoComponents() {
        let row = Tensor([1, 2, 3], shape: [1, 3])
        let result = row.principalComponents(2)
        #expect(result.projection == Tensor(zeros: [1, 1]) && result.components.shape == [1, 3])
        #expect(result.explainedVarianceRatios == [0])
        let none = row.principalComponents(0)
        #expect(none.projection.shape == [1, 0] && none.explainedVarianceRatios.isEmpty)
        #expect(Tensor(zeros: [4, 0]).principalComponents(2).components.shape == [0, 0])
    }
}

/// Covariance by loops, eigenvectors by power iteration and deflation.
private struct PrincipalComponentsOracle {
    let components: Tensor
    let projection: Tensor
    let ratios: [Double]

    init(_ matrix: Tensor, count: Int) {
        let (rows, columns) = (matrix.shape[0], matrix.shape[1])
        let x = (0..<rows).map { row in (0..<columns).map { Double(matrix[row, $0]) } }
        let mean = (0..<columns).map { column in x.reduce(0) { $0 + $1[column] } / Double(rows) }
        let centred = x.map { zip($0, mean).map { $0 - $1 } }
        var covariance = (0..<columns).map { a in
            (0..<columns).map { b in centred.reduce(0) { $0 + $1[a] * $1[b] } }
        }
        let total = (0..<columns).reduce(0) { $0 + covariance[$1][$1] }
        var (vectors, ratios) = ([[Double]](), [Double]())
        for _ in 0..<count {
            var vector = (0..<columns).map { 1 / Double($0 + 1) }
            var value = 0.0
            for _ in 0..<5_000 {
                let image = covariance.map { zip($0, vector).reduce(0) { $0 + $1.0 * $1.1 } }
                value = image.reduce(0) { $0 + $1 * $1 }.squareRoot()
                vector = image.map { $0 / value }
            }
            if vector.max(by: { abs($0) < abs($1) })! < 0 { vector = vector.map { -$0 } }
            vectors.append(vector)
            ratios.append(value / total)
            for a in 0..<columns { for b in 0..<columns { covariance[a][b] -= value * vector[a] * vector[b] } }
        }
        components = Tensor(vectors.joined().map { Float($0) }, shape: [count, columns])
        projection = Tensor(
            centred.flatMap { row in vectors.map { Float(zip(row, $0).reduce(0) { $0 + $1.0 * $1.1 }) } },
            shape: [rows, count])
        self.ratios = ratios
    }
}
