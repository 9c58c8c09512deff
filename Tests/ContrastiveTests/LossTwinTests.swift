import Contrastive
import Features
import Foundation
import Tensor
import Testing
import _TestSupport

/// Every loss and head computed here and by PyTorch: values, and gradients by every input and weight.
///
/// PyTorch's numbers were computed in double precision, so what differs are this package's rounding errors: scores are up
/// to 1/τ = 10 in size, and so known to about 1e-6.
@Suite struct LossTwinTests {
    private struct Stored: Decodable {
        let shape: [Int]
        let values: [Float]
        var tensor: Tensor { Tensor(values, shape: Tensor.Shape(shape)) }
    }

    private struct Case: Decodable {
        let loss: Double
        let inputs, constants, weights, gradients, results: [String: Stored]
    }

    private let cases: [String: Case]

    init() throws {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/losses", withExtension: "json"))
        cases = try JSONDecoder().decode([String: Case].self, from: Data(contentsOf: url))
    }

    /// Compares a loss, its gradients by the named inputs and, where the model has any, by its weights.
    ///
    /// - Parameters:
    ///   - name: The case.
    ///   - inputs: The names of the inputs, in the order in which the loss takes them.
    ///   - scope: What stands before the names of the weights here.
    ///   - parameters: The model whose weights are replaced by those of the case.
    ///   - loss: Computes the loss.
    /// - Returns: The model, with the statistics that the step measured.
    @discardableResult private func compare(
        _ name: String, inputs: [String], scope: String = "", parameters: Parameters = Parameters(),
        loss: (_ inputs: [Variable], _ constants: [String: Tensor]) -> Variable
    ) throws -> Parameters {
        let expected = try #require(cases[name])
        #expect(Set(expected.inputs.keys) == Set(inputs))
        var parameters = parameters
        if !expected.weights.isEmpty {
            var file = Safetensors()
            for (name, weight) in expected.weights { file.tensors[scope + name] = weight.tensor }
            let transfer = try parameters.load(file)
            #expect(transfer.unexpected.isEmpty && transfer.loaded.count == expected.weights.count)
        }
        let constants = expected.constants.mapValues(\.tensor)
        let tensors = try inputs.map { try #require(expected.inputs[$0]).tensor }
        let (value, gradients) = valueAndGradient(at: tensors, parameters: parameters) { loss($0, constants) }
        #expect(abs(Double(value) - expected.loss) <= 1e-6 + 2e-6 * abs(expected.loss), "\(name)")
        var found = Dictionary(uniqueKeysWithValues: zip(inputs, gradients))
        if !parameters.slots.isEmpty {
            let start = parameters
            let (_, gradient) = valueAndGradient(at: &parameters) { tape in loss(tensors.map(tape.constant), constants)
            }
            // The gradient with names, in PyTorch's layout.
            var named = start
            named.vector = Tensor(gradient.elements + start.vector.elements.dropFirst(gradient.count))
            found.merge(named.safetensors(including: { $0.role == .trainable }).tensors) { $1 }
        }
        #expect(found.count == expected.gradients.count)
        for (key, gradient) in expected.gradients {
            let own = try #require(found[key] ?? found[scope + key], "\(name): \(key)")
            let largest = Double(gradient.values.map(abs).max() ?? 0)
            #expect(
                difference(own, gradient.tensor, relative: 2e-5, absolute: 1e-5 * largest + 1e-7) == nil,
                "\(name): \(key)")
        }
        return parameters
    }

    private func features(_ tensor: Tensor?) -> FeatureSet {
        FeatureSet(features: tensor!, partitions: Array(repeating: 0, count: tensor!.shape[0]))
    }

    private func result(_ name: String, _ key: String) throws -> Tensor {
        try #require(cases[name]?.results[key]).tensor
    }

