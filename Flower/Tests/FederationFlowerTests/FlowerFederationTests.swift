import Federation
import Foundation
import Tensor
import Testing

@testable import FederationFlower

/// Returns the name of an object in Flower.
private func identifier(_ object: Data) -> String { SHA256.hash(object).hexadecimal }

/// A federation whose messages go through Flower's protocol, in memory.
@Suite struct FlowerFederationTests {
    /// Tests share their threads with others that compute for minutes: a reply comes, but nobody knows when.
    private static let retries = Duration.seconds(3600)
    private static let exchange = FeatureExchange(dimension: 4, partitions: 4, maximumCount: 5)

    private static func federation(
        _ grid: FlowerGrid, quorum: Int, exchange: FeatureExchange? = exchange
    ) async throws -> Federation {
        let job = RemoteClient.Job(description: "job", phase: Self.retries, handshake: Self.retries)
        let clients = try await RemoteClient.all(of: grid, count: 3, job: job, timeout: retries)
        return Federation(
            clients: clients.map { $0.exchanging(exchange) }, parameters: testModel(), quorum: quorum, concurrency: 3,
            exchange: exchange)
    }

    @Test func threeRoundsHaveTheBitsOfOneProcess() async throws {
        let flower = FakeFlower(nodes: [11, 12, 13])
        // The nodes' order is not that of the clients.
        let (model, reports) = try await overFlower(flower, [2, 0, 1].map { WalkingClient($0) }) { grid in
            var federation = try await Self.federation(grid, quorum: 3)
            #expect(federation.clients.map(\.id) == ["client-1", "client-2", "client-3"])
            var reports: [RoundReport] = []
            for _ in 1...3 { reports.append(try await federation.runRound()) }
            return (federation.parameters, reports)
        }
        var local = Federation(
            clients: (0..<3).map { WalkingClient($0) }, parameters: testModel(), quorum: 3, exchange: Self.exchange)
        for report in reports {
            let expected = try await local.runRound()
            #expect(report.metrics == expected.metrics)
            #expect(report.metrics[Metric("banks")] == 2)
            #expect(report.absent.isEmpty)
            #expect(report.participants.map(\.bytesUp) == expected.participants.map(\.bytesUp))
            #expect(report.participants.map(\.sampleCount) == [1, 2, 3])
            #expect(report.participants.map(\.features) == [5, 5, 5])
        }
        #expect(bits(model) == bits(local.parameters))
        #expect(await flower.outcome?.status == "completed")
    }

