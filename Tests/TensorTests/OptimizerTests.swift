import Foundation
import Testing
import _TestSupport

@testable import Tensor

@Suite struct OptimizerTests {
    private static let statistics: [Float] = [5, -5]

    /// A model with the given trainable weights and two statistics.
    private func parameters(_ weights: Tensor) -> Parameters {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        _ = builder.add("weight", shape: weights.shape, initializer: .constant(0))
        _ = builder.add("running_mean", shape: [2], role: .statistic, initializer: .constant(0))
        var parameters = builder.parameters()
        parameters.vector = Tensor(weights.elements + Self.statistics)
        return parameters
    }

    private func fixture() throws -> Safetensors {
        let url = Bundle.module.url(forResource: "Fixtures/optimizers", withExtension: "safetensors")
        return try Safetensors(contentsOf: try #require(url))
    }

    static let optimizers: [(String, any Optimizer)] = [
        ("sgd", SGD(learningRate: 0.01)),
        ("sgd-momentum", SGD(learningRate: 0.01, momentum: 0.9)),
        ("sgd-nesterov-decay", SGD(learningRate: 0.01, momentum: 0.9, weightDecay: 0.1, nesterov: true)),
        ("adam", Adam(learningRate: 0.01)),
        ("adam-decay", Adam(learningRate: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-6, weightDecay: 0.1)),
        ("adamw", Adam(learningRate: 0.01, weightDecay: 0.1, isDecoupled: true)),
    ]

    @Test(arguments: optimizers)
    func takesTheStepsOfPyTorch(name: String, optimizer: any Optimizer) throws {
        let fixture = try fixture()
        let gradients = try fixture.tensor("gradients", shape: [10, 37])
        let expected = try fixture.tensor(name, shape: [10, 37])
        var parameters = parameters(try fixture.tensor("start", shape: [37]))
        var optimizer = optimizer
        for step in 0..<10 {
            optimizer.update(&parameters, along: gradients.rows(step..<step + 1).reshaped(to: [37]))
            let weights = parameters.vector.rows(0..<37)
            #expect(
                difference(weights, expected.rows(step..<step + 1).reshaped(to: [37]), relative: 2e-6) == nil,
                "step \(step)")
        }
        #expect(parameters.vector.rows(37..<39).elements == Self.statistics)
    }

    @Test(arguments: optimizers)
    func goesOnFromASavedStateBitForBit(name: String, optimizer: any Optimizer) throws {
        let gradients = (0..<6).map { Tensor(random: [37], seed: UInt64($0)) }
        var parameters = parameters(Tensor(random: [37], seed: 9))
        var optimizer = optimizer
        for gradient in gradients[..<3] { optimizer.update(&parameters, along: gradient) }
        var file = parameters.safetensors()
        file.insert(optimizer.state, under: "optimizer.")

        var (laterParameters, later) = (parameters, Self.optimizers.first { $0.0 == name }!.1)
        let read = try Safetensors(data: file.data)
        _ = try laterParameters.load(read)
        try later.restore(read.part(under: "optimizer."), for: laterParameters)
        for gradient in gradients[3...] {
            optimizer.update(&parameters, along: gradient)
            later.update(&laterParameters, along: gradient)
        }
        #expect(laterParameters.vector.bits == parameters.vector.bits)
        #expect(later.state.data == optimizer.state.data)
    }