    @Test func everyCaseIsCompared() {
        #expect(
            Set(cases.keys) == [
                "ntXent", "fedCA", "partitionContrastive", "moCo", "swAV", "swAVWithQueue", "byol", "rotation",
                "reconstruction", "graded",
            ])
    }

    @Test func simCLR() throws {
        try compare("ntXent", inputs: ["first", "second"]) { inputs, _ in NTXentLoss()(inputs[0], inputs[1]) }
    }

    @Test func fedCA() throws {
        try compare("fedCA", inputs: ["first", "second", "features"]) { inputs, constants in
            FedCALoss()(
                inputs[0], inputs[1], dictionary: features(constants["dictionary"]), features: inputs[2],
                base: constants["base"]!)
        }
    }

    @Test func localContrastiveLearning() throws {
        try compare("partitionContrastive", inputs: ["first", "second"]) { inputs, constants in
            PartitionContrastiveLoss()(
                inputs[0], inputs[1], partitions: constants["partitions"]!.elements.map { UInt8($0) })
        }
    }

    @Test func fclPlus() throws {
        try compare("graded", inputs: ["queries"]) { inputs, constants in
            func set(_ features: String, _ tags: String) -> FeatureSet {
                FeatureSet(features: constants[features]!, partitions: constants[tags]!.elements.map { UInt8($0) })
            }
            return GradedLoss()(
                inputs[0], volumes: constants["volumes"]!.elements.map { Int($0) }, keys: set("keys", "tags"),
                bank: set("bank", "bankTags"), foreign: 5..<11
            ).loss
        }
    }

    @Test func moCo() throws {
        try compare("moCo", inputs: ["queries"]) { inputs, constants in
            MoCoLoss()(inputs[0], keys: features(constants["keys"]), queue: features(constants["queue"]))
        }
    }

    @Test(arguments: ["swAV", "swAVWithQueue"])
    func swAV(name: String) throws {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let prototypes = Prototypes(count: 7, dimension: 8, in: &builder)
        var parameters = builder.parameters()
        parameters[prototypes.weight] = try #require(cases[name]?.constants["prototypes"]).tensor
        let model = parameters
        try compare(name, inputs: ["first", "second"], parameters: model) { inputs, constants in
            SwAVLoss()(inputs[0], inputs[1], prototypes: prototypes, queue: features(constants["queue"]))
        }
        // The codes of the first view, from its scores and the queue's.
        let expected = try #require(cases[name])
        let first = try #require(expected.inputs["first"]).tensor.l2Normalized()
        let queue = try #require(expected.constants["queue"]).tensor
        let all = Tensor(first.elements + queue.elements, shape: [6 + queue.shape[0], 8])
        let codes = sinkhornKnopp(all.matrixProduct(model[prototypes.weight], otherTransposed: true)).rows(0..<6)
        #expect(difference(codes, try result(name, "codes"), relative: 2e-5, absolute: 1e-6) == nil)
    }

    @Test func byol() throws {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let predictor = Predictor(dimension: 8, in: &builder)
        let after = try compare(
            "byol", inputs: ["first", "second"], scope: "head.predictor.", parameters: builder.parameters()
        ) { inputs, constants in
            BYOLLoss()(predictor(inputs[0]), targets: constants["secondTargets"]!)
                + BYOLLoss()(predictor(inputs[1]), targets: constants["firstTargets"]!)
        }
        for name in ["1.running_mean", "1.running_var"] {
            let slot = try #require(after.slot(named: "head.predictor." + name))
            #expect(difference(after[slot], try result("byol", name)) == nil, "\(name)")
        }
    }

    @Test func rotation() throws {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let task = RotationTask(inputs: 3, in: &builder)
        try compare(
            "rotation", inputs: ["features"], scope: "head.rotation.", parameters: builder.parameters()
        ) { inputs, _ in task(inputs[0]) }
        let images = try #require(cases["rotation"]?.constants["images"]).tensor
        #expect(RotationTask.copies(of: images) == (try result("rotation", "copies")))
    }

    @Test func reconstruction() throws {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
        let head = ReconstructionHead(inputs: 8, depth: 2, in: &builder)
        let model = try compare(
            "reconstruction", inputs: ["features"], scope: "head.decoder.", parameters: builder.parameters()
        ) { inputs, constants in
            ReconstructionTask()(head(inputs[0]), images: constants["images"]!, mask: constants["mask"]!)
        }
        let features = try #require(cases["reconstruction"]?.inputs["features"]).tensor
        let drawing = evaluate(model) { head($0.constant(features)) }
        #expect(difference(drawing, try result("reconstruction", "drawing"), relative: 1e-5, absolute: 1e-6) == nil)
    }
}
