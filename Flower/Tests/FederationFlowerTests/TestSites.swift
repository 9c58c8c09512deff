import Features
import Federation
import Foundation
import Tensor

@testable import FederationFlower

/// A client that moves every weight by a seeded number and by the features of the others, so that both arrive or show.
actor WalkingClient: Client {
    nonisolated let id: String
    private let index: Int
    /// What is done to an update before it leaves.
    private let spoil: @Sendable (inout Parameters) throws -> Void

    init(
        _ index: Int, name: String? = nil, spoil: @escaping @Sendable (inout Parameters) throws -> Void = { _ in }
    ) {
        (id, self.index, self.spoil) = (name ?? "client-\(index + 1)", index, spoil)
    }

    func shareFeatures(of parameters: Parameters, round: Int) throws -> FeatureShare? {
        var generator = SeededGenerator(seed: 9, path: round, index)
        let values = (0..<5 * 4).map { _ in generator.normal() + parameters.vector.elements[0] }
        let features = try FeatureSet(
            normalizing: Tensor(values, shape: [5, 4]), partitions: [0, 1, 2, 3, 0])
        return FeatureShare(features, client: id, round: round)
    }

    func train(from parameters: Parameters, round: Int, features: [FeatureShare]) throws -> LocalUpdate {
        var generator = SeededGenerator(seed: 5, path: round, index)
        var parameters = parameters
        let others = features.flatMap(\.features.vectors.elements)
        parameters.vector.withMutableSpan { elements in
            for place in elements.indices {
                elements[place] += generator.uniform(in: -1...1) + (others.isEmpty ? 0 : others[place % others.count])
            }
        }
        try spoil(&parameters)
        return LocalUpdate(
            parameters: parameters, sampleCount: index + 1, round: round, client: id,
            metrics: [.loss: 1.5 * Double(round), Metric("banks"): Double(features.count)])
    }
}

/// A model with a weight of each layout.
func testModel() -> Parameters {
    var builder = ParameterBuilder(generator: SeededGenerator(seed: 3))
    _ = builder.add("conv.weight", shape: [3, 3, 2, 4], layout: .convolution, initializer: .uniform(bound: 1))
    _ = builder.add("norm.running_mean", shape: [4], role: .statistic, initializer: .constant(0.25))
    _ = builder.add("norm.running_var", shape: [4], role: .statistic, initializer: .constant(1))
    _ = builder.add("last.weight", shape: [4, 3], layout: .linear, initializer: .uniform(bound: 1))
    return builder.parameters()
}

func bits(_ parameters: Parameters) -> [UInt32] { parameters.vector.elements.map(\.bitPattern) }

/// Runs a server and the sites of `clients` over one fake Flower, and returns what the server's work returns.
///
/// Sites that are restarted have forgotten, at each message, what the last one brought.
@discardableResult
func overFlower<Result: Sendable>(
    _ flower: FakeFlower, _ clients: [any Client], app: String? = nil, areRestarted: Bool = false,
    audit: AuditLog? = nil,
    _ work: @escaping @Sendable (FlowerGrid) async throws -> Result
) async throws -> Result {
    let endpoint = try FlowerEndpoint(address: "http://127.0.0.1:9")
    let exchange = FeatureExchange(dimension: 4, partitions: 4, maximumCount: 5)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        defer { group.cancelAll() }
        for (node, client) in zip(flower.nodes, clients) {
            @Sendable func start() -> SiteResponder {
                SiteResponder { _, _, _ in
                    FlowerSite(client: client, parameters: testModel(), exchange: exchange)
                }
            }
            let responder = start()
            group.addTask {
                try await FlowerClientApp(
                    endpoint, app: app, over: flower.transport(for: .node(node)), idle: .milliseconds(1), audit: audit
                ).run { try await (areRestarted ? start() : responder).answer($0) }
                return nil
            }
        }
        group.addTask {
            try await FlowerServerApp(endpoint, over: flower.transport(for: .server), interval: .milliseconds(1))
                .run { grid, _ in try await work(grid) }
        }
        while let result = try await group.next() {
            if let result { return result }
        }
        throw CancellationError()
    }
}