    @Test func refusesTheStateOfAnotherModel() throws {
        let small = parameters(Tensor(random: [3], seed: 1))
        for (_, original) in Self.optimizers {
            var (optimizer, model) = (original, parameters(Tensor(random: [4], seed: 1)))
            optimizer.update(&model, along: Tensor(random: [4], seed: 2))
            let state = optimizer.state
            #expect(throws: WeightsError.self) { try optimizer.restore(state, for: small) }
            #expect(optimizer.state.data == state.data)
        }
        var adam = Adam()
        #expect(throws: WeightsError.self) { try adam.restore(Safetensors(), for: small) }
        #expect(throws: WeightsError.self) {
            try adam.restore(Safetensors(integers: ["step": .init(-1)]), for: small)
        }
        #expect(throws: WeightsError.self) {
            try adam.restore(
                Safetensors(tensors: ["first": Tensor([1, 2, 3])], integers: ["step": .init(1)]), for: small)
        }
        try adam.restore(Adam().state, for: small)
        var sgd = SGD(learningRate: 1)
        try sgd.restore(SGD(learningRate: 1).state, for: small)
    }

    @Test func movesManyWeightsWithTheSameBitsOnAnyNumberOfThreads() {
        // More than one piece of work, and not a multiple of one.
        let count = 2 * Tensor.grain + 77
        for (name, original) in Self.optimizers {
            func run(threads: Int?) -> [UInt32] {
                Parallel.$threadLimit.withValue(threads) {
                    var (optimizer, parameters) = (original, parameters(Tensor(repeating: 1, shape: [count])))
                    var gradient = Tensor(zeros: [count])
                    gradient.withMutableElements { for i in $0.indices { $0[i] = Float(i % 101) / 50 - 1 } }
                    for _ in 0..<2 { optimizer.update(&parameters, along: gradient) }
                    return parameters.vector.bits
                }
            }
            let alone = run(threads: 1)
            #expect(alone == run(threads: nil), "\(name)")
            #expect(alone[0] == alone[Tensor.grain * 2 / 101 * 101], "\(name)")
        }
    }

    @Test func allocatesNothingAfterTheFirstStep() async {
        await #expect(processExitsWith: .success) {
            var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
            _ = builder.add("weight", shape: [1_000], initializer: .uniform(bound: 1))
            var parameters = builder.parameters()
            let gradient = Tensor(random: [1_000], seed: 3)
            var (sgd, adam) = (SGD(learningRate: 0.1, momentum: 0.9), Adam())
            func update() {
                sgd.update(&parameters, along: gradient)
                adam.update(&parameters, along: gradient)
            }
            update()
            let before = BufferPool.shared.statistics
            for _ in 0..<10 { update() }
            #expect(BufferPool.shared.statistics == before)
            // Whoever holds a copy costs a copy: the counter does see one.
            let copy = parameters
            update()
            #expect(BufferPool.shared.statistics != before)
            #expect(copy.vector != parameters.vector)
        }
    }

    @Test func shortensAGradientAsPyTorchDoes() throws {
        let fixture = try fixture()
        var gradient = try fixture.tensor("gradients", shape: [10, 37]).rows(0..<1).reshaped(to: [37])
        let norm = clipNorm(of: &gradient, to: 2)
        #expect(abs(norm / (try fixture.tensor("norm", shape: []).elements[0]) - 1) < 1e-6)
        #expect(difference(gradient, try fixture.tensor("clipped", shape: [37]), relative: 1e-6) == nil)
        #expect(abs(gradient.norm - 2) < 1e-5)

        let short = gradient
        #expect(clipNorm(of: &gradient, to: 3) < 3)
        #expect(gradient.bits == short.bits)

        var broken = Tensor([1, .infinity])
        #expect(clipNorm(of: &broken, to: 1) == .infinity)
        #expect(broken.elements == [1, .infinity])
    }

    @Test(arguments: [
        ("cosine", Schedule.cosine(from: 0.1, to: 0.001, steps: 20)),
        ("polynomial", .polynomial(from: 0.1, power: 0.9, steps: 20)),
        ("warm-up", .warmUp(steps: 4, then: .polynomial(from: 0.1, power: 0.9, steps: 20))),
    ])
    func schedulesFallAsThoseOfPyTorch(name: String, schedule: Schedule) throws {
        let rates = Tensor((0..<25).map { schedule.rate(at: $0) })
        #expect(difference(rates, try fixture().tensor(name, shape: [25]), relative: 2e-6, absolute: 1e-9) == nil)
        #expect(try JSONDecoder().decode(Schedule.self, from: JSONEncoder().encode(schedule)) == schedule)
    }

    @Test func aConstantScheduleIsConstant() {
        #expect(Schedule.constant(0.3).rate(at: 1_000_000) == 0.3)
        #expect(Schedule.warmUp(steps: 0, then: .constant(0.3)).rate(at: 0) == 0.3)
    }

    /// A learning rate per group is that of a separate optimizer for each group; to the bit where the factor is 1.
    @Test func rateFactorsAreLearningRatesOfGroups() {
        let (slow, fast) = (ParameterGroup("slow"), ParameterGroup("fast"))
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        for (group, names) in [(slow, ["a", "b"]), (fast, ["c"]), (slow, ["d"])] {
            builder.group(group) { builder in
                for name in names { _ = builder.add(name, shape: [37], initializer: .constant(1)) }
            }
        }
        var both = builder.parameters()
        var optimizer = Adam(learningRate: 0.01, weightDecay: 0.1)
        optimizer.rateFactors[slow] = 0.25
        var (alone, other) = (both, both)
        var (slowly, quickly) = (
            Adam(learningRate: 0.01 * 0.25, weightDecay: 0.1), Adam(learningRate: 0.01, weightDecay: 0.1)
        )
        for step in 0..<4 {
            let gradient = Tensor(random: [4 * 37], seed: UInt64(step))
            optimizer.update(&both, along: gradient)
            slowly.update(&alone, along: gradient)
            quickly.update(&other, along: gradient)
        }
        for slot in both.slots {
            if slot.group == slow {
                #expect(difference(both[slot], alone[slot], relative: 2e-7) == nil, "\(slot.name)")
            } else {
                #expect(both[slot] == other[slot], "\(slot.name)")
            }
        }

        optimizer.rateFactors[slow] = 0
        let before = both
        optimizer.update(&both, along: Tensor(random: [4 * 37], seed: 9))
        for slot in both.slots { #expect((both[slot] == before[slot]) == (slot.group == slow), "\(slot.name)") }
    }

    @Test func theRateFactorsOfSGDAreLearningRatesOfGroups() {
        let slow = ParameterGroup("slow")
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let fast = builder.add("a", shape: [37], initializer: .constant(1))
        let rest = builder.group(slow) { $0.add("b", shape: [37], initializer: .constant(1)) }
        var both = builder.parameters()
        var optimizer = SGD(learningRate: 0.5, momentum: 0.9, weightDecay: 0.1, nesterov: true)
        optimizer.rateFactors[slow] = 0.25
        var (alone, other) = (both, both)
        var slowly = SGD(learningRate: 0.125, momentum: 0.9, weightDecay: 0.1, nesterov: true)
        var quickly = SGD(learningRate: 0.5, momentum: 0.9, weightDecay: 0.1, nesterov: true)
        for step in 0..<4 {
            let gradient = Tensor(random: [74], seed: UInt64(step))
            optimizer.update(&both, along: gradient)
            slowly.update(&alone, along: gradient)
            quickly.update(&other, along: gradient)
        }
        #expect(both[rest] == alone[rest] && both[fast] == other[fast] && both[rest] != both[fast])
    }
}
