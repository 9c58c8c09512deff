import Contrastive
import Tensor
import Testing
import _TestSupport

@Suite struct BYOLLossTests {
    @Test(arguments: [1, 2, 7])
    func isThePapersFormulaWithItsGradient(batch: Int) {
        let targets = Tensor(random: [batch, 6], seed: 2, standardDeviation: 3)
        let rows = LossOracle.rows(targets)
        // The first form of Eq. (2): the squared distance of unit vectors.
        func oracle(_ predictions: LossOracle.Matrix) -> Double {
            let distances = zip(predictions, rows).map { p, t in
                zip(LossOracle.unit(p), LossOracle.unit(t)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            }
            return distances.reduce(0, +) / Double(batch)
        }
        #expect(
            LossOracle.difference(
                at: [Tensor(random: [batch, 6], seed: 1, standardDeviation: 2)], oracle: { oracle($0[0]) },
                loss: { BYOLLoss()($0[0], targets: targets) }) == nil)
    }

    @Test(arguments: [(1, 0), (-1, 4), (-0.1, 4), (20, 0)] as [(Float, Float)])
    func equalDirectionsCostNothingAndOppositeOnesFour(factor: Float, expected: Float) {
        let x = Tensor(random: [3, 6], seed: 1)
        var targets = x
        targets.scale(by: factor)
        let (value, gradients) = valueAndGradient(at: [x]) { BYOLLoss()($0[0], targets: targets) }
        #expect(abs(value - expected) < 1e-5)
        #expect(gradients[0].norm < 1e-5)
    }

    @Test func rightAnglesCostTwo() {
        let value = evaluate(Parameters()) {
            BYOLLoss()(
                $0.constant(Tensor([1, 0, 0, 3], shape: [2, 2])), targets: Tensor([0, 5, -2, 0], shape: [2, 2]))
        }
        #expect(value[] == 2)
    }

    @Test func predictorsOfEqualWeightsTakeTheViewsEitherWay() {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let predictor = Predictor(dimension: 4, in: &builder)
        let parameters = builder.parameters()
        let views = [1, 2].map { Tensor(random: [5, 4], seed: $0) }
        func loss(_ a: Tensor, _ b: Tensor) -> Float {
            evaluate(parameters, normalization: .batchStatistics) {
                BYOLLoss()(predictor($0.constant(a)), targets: b) + BYOLLoss()(predictor($0.constant(b)), targets: a)
            }[]
        }
        #expect(loss(views[0], views[1]) == loss(views[1], views[0]))
    }

    @Test func theTargetMovesByItsAverageAlone() {
        // A head of two layers as the encoder, a predictor behind it: ten steps of the whole loop.
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let head = ProjectionHead(inputs: 6, outputs: 4, in: &builder)
        let predictor = Predictor(dimension: 4, in: &builder)
        var main = builder.parameters()
        var (target, average) = (MomentumEncoder(main, momentum: 0.75), main.vector.elements)
        var optimizer = SGD(learningRate: 0.1, momentum: 0)
        for step in 0..<10 {
            let views = (0..<2).map { Tensor(random: [5, 2, 2, 6], seed: UInt64(2 * step + $0)) }
            let before = target.parameters
            let targets = views.map { view in evaluate(before) { head($0.constant(view)) } }
            let (_, gradient) = valueAndGradient(at: &main) { tape in
                let predictions = views.map { predictor(head(tape.constant($0))) }
                return BYOLLoss()(predictions[0], targets: targets[1]) + BYOLLoss()(predictions[1], targets: targets[0])
            }
            #expect(gradient.norm > 0)
            optimizer.update(&main, along: gradient)
            #expect(target.parameters == before)
            target.update(toward: main)
            average = zip(average, main.vector.elements).map { 0.75 * $0 + 0.25 * $1 }
        }
        #expect(difference(target.parameters.vector, average.map(Double.init)) == nil)
        #expect(target.parameters != main)
    }
}
