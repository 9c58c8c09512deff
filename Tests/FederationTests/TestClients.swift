import Features
import Federation
import Foundation
import Tensor

/// A client whose two answers are given as closures.
struct TestClient: Client {
    let id: String
    var sharing: @Sendable (Parameters, Int) async throws -> FeatureShare? = { _, _ in nil }
    var training: @Sendable (Parameters, Int, [FeatureShare]) async throws -> LocalUpdate

    func shareFeatures(of parameters: Parameters, round: Int) async throws -> FeatureShare? {
        try await sharing(parameters, round)
    }

    func train(from parameters: Parameters, round: Int, features: [FeatureShare]) async throws -> LocalUpdate {
        try await training(parameters, round, features)
    }

    /// A client that moves every weight by a seeded random number.
    static func walker(_ id: String, index: Int, samples: Int = 1, metrics: [Metric: Double] = [:]) -> TestClient {
        TestClient(id: id) { parameters, round, _ in
            var generator = SeededGenerator(seed: 5, path: round, index)
            var parameters = parameters
            parameters.vector.withMutableSpan { elements in
                for index in elements.indices { elements[index] += generator.uniform(in: -1...1) }
            }
            return LocalUpdate(
                parameters: parameters, sampleCount: samples, round: round, client: id, metrics: metrics)
        }
    }

    /// A client that answers as it likes.
    static func liar(
        _ id: String, _ answer: @escaping @Sendable (Parameters, Int) throws -> LocalUpdate
    ) -> TestClient {
        TestClient(id: id) { parameters, round, _ in try answer(parameters, round) }
    }

    /// This client, also sharing `count` random features of dimension 4.
    func sharing(_ count: Int, seed: UInt64 = 1) -> TestClient {
        var client = self
        client.sharing = { _, round in
            try randomShare(count, client: id, round: round, seed: seed)
        }
        return client
    }
}

/// A model of seven weights and two statistics; `values` fills the vector from its beginning.
func model(_ values: [Float] = []) -> Parameters {
    var builder = ParameterBuilder(generator: SeededGenerator(seed: 3))
    _ = builder.add("first.weight", shape: [2, 3], initializer: .uniform(bound: 1))
    _ = builder.add("norm.mean", shape: [2], role: .statistic, initializer: .constant(0.25))
    _ = builder.add("last.bias", shape: [1], initializer: .constant(0))
    var parameters = builder.parameters()
    parameters.vector.withMutableSpan { elements in
        for (index, value) in values.enumerated() { elements[index] = value }
    }
    return parameters
}

func randomShare(
    _ count: Int, dimension: Int = 4, client: String, round: Int, seed: UInt64 = 1
) throws -> FeatureShare {
    var generator = SeededGenerator(seed: seed)
    let values = (0..<count * dimension).map { _ in generator.normal() }
    let features = try FeatureSet(
        normalizing: Tensor(values, shape: [count, dimension]), partitions: (0..<count).map { UInt8($0 % 4) })
    return FeatureShare(features, client: client, round: round)
}

/// The bits of a model, so that -0 differs from 0.
func bits(_ parameters: Parameters) -> [UInt32] { parameters.vector.elements.map(\.bitPattern) }

/// A directory that is gone at the end of the test.
final class TemporaryDirectory: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("federation-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// A copy, to be damaged.
    func copy() throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory()
        try FileManager.default.removeItem(at: copy.url)
        try FileManager.default.copyItem(at: url, to: copy.url)
        return copy
    }
}

/// The report of a round in which nobody did anything.
func emptyReport(_ round: Int) -> RoundReport {
    let json = """
        {"round":\(round),"participants":[],"absent":[],"bytesUp":0,"bytesDown":0,
        "seconds":{"exchange":0,"training":\(round),"aggregation":0},"metrics":{"loss":\(1 / Double(round))}}
        """
    guard let report = try? JSONDecoder().decode(RoundReport.self, from: Data(json.utf8)) else { fatalError(json) }
    return report
}
