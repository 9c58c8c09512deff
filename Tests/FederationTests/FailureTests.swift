import Federation
import Tensor
import Testing

struct FailureTests {
    private let exchange = FeatureExchange(dimension: 4, partitions: 4, maximumCount: 100)

    private func walkers(_ count: Int) -> [TestClient] {
        (0..<count).map { TestClient.walker("c\($0)", index: $0) }
    }

    @Test func aClientThatFailsIsNamedAndTheRoundGoesOn() async throws {
        let failing = TestClient.liar("south") { _, _ in throw TestFailure.expected }
        var federation = Federation(clients: [failing] + walkers(2), parameters: model(), quorum: 2)
        let report = try await federation.runRound()
        #expect(
            report.absent == [
                RoundReport.Absence(client: "south", phase: .training, cause: .failed, reason: "as planned")
            ])
        #expect(report.participants.map(\.client) == ["c0", "c1"])
        #expect((report.bytesUp, report.bytesDown) == (2 * 36, 3 * 36), "it received the model, and sent none")

        let clients = (0..<2).map { TestClient.walker("c\($0)", index: $0) }
        var without = Federation(clients: clients, parameters: model(), quorum: 2)
        _ = try await without.runRound()
        #expect(bits(federation.parameters) == bits(without.parameters), "it leaves no trace in the model")
    }

    @Test func aLossThatIsNoNumberEndsTheRoundOfOneClient() async throws {
        let diverging = TestClient.liar("south") { parameters, round in
            for (step, loss) in [1, Float.nan].enumerated() { try NonFiniteLoss.check(loss, step: step) }
            return LocalUpdate(parameters: parameters, sampleCount: 1, round: round, client: "south")
        }
        var federation = Federation(clients: walkers(1) + [diverging], parameters: model(), quorum: 1)
        let report = try await federation.runRound()
        #expect(report.absent.first?.cause == .failed)
        #expect(report.absent.first?.reason.hasPrefix("the loss became nan in step 1") == true)
        #expect(federation.round == 1)
    }

    @Test func whatIsRejectedIsNeverAveraged() async throws {
        let poison = TestClient.liar("south") { parameters, round in
            var parameters = parameters
            parameters.vector = Tensor(repeating: .nan, shape: parameters.vector.shape)
            return LocalUpdate(parameters: parameters, sampleCount: 1_000_000, round: round, client: "south")
        }
        let impostor = TestClient.liar("east") { parameters, round in
            LocalUpdate(parameters: parameters, sampleCount: 1_000_000, round: round, client: "c0")
        }
        var federation = Federation(clients: [poison, impostor] + walkers(2), parameters: model(), quorum: 2)
        let report = try await federation.runRound()
        #expect(report.absent.map(\.client) == ["south", "east"])
        #expect(report.absent.allSatisfy { $0.cause == .rejected && $0.phase == .training })
        #expect(report.absent.first?.reason == "client south sent NaN or infinite values in first.weight")
        #expect(report.bytesUp == 4 * 36, "what was rejected was sent nevertheless")

        var without = Federation(clients: walkers(2), parameters: model(), quorum: 2)
        _ = try await without.runRound()
        #expect(bits(federation.parameters) == bits(without.parameters))
    }

    @Test func whoFailsInTheExchangeSitsOutTheRound() async throws {
        var silent = TestClient.walker("silent", index: 7)
        silent.sharing = { _, _ in throw TestFailure.expected }
        silent.training = { _, _, _ in
            Issue.record("asked to train")
            throw TestFailure.expected
        }
        var strange = TestClient.walker("strange", index: 8)
        strange.sharing = { _, round in try randomShare(2, dimension: 3, client: "strange", round: round) }
        let clients = [silent, strange] + walkers(2).map { $0.sharing(5) }
        var federation = Federation(clients: clients, parameters: model(), quorum: 2, exchange: exchange)
        let report = try await federation.runRound()
        #expect(report.absent.map(\.client) == ["silent", "strange"])
        #expect(report.absent.map(\.cause) == [.failed, .rejected])
        #expect(report.absent.allSatisfy { $0.phase == .exchange })
        #expect(report.absent.last?.reason == "client strange sent features of dimension 3; expected 4")
        #expect(report.participants.map(\.bytesDown) == [36 + 5 * 17, 36 + 5 * 17], "nothing of what was rejected")
    }

    @Test func belowTheQuorumNothingChanges() async throws {
        let clients = walkers(2) + [TestClient.liar("south") { _, _ in throw TestFailure.expected }]
        var federation = Federation(clients: clients, parameters: model(), round: 4, quorum: 3)
        let absence = RoundReport.Absence(client: "south", phase: .training, cause: .failed, reason: "as planned")
        let error = FederationError.quorumLost(round: 5, quorum: 3, present: 2, absent: [absence])
        await #expect(throws: error) { try await federation.runRound() }
        #expect(
            error.description
                == "round 5 was given up: 2 of at least 3 clients were left (south failed in training: as planned)")
        #expect(bits(federation.parameters) == bits(model()))
        #expect(federation.round == 4)
    }

    @Test func theQuorumIsAskedForBeforeTraining() async throws {
        let clients = (0..<2).map { index in
            var client = TestClient.liar("c\(index)") { _, _ in
                Issue.record("asked to train")
                throw TestFailure.expected
            }
            if index == 0 { client.sharing = { _, _ in throw TestFailure.expected } }
            return client
        }
        var federation = Federation(clients: clients, parameters: model(), quorum: 2, exchange: exchange)
        await #expect(throws: FederationError.self) { try await federation.runRound() }
    }

    @Test func anAggregatorThatThrowsChangesNothing() async throws {
        struct Refusing: Aggregator {
            var count = 0
            mutating func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) throws {
                count += 1
                parameters.vector.scale(by: 2)
                throw TestFailure.expected
            }
        }
        var federation = Federation(clients: walkers(2), parameters: model(), quorum: 2, aggregator: Refusing())
        await #expect(throws: TestFailure.self) { try await federation.runRound() }
        #expect(bits(federation.parameters) == bits(model()))
        #expect((federation.aggregator as? Refusing)?.count == 0)
        #expect(federation.round == 0)
    }
}
