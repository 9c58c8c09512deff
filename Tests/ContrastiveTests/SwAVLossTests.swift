import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

@Suite struct SwAVLossTests {
    private func model(_ count: Int, seed: UInt64 = 1) -> (Prototypes, Parameters) {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: seed))
        let prototypes = Prototypes(count: count, dimension: 6, in: &builder)
        var parameters = builder.parameters()
        prototypes.normalize(&parameters)
        return (prototypes, parameters)
    }

    /// Eqs. (1) and (2), with loops; the codes are given, since they are constants of the derivative.
    private func oracle(
        _ views: [LossOracle.Matrix], _ prototypes: LossOracle.Matrix, codes: [LossOracle.Matrix], _ temperature: Float
    ) -> Double {
        func half(_ z: LossOracle.Matrix, _ codes: LossOracle.Matrix) -> Double {
            let losses = zip(z, codes).map { z, code in
                let scores = prototypes.map { LossOracle.dot(LossOracle.unit(z), $0) / Double(temperature) }
                let total = scores.reduce(0) { $0 + exp($1) }
                return -zip(scores, code).reduce(0) { $0 + $1.1 * log(exp($1.0) / total) }
            }
            return losses.reduce(0, +) / Double(losses.count)
        }
        return (half(views[0], codes[1]) + half(views[1], codes[0])) / 2
    }

    /// The codes of each view, together with those of the queue.
    private func codes(_ views: [Tensor], _ weight: Tensor, _ queue: FeatureSet) -> [LossOracle.Matrix] {
        views.map { view in
            let all = Tensor(
                view.l2Normalized().elements + queue.vectors.elements, shape: [view.shape[0] + queue.count, 6])
            let codes = sinkhornKnopp(all.matrixProduct(weight, otherTransposed: true))
            return LossOracle.rows(codes.rows(0..<view.shape[0]))
        }
    }

    @Test(arguments: [(1, 3, 0), (4, 5, 0), (3, 7, 10), (2, 1, 4)], [0.1, 0.5] as [Float])
    func isThePapersFormulaWithItsGradient(sizes: (batch: Int, prototypes: Int, queue: Int), temperature: Float) {
        let (prototypes, parameters) = model(sizes.prototypes)
        let views = [1, 2].map { Tensor(random: [sizes.batch, 6], seed: $0, standardDeviation: 2) }
        let queue = FeatureSet(random: sizes.queue, dimension: 6, seed: 3)
        let loss = SwAVLoss(temperature: temperature)
        let weight = parameters[prototypes.weight]
        let rows = LossOracle.rows(weight)
        let codes = codes(views, weight, queue)

        // By the views.
        let (value, gradients) = valueAndGradient(at: views, parameters: parameters) {
            loss($0[0], $0[1], prototypes: prototypes, queue: queue)
        }
        #expect(abs(Double(value) - oracle(views.map(LossOracle.rows), rows, codes: codes, temperature)) < 1e-5)
        let expected = LossOracle.gradients(at: views.map(LossOracle.rows)) {
            oracle($0, rows, codes: codes, temperature)
        }
        for (found, expected) in zip(gradients, expected) {
            #expect(difference(found, expected, relative: 1e-4, absolute: 1e-5) == nil)
        }

        // By the prototypes.
        var model = parameters
        let (_, gradient) = valueAndGradient(at: &model) { tape in
            loss(tape.constant(views[0]), tape.constant(views[1]), prototypes: prototypes, queue: queue)
        }
        let byPrototypes = LossOracle.gradients(at: [rows]) {
            oracle(views.map(LossOracle.rows), $0[0], codes: codes, temperature)
        }
        #expect(difference(gradient, byPrototypes[0], relative: 1e-4, absolute: 1e-5) == nil)
    }

    @Test(arguments: [0.05, 0.1, 3] as [Float])
    func equalPrototypesCostTheLogarithmOfTheirNumberAndEqualFeaturesMore(temperature: Float) {
        var (prototypes, parameters) = model(12)
        func loss(_ z: Tensor) -> Double {
            let value = evaluate(parameters) {
                SwAVLoss(temperature: temperature)($0.constant(z), $0.constant(z), prototypes: prototypes)
            }
            return Double(value[])
        }
        // Equal prototypes: every code is even, whatever the features.
        let one = Tensor(random: [1, 6], seed: 4).l2Normalized().elements
        parameters[prototypes.weight] = Tensor((0..<12).flatMap { _ in one }, shape: [12, 6])
        #expect(abs(loss(Tensor(random: [5, 6], seed: 5)) - log(12)) < 1e-5)
        // Equal features: every code is even again, but the scores are not.
        (prototypes, parameters) = model(12)
        let equal = Tensor((0..<5).flatMap { _ in one }, shape: [5, 6])
        #expect(loss(equal) > log(12))
    }

    @Test func doesNotDependOnWhichViewIsFirst() {
        let (prototypes, parameters) = model(7)
        let views = [1, 2].map { Tensor(random: [5, 6], seed: $0) }
        func loss(_ a: Tensor, _ b: Tensor) -> Float {
            evaluate(parameters) { SwAVLoss()($0.constant(a), $0.constant(b), prototypes: prototypes) }[]
        }
        #expect(loss(views[0], views[1]) == loss(views[1], views[0]))
    }

    @Test func anEmptyQueueIsNone() {
        let (prototypes, parameters) = model(7)
        let views = [1, 2].map { Tensor(random: [5, 6], seed: $0) }
        let bank = MemoryBank(capacity: 4, dimension: 6)
        let values = [nil, bank.contents].map { queue in
            evaluate(parameters) {
                SwAVLoss()($0.constant(views[0]), $0.constant(views[1]), prototypes: prototypes, queue: queue)
            }[]
        }
        #expect(values[0] == values[1])
    }

    @Test func featuresThatAreWhereTheirPrototypesAreCostNothing() {
        let (prototypes, start) = model(6)
        var parameters = start
        let identity = Tensor((0..<36).map { $0 / 6 == $0 % 6 ? 1 : 0 }, shape: [6, 6])
        parameters[prototypes.weight] = identity
        let value = evaluate(parameters) {
            SwAVLoss(temperature: 0.05, epsilon: 0.02)(
                $0.constant(identity), $0.constant(identity), prototypes: prototypes)
        }
        #expect(value[] < 1e-4)
    }
}
