import Federation
import Tensor
import Testing

/// Ten clients of which some lie, against the mean of the honest ones.
struct UpdateBoundsTests {
    /// A lie: what the client sends in place of its honest update.
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let fault: @Sendable (Rejection.Fault) -> Bool
        let tell: @Sendable (LocalUpdate, Parameters) -> LocalUpdate

        /// A lie about the weights: their honest value and the global one become another.
        static func weights(_ name: String, _ change: @escaping @Sendable (Float, Float) -> Float) -> Lie {
            Lie(testDescription: name, fault: { if case .distance = $0 { true } else { false } }) {
                update, global in
                update.replacing(0..<update.parameters.trainableCount) { change($0, global.vector.elements[$1]) }
            }
        }
    }

    static let lies: [Lie] = [
        .weights("a hundred times as far") { $1 + 100 * ($0 - $1) },
        .weights("a hundred times as far, backward") { $1 - 100 * ($0 - $1) },
        .weights("a million") { _, _ in 1e6 },
        .weights("the largest numbers") { _, _ in 3e38 },
        Lie(
            testDescription: "a trillion samples",
            fault: { if case .weight(1 << 40, _) = $0 { true } else { false } }
        ) { update, _ in
            LocalUpdate(
                parameters: update.parameters, sampleCount: 1 << 40, round: update.round, client: update.client)
        },
        Lie(testDescription: "negative variances", fault: { $0 == .negative(slot: "norm.variance") }) { update, _ in
            let count = update.parameters.count
            return update.replacing(count - 4..<count) { value, _ in -value }
        },
        Lie(
            testDescription: "statistics ten thousand times as large",
            fault: { if case .statistics = $0 { true } else { false } }
        ) { update, _ in
            update.replacing(update.parameters.trainableCount..<update.parameters.count) { value, _ in 1e4 * value }
        },
    ]

    @Test(arguments: lies, [1, 2, 3]) func liarsAreRefusedAndNamed(lie: Lie, count: Int) async throws {
        let honest = (0..<10).map { client($0) }
        let liars = honest.prefix(count).map { client in
            TestClient.liar(client.id) { parameters, round in
                lie.tell(try Self.update(client.id, from: parameters, round: round), parameters)
            }
        }
        var attacked = Federation(clients: liars + honest.dropFirst(count), parameters: network(), quorum: 7)
        var whole = Federation(clients: honest, parameters: network(), quorum: 10)
        var rest = Federation(clients: Array(honest.dropFirst(count)), parameters: network(), quorum: 7)
        for _ in 1...3 {
            let start = whole.parameters
            let report = try await attacked.runRound()
            #expect(report.absent.map(\.client) == liars.map(\.id))
            #expect(report.absent.allSatisfy { $0.cause == .rejected && $0.phase == .training })
            _ = try await (whole.runRound(), rest.runRound())
            #expect(bits(attacked.parameters) == bits(rest.parameters), "the liars leave no trace")
            #expect(distance(attacked.parameters, whole.parameters) < distance(start, whole.parameters))
        }
        #expect(attacked.round == 3)
    }

    @Test(arguments: lies) func refusalsNameTheLie(lie: Lie) async throws {
        let honest = (0..<4).map { client($0) }
        let liar = TestClient.liar("client-9") { parameters, round in
            lie.tell(try Self.update("client-9", from: parameters, round: round), parameters)
        }
        var federation = Federation(clients: honest + [liar], parameters: network(), quorum: 4)
        let reason = try await federation.runRound().absent.first?.reason
        #expect(reason?.hasPrefix("client client-9 ") == true)
        // The same fault, seen before it is a sentence.
        var validation = Validation(round: 1, reference: network(), exchange: nil)
        let update = lie.tell(try Self.update("client-9", from: network(), round: 1), network())
        do throws(Rejection) { try validation.accept(update, from: "client-9") } catch {
            #expect(lie.fault(error.fault))
        }
    }

    /// A hundred rounds, with samples between 1 and 10 and clients that each learn something else.
    @Test(arguments: [false, true]) func honestClientsAreNeverRefused(isSkewed: Bool) async throws {
        let clients = (0..<10).map { client($0, samples: 1 + $0, isSkewed: isSkewed) }
        var bounded = Federation(clients: clients, parameters: network(), quorum: 10)
        var unbounded = Federation(clients: clients, parameters: network(), quorum: 10, bounds: nil)
        for _ in 1...100 {
            let report = try await bounded.runRound()
            #expect(report.absent.isEmpty)
            _ = try await unbounded.runRound()
        }
        #expect(bits(bounded.parameters) == bits(unbounded.parameters))
    }

    @Test func oneSiteMayHaveTenTimesTheData() async throws {
        let clients = (0..<10).map { client($0, samples: $0 == 0 ? 1000 : 100) }
        var federation = Federation(clients: clients, parameters: network(), quorum: 10)
        #expect(try await federation.runRound().participants.first?.share == 1000.0 / 1900)
    }

    @Test func twoClientsAreComparedWithEarlierRounds() async throws {
        let honest = client(0)
        let turncoat = TestClient.liar("client-2") { parameters, round in
            let update = try Self.update("client-2", from: parameters, round: round)
            return round < 3 ? update : Self.lies[0].tell(update, parameters)
        }
        var federation = Federation(clients: [honest, turncoat], parameters: network(), quorum: 1)
        for round in 1...4 {
            #expect(try await federation.runRound().absent.map(\.client) == (round < 3 ? [] : ["client-2"]))
        }
        // The memory is that of the run on disk, if it goes on.
        let reports = try await [1, 2].asyncMap { _ in try await federation.runRound() }
        var resumed = Federation(
            clients: [turncoat, honest], parameters: federation.parameters, round: 6, quorum: 1,
            bounds: UpdateBounds(after: reports))
        #expect(try await resumed.runRound().absent.map(\.client) == ["client-2"])
    }

    @Test func aSingleClientIsNotBounded() async throws {
        let lonely = TestClient.liar("client-1") { parameters, round in
            Self.lies[2].tell(try Self.update("client-1", from: parameters, round: round), parameters)
        }
        var federation = Federation(clients: [lonely], parameters: network(), quorum: 1)
        #expect(try await federation.runRound().absent.isEmpty)
    }

    @Test func anAggregateFarAwayIsRefused() async throws {
        struct Leaping: Aggregator {
            let value: Float
            func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) {
                parameters.vector = Tensor(repeating: value, shape: parameters.vector.shape)
            }
        }
        for value in [Float.nan, 1e6, -1] {
            var federation = Federation(
                clients: (0..<3).map { client($0) }, parameters: network(), quorum: 3,
                aggregator: Leaping(value: value))
            await #expect(throws: FederationError.self) { try await federation.runRound() }
            #expect(bits(federation.parameters) == bits(network()))
        }
    }

    // MARK: The honest

    private func client(_ index: Int, samples: Int = 10, isSkewed: Bool = false) -> TestClient {
        TestClient(id: "client-\(index + 1)") { parameters, round, _ in
            try Self.update(
                "client-\(index + 1)", from: parameters, round: round, samples: samples, skew: isSkewed ? index : nil)
        }
    }

    /// An honest step: toward a common goal, or with a skew toward one of the client's own, with noise.
    private static func update(
        _ client: String, from parameters: Parameters, round: Int, samples: Int = 10, skew: Int? = nil
    ) throws -> LocalUpdate {
        var generator = SeededGenerator(seed: 9, path: round, client.count, Int(client.dropFirst(7)) ?? 0)
        let update = LocalUpdate(parameters: parameters, sampleCount: samples, round: round, client: client)
        return update.replacing(0..<parameters.count) { value, index in
            let goal: Float = skew.map { index % 10 == $0 ? 3 : 0 } ?? 1
            return value + 0.1 * (goal - value) * generator.uniform(in: 0.5...1.5)
        }
    }

    private func network() -> Parameters {
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 3))
        _ = builder.add("weight", shape: [40], initializer: .uniform(bound: 0.5))
        _ = builder.add("norm.mean", shape: [4], role: .statistic, initializer: .constant(0))
        _ = builder.add(
            "norm.variance", shape: [4], role: .statistic, isNonNegative: true, initializer: .constant(1))
        return builder.parameters()
    }

    private func distance(_ a: Parameters, _ b: Parameters) -> Double {
        zip(a.vector.elements, b.vector.elements).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
    }
}

extension LocalUpdate {
    /// Returns this update with other values at some places.
    fileprivate func replacing(_ range: Range<Int>, _ change: (_ value: Float, _ index: Int) -> Float) -> LocalUpdate {
        var parameters = parameters
        parameters.vector.withMutableSpan { values in
            for index in range { values[index] = change(values[index], index) }
        }
        return LocalUpdate(
            parameters: parameters, sampleCount: sampleCount, round: round, client: client, metrics: metrics)
    }
}

extension Sequence {
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
