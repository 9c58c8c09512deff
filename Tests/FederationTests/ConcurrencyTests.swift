import Federation
import Synchronization
import Tensor
import Testing

struct ConcurrencyTests {
    /// Counts clients at work.
    private final class Crowd: Sendable {
        private let state = Mutex((now: 0, peak: 0, total: 0))
        var peak: Int { state.withLock { $0.peak } }
        var total: Int { state.withLock { $0.total } }

        func enter() {
            state.withLock { state in
                state.now += 1
                state.total += 1
                state.peak = max(state.peak, state.now)
            }
        }

        func leave() { state.withLock { $0.now -= 1 } }
    }

    @Test(arguments: [1, 2, 4]) func exactlySoManyWorkAtATime(limit: Int) async throws {
        let crowd = Crowd()
        let clients = (0..<7).map { index in
            TestClient(id: "c\(index)") { parameters, round, _ in
                crowd.enter()
                defer { crowd.leave() }
                // Until as many were there as may be, and then a little, in which no other may come.
                for _ in 0..<2000 where crowd.peak < limit { try await Task.sleep(for: .milliseconds(1)) }
                try await Task.sleep(for: .milliseconds(3))
                #expect(Parallel.threadLimit == (limit > 1 ? 1 : nil))
                return LocalUpdate(parameters: parameters, sampleCount: 1, round: round, client: "c\(index)")
            }
        }
        var federation = Federation(clients: clients, parameters: model(), quorum: 7, concurrency: limit)
        _ = try await federation.runRound()
        #expect(crowd.peak == limit)
        #expect(crowd.total == 7)
    }

    @Test func aLoneClientKeepsTheThreadsOfItsCaller() async throws {
        let client = TestClient.liar("north") { parameters, round in
            #expect(Parallel.threadLimit == 3)
            return LocalUpdate(parameters: parameters, sampleCount: 1, round: round, client: "north")
        }
        var federation = Federation(clients: [client], parameters: model(), quorum: 1)
        try await Parallel.$threadLimit.withValue(3) { _ = try await federation.runRound() }
    }

    @Test func resultsDoNotDependOnIt() async throws {
        let exchange = FeatureExchange(dimension: 4, partitions: 4, maximumCount: 10)
        func run(_ concurrency: Int) async throws -> ([UInt32], [RoundReport]) {
            // The first clients take longest, so that answers come in another order than questions.
            let clients = (0..<6).map { index in
                var client = TestClient.walker("c\(index)", index: index, samples: 3 + index * index)
                let training = client.training
                client.training = { parameters, round, features in
                    if concurrency > 1 { try await Task.sleep(for: .milliseconds(10 - index)) }
                    if index == 3 && round == 2 { throw TestFailure.expected }
                    let moved = try await training(parameters, round, features)
                    var parameters = moved.parameters
                    // What was received has to matter, and its order too.
                    for (place, share) in features.enumerated() {
                        parameters.vector.add(
                            Tensor(repeating: Float(share.features.vectors.sum) / Float(place + 1), shape: [9]))
                    }
                    return LocalUpdate(
                        parameters: parameters, sampleCount: moved.sampleCount, round: round, client: moved.client,
                        metrics: [.loss: Double(parameters.vector.elements[0])])
                }
                return client.sharing(2 + index, seed: UInt64(index))
            }
            var federation = Federation(
                clients: clients, parameters: model(), quorum: 5, concurrency: concurrency, exchange: exchange)
            var reports: [RoundReport] = []
            for _ in 1...3 { reports.append(try await federation.runRound()) }
            return (bits(federation.parameters), reports)
        }
        let expected = try await run(1)
        for concurrency in [2, 4, 9] {
            let found = try await run(concurrency)
            #expect(found.0 == expected.0)
            for (a, b) in zip(found.1, expected.1) {
                #expect(a.participants.map(\.client) == b.participants.map(\.client))
                #expect(a.metrics == b.metrics)
                #expect(a.absent == b.absent)
                #expect((a.bytesUp, a.bytesDown) == (b.bytesUp, b.bytesDown))
            }
        }
    }

    @Test func cancellingStopsPromptlyAndChangesNothing() async throws {
        let (crowd, patient) = (Crowd(), Crowd())
        let clients = (0..<20).map { index in
            TestClient(id: "c\(index)") { parameters, round, _ in
                crowd.enter()
                try await Task.sleep(for: .seconds(600))
                // Nobody gets here who was woken by the cancellation. (How soon he was says more of what else runs.)
                patient.enter()
                return LocalUpdate(parameters: parameters, sampleCount: 1, round: round, client: "c\(index)")
            }
        }
        let task = Task {
            var federation = Federation(clients: clients, parameters: model(), quorum: 1, concurrency: 2)
            await #expect(throws: CancellationError.self) { try await federation.runRound() }
            return federation
        }
        while crowd.peak < 2 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        let federation = await task.value
        #expect(patient.total == 0)
        #expect(crowd.total == 2, "no other client is asked")
        #expect(federation.round == 0)
        #expect(bits(federation.parameters) == bits(model()))
    }
}