    @Test func whatAllReceiveTravelsOnce() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        _ = try await overFlower(flower, (0..<3).map { WalkingClient($0) }) { grid in
            var federation = try await Self.federation(grid, quorum: 3)
            return try await federation.runRound()
        }
        // Weights that every client receives, and banks that two of them receive, are one object each.
        let chunks = await flower.objects.values.filter { $0.starts(with: Data("ArrayChunk".utf8)) }
        let pushed = await flower.requests.filter { $0.route == "push-object" }.count
        #expect(Set(chunks).count == chunks.count)
        #expect(pushed == (await flower.objects.count))
        // The model comes to a site with the first phase only.
        let pulled = try await #require(flower.pulled[.node(1)]).filter(Set(chunks.map(identifier)).contains)
        // The model, the features of two others, and the partitions, which are the same for both.
        #expect(pulled.count == 4)
        #expect(Set(pulled).count == pulled.count)
    }

    @Test func aSiteThatWasRestartedInTheRoundGetsTheModelAgain() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        let clients = (0..<3).map { WalkingClient($0) }
        let model = try await overFlower(flower, clients, areRestarted: true) { grid in
            var federation = try await Self.federation(grid, quorum: 3)
            _ = try await federation.runRound()
            return federation.parameters
        }
        var local = Federation(
            clients: (0..<3).map { WalkingClient($0) }, parameters: testModel(), quorum: 3, exchange: Self.exchange)
        _ = try await local.runRound()
        #expect(bits(model) == bits(local.parameters))
    }

    @Test func whatIsNotAcceptedIsNamedAndLeftOut() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        let clients: [any Client] = [
            WalkingClient(0), WalkingClient(1) { $0.vector.withMutableElements { $0[3] = .nan } },
            WalkingClient(2) { model in
                var builder = ParameterBuilder(generator: SeededGenerator(seed: 3))
                _ = builder.add("conv.weight", shape: [3, 3, 2, 5], layout: .convolution, initializer: .constant(1))
                model = builder.parameters()
            },
        ]
        let (model, report) = try await overFlower(flower, clients) { grid in
            var federation = try await Self.federation(grid, quorum: 1)
            let report = try await federation.runRound()
            return (federation.parameters, report)
        }
        #expect(report.absent.map(\.client) == ["client-2", "client-3"])
        #expect(report.absent.map(\.cause) == [.rejected, .rejected])
        #expect(report.absent[0].reason.contains("conv.weight"))
        #expect(report.absent[1].reason.contains("[5, 2, 3, 3]"))
        #expect(model.vector.isFinite)
    }

    @Test func aFailureIsNamedButSaysNothingOfTheSitesFiles() async throws {
        struct Private: Error, CustomStringConvertible { let description = "/patients/jane-doe.nii.gz is broken" }
        let flower = FakeFlower(nodes: [1, 2, 3])
        let clients = [
            WalkingClient(0), WalkingClient(1) { _ in throw Private() },
            WalkingClient(2) { _ in try NonFiniteLoss.check(.nan, step: 4) },
        ]
        let report: RoundReport = try await overFlower(flower, clients) { grid in
            var federation = try await Self.federation(grid, quorum: 1)
            return try await federation.runRound()
        }
        #expect(report.absent.map(\.client) == ["client-2", "client-3"])
        #expect(!report.absent[0].reason.contains("jane"))
        #expect(report.absent[1].reason.contains("step 4"))
    }

    @Test func whoDoesNotAnswerInTimeIsNotWaitedFor() async throws {
        actor Sleeper: Client {
            nonisolated let id = "client-1"
            func shareFeatures(of parameters: Parameters, round: Int) -> FeatureShare? { nil }
            func train(from parameters: Parameters, round: Int, features: [FeatureShare]) async throws -> LocalUpdate {
                try await Task.sleep(for: .seconds(3600))
                throw CancellationError()
            }
        }
        let flower = FakeFlower(nodes: [1])
        try await overFlower(flower, [Sleeper()]) { grid in
            let question = RecordDict([("arrays", .arrays(ArrayRecord(testModel())))])
            await #expect(
                throws: FlowerError.timeout(what: "the reply of node 1 to 'train'", seconds: 0.01)
            ) { _ = try await grid.ask(1, "train", question, timeout: .milliseconds(10)) }
        }
    }

    @Test func aRunThatIsStoppedEndsTheServer() async throws {
        let flower = FakeFlower(nodes: [1, 2, 3])
        await #expect {
            _ = try await overFlower(flower, (0..<3).map { WalkingClient($0) }) { grid in
                var federation = try await Self.federation(grid, quorum: 3)
                _ = try await federation.runRound()
                await flower.stop()
                return try await federation.runRound()
            }
        } throws: { error in
            if case .taskEnded = error as? FlowerError { true } else { "\(error)".contains("stopped") }
        }
    }

    @Test func damagedMessagesAreAnsweredWithAnError() async throws {
        let flower = FakeFlower(nodes: [1])
        try await overFlower(flower, [WalkingClient(0)]) { grid in
            // The question arrives damaged at the site, which says so.
            await flower.damage("ConfigRecord")
            let question = RecordDict([("config", .config(ConfigRecord([("job", .string("a"))])))])
            await #expect {
                _ = try await grid.ask(1, "query.describe", question, timeout: Self.retries)
            } throws: { error in
                guard case .site(_, _, let reason) = error as? FlowerError else { return false }
                return reason.contains("malformed")
            }
            // The answer arrives damaged at the server, which goes on.
            await flower.damage("ArrayChunk")
            await #expect {
                _ = try await grid.ask(1, "query.parameters", RecordDict([]), timeout: Self.retries)
            } throws: { error in
                if case .malformed = error as? FlowerError { true } else { false }
            }
            await flower.damage("nothing")
            _ = try await grid.ask(1, "query.describe", RecordDict([]), timeout: Self.retries)
        }
    }

    @Test func aMessageThatNeverArrivesGivesWayToTheNext() async throws {
        let flower = FakeFlower(nodes: [1])
        await flower.forgetNextMessage()
        let reply = try await overFlower(flower, [WalkingClient(0)]) { grid in
            await #expect(throws: FlowerError.self) {
                _ = try await grid.ask(
                    1, MessageType.parameters.rawValue, RecordDict([]), timeout: .milliseconds(10))
            }
            return try await grid.ask(1, MessageType.describe.rawValue, RecordDict([]), timeout: Self.retries)
        }
        // This is the answer to the second question, and nobody answered the first.
        #expect(reply.config("config")?.string("client") == "client-1")
        let routes = await flower.requests.filter { $0.peer == .node(1) }.map(\.route)
        #expect(routes.count { $0 == "push-messages" } == 1)
        #expect(routes.count { $0 == "push-task-output" } >= 1)
    }

    @Test func messagesOfAnotherAppGetAnError() async throws {
        let flower = FakeFlower(nodes: [1], app: "somebody/else")
        try await overFlower(flower, [WalkingClient(0)], app: "publisher/app") { grid in
            await #expect {
                _ = try await grid.ask(1, "train", RecordDict([]), timeout: Self.retries)
            } throws: { error in
                guard case .site(_, let code, let reason) = error as? FlowerError else { return false }
                return code == 2 && reason.contains("somebody/else")
            }
        }
    }

    @Test func runsOfAnotherAppAreEnded() async throws {
        let flower = FakeFlower(nodes: [1], app: "somebody/else")
        let server = FlowerServerApp(
            try FlowerEndpoint(address: "http://127.0.0.1:9"), app: "publisher/app",
            over: flower.transport(for: .server), interval: .milliseconds(1))
        let waiting = Task { try await server.run { _, _ in } }
        while await flower.outcome == nil { try await Task.sleep(for: .milliseconds(1)) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(await flower.outcome?.status == "failed")
        #expect(await flower.outcome?.details.contains("publisher/app") == true)
    }

    @Test func unknownMessagesGetAnError() async throws {
        let flower = FakeFlower(nodes: [1])
        try await overFlower(flower, [WalkingClient(0)]) { grid in
            for type in ["evaluate", "train"] {
                await #expect(throws: FlowerError.self) {
                    _ = try await grid.ask(1, type, RecordDict([]), timeout: Self.retries)
                }
            }
        }
    }

    @Test(arguments: [false, true]) func aSiteRepliesWithTheFormThatItIsAskedFor(packed: Bool) async throws {
        let flower = FakeFlower(nodes: [1])
        let reply = try await overFlower(flower, [WalkingClient(0)]) { grid in
            var config = ConfigRecord([(RecordName.round, .signed(1))])
            if packed { config[RecordName.packed] = .bool(true) }
            let question = RecordDict([
                (RecordName.arrays, .arrays(ArrayRecord(testModel()))), (RecordName.config, .config(config)),
            ])
            return try await grid.ask(1, MessageType.train.rawValue, question, timeout: Self.retries)
        }
        let names = try #require(reply.arrays(RecordName.arrays)).names
        #expect(names == (packed ? ["safetensors"] : testModel().slots.map(\.name)))
        let model = try reply.update(from: "a", round: 1, like: testModel()).parameters
        let expected = try await WalkingClient(0).train(from: testModel(), round: 1, features: [])
        #expect(bits(model) == bits(expected.parameters))
    }

    @Test func aPackedModelThatIsNoneIsRejected() throws {
        let model = testModel()
        let file = model.safetensors()
        func record(_ data: Data, _ dtype: NumPyArray.DType = .uint8) -> ArrayRecord {
            ArrayRecord([("safetensors", NumPyArray(dtype: dtype, shape: [data.count / dtype.width], bytes: data))])
        }
        #expect(bits(try record(file.data).parameters(like: model, client: "a")) == bits(model))

        var (short, long, reshaped) = (file, file, file)
        short.tensors["last.weight"] = nil
        long.tensors["further.weight"] = Tensor([1])
        reshaped.tensors["last.weight"] = file.tensors["conv.weight"]
        let lies: [(ArrayRecord, String)] = [
            (record(Data()), "no safetensors"), (record(file.data + Data(count: 1 << 20)), "bytes"),
            (record(file.data.dropLast(8)), "no safetensors"),
            (record(Data(repeating: 0xFF, count: 4000)), "no safetensors"), (record(file.data, .int8), "conv.weight"),
            (record(short.data), "last.weight"), (record(long.data), "further.weight"),
            (record(reshaped.data), "[4, 2, 3, 3]"),
        ]
        for (lie, words) in lies {
            let error = #expect(throws: Rejection.self) { try lie.parameters(like: model, client: "a") }
            #expect(error.map { "\($0)".contains(words) } == true, "\(words): \(String(describing: error))")
        }
    }

    @Test func theFirstModelCanBeAskedFor() async throws {
        let flower = FakeFlower(nodes: [1])
        let reply = try await overFlower(flower, [WalkingClient(0)]) { grid in
            try await grid.ask(1, MessageType.parameters.rawValue, RecordDict([]), timeout: Self.retries)
        }
        let arrays = try #require(reply.arrays("arrays"))
        #expect(arrays["conv.weight"]?.shape == [4, 2, 3, 3])
        let model = try arrays.parameters(like: testModel(), client: "a")
        #expect(bits(model) == bits(testModel()))
    }
}
