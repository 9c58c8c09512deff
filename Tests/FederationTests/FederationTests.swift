import Federation
import Tensor
import Testing

struct FederationTests {
    private let exchange = FeatureExchange(dimension: 4, partitions: 4, maximumCount: 100)

    @Test func oneClientIsPlainTraining() async throws {
        let client = TestClient.walker("north", index: 0, samples: 17)
        var federation = Federation(clients: [client], parameters: model(), quorum: 1)
        var plain = model()
        for round in 1...3 {
            _ = try await federation.runRound()
            plain = try await client.train(from: plain, round: round, features: []).parameters
        }
        #expect(bits(federation.parameters) == bits(plain))
        #expect(federation.round == 3)
    }

    @Test func theModelIsTheWeightedMean() async throws {
        let clients = (0..<3).map { TestClient.walker("c\($0)", index: $0, samples: 1 + $0 * 5) }
        var federation = Federation(clients: clients, parameters: model(), quorum: 3)
        _ = try await federation.runRound()
        var updates: [LocalUpdate] = []
        for client in clients { updates.append(try await client.train(from: model(), round: 1, features: [])) }
        var expected = model()
        FedAvg().aggregate(updates, into: &expected)
        #expect(bits(federation.parameters) == bits(expected))
        #expect(bits(expected) != bits(model()))
    }

    @Test func everyClientReceivesTheBanksOfTheOthersInOrder() async throws {
        let clients = (0..<4).map { index in
            var client = TestClient.walker("c\(index)", index: index)
            client.training = { parameters, round, features in
                let received = features.map(\.client).joined()
                #expect(features.allSatisfy { $0.round == round })
                return LocalUpdate(
                    parameters: parameters, sampleCount: 1, round: round, client: "c\(index)",
                    metrics: [Metric("from-" + received): 1])
            }
            // One stays out of the exchange: it gives nothing and gets nothing.
            return index == 2 ? client : client.sharing(3 + index, seed: UInt64(index))
        }
        var federation = Federation(clients: clients, parameters: model(), quorum: 4, exchange: exchange)
        let report = try await federation.runRound()
        #expect(
            report.participants.map { $0.metrics.keys.first?.rawValue } == [
                "from-c1c3", "from-c0c3", "from-", "from-c0c1",
            ])
        #expect(report.participants.map(\.features) == [3, 4, 0, 6])
    }

    /// Up |θ| + K·D·4 + K; down |θ| + Σ over the other clients of K·D·4 + K.
    @Test func bytesAreThoseOfTheFormula() async throws {
        let (clientCount, features, dimension, weights) = (5, 7, 4, 9)
        let clients = (0..<clientCount).map { TestClient.walker("c\($0)", index: $0).sharing(features) }
        var federation = Federation(clients: clients, parameters: model(), quorum: 5, exchange: exchange)
        let report = try await federation.runRound()
        let bank = features * dimension * 4 + features
        for participant in report.participants {
            #expect(participant.bytesUp == weights * 4 + bank)
            #expect(participant.bytesDown == weights * 4 + (clientCount - 1) * bank)
        }
        #expect(report.bytesUp == clientCount * (weights * 4 + bank))
        #expect(report.bytesDown == clientCount * (weights * 4 + (clientCount - 1) * bank))
    }

    @Test func withoutAnExchangeNobodyIsAskedForFeatures() async throws {
        var client = TestClient.walker("north", index: 0)
        client.sharing = { _, _ in throw TestFailure.expected }
        var federation = Federation(clients: [client], parameters: model(), quorum: 1)
        let report = try await federation.runRound()
        #expect(report.absent.isEmpty)
        #expect((report.bytesUp, report.bytesDown) == (36, 36))
    }

    @Test func metricsAreMeansBySamples() async throws {
        let clients = [
            TestClient.walker("a", index: 0, samples: 1, metrics: [.loss: 5, Metric("dice"): .nan, Metric("only"): 2]),
            TestClient.walker("b", index: 1, samples: 3, metrics: [.loss: 1, Metric("dice"): 0.5]),
        ]
        var federation = Federation(clients: clients, parameters: model(), quorum: 2)
        let report = try await federation.runRound()
        #expect(report.metrics == [.loss: 2, Metric("dice"): 0.5, Metric("only"): 2])
        #expect(
            report.participants.map(\.metrics) == [[.loss: 5, Metric("only"): 2], [.loss: 1, Metric("dice"): 0.5]])
        #expect(report.participants.map(\.sampleCount) == [1, 3])
    }

    @Test func aRunGoesOnWhereItStopped() async throws {
        let clients = (0..<3).map { TestClient.walker("c\($0)", index: $0) }
        var whole = Federation(clients: clients, parameters: model(), quorum: 3)
        for _ in 1...4 { _ = try await whole.runRound() }
        var first = Federation(clients: clients, parameters: model(), quorum: 3)
        for _ in 1...2 { _ = try await first.runRound() }
        var second = Federation(clients: clients, parameters: first.parameters, round: first.round, quorum: 3)
        for _ in 1...2 { _ = try await second.runRound() }
        #expect(bits(second.parameters) == bits(whole.parameters))
        #expect(second.round == 4)
    }
}

enum TestFailure: Error, CustomStringConvertible {
    case expected

    var description: String { "as planned" }
}
