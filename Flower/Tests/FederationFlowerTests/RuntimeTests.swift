import Foundation
import Testing

@testable import FederationFlower

@Suite struct RuntimeTests {
    private let flower = FakeFlower(nodes: [1])

    private func runtime(secret: String? = nil) throws -> Runtime {
        var retries = Runtime.Retries()
        retries.firstWait = .milliseconds(1)
        return Runtime(
            try FlowerEndpoint(address: "http://127.0.0.1:9", secretFile: secret),
            over: flower.transport(for: .server), retries: retries)
    }

    private func acquiring() async -> FlowerError? {
        do {
            _ = try await runtime().acquireTask("flwr-serverapp")
            return nil
        } catch { return error as? FlowerError }
    }

    @Test func whatMayPassIsTriedAgain() async throws {
        await flower.fail("acquire-task", [(503, ""), (502, ""), (429, "")])
        #expect(await acquiring() == nil)
        #expect(await flower.requests.count == 4)
    }

    @Test func whatStaysIsGivenUp() async throws {
        await flower.fail("acquire-task", Array(repeating: (503, #"{"detail":"busy"}"#), count: 6))
        #expect(await acquiring() == .refused(route: "acquire-task", status: 503, reason: "busy"))
        #expect(await flower.requests.count == 6)
    }

    @Test func statusesAreSentences() async throws {
        for (status, words) in [
            (404, "this Flower version is not supported"), (412, "this Flower version is not supported"),
            (401, "does not accept this process"), (500, "status 500"),
        ] {
            let before = await flower.requests.count
            await flower.fail("acquire-task", [(status, #"{"detail":"no"}"#)])
            let error = await acquiring()
            #expect("\(String(describing: error))".isEmpty == false && error?.description.contains(words) == true)
            #expect(await flower.requests.count == before + 1)
        }
    }

    @Test func aTokenThatIsWorthNothingEndsTheTask() async throws {
        let task = try #require(try await runtime().acquireTask("flwr-serverapp"))
        await flower.stop()
        await #expect(throws: FlowerError.taskEnded(reason: "stopped")) { _ = try await task.runtime.nodes() }
    }

    @Test func onlyTheRequestForATaskIsSigned() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data("secret".utf8).write(to: folder)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.path)
        defer { try? FileManager.default.removeItem(at: folder) }
        let task = try #require(try await runtime(secret: folder.path).acquireTask("flwr-serverapp"))
        _ = try await task.runtime.nodes()
        let requests = await flower.requests
        #expect(requests[0].headers["flwr-superexec-signature"]?.count == 64)
        #expect(requests[0].headers["flwr-task-token"] == nil)
        #expect(requests[1].headers["flwr-superexec-signature"] == nil)
        #expect(requests[1].headers["flwr-task-token"] == "token of server")
    }

    /// The expected digits are those of Python's hmac and hashlib.
    @Test func signaturesAreThoseOfPython() {
        let signature = SuperExecSignature(secret: Data("secret of the test".utf8))
        let body = Data([0x0A, 0x0E]) + Data("flwr-clientapp".utf8)
        let headers = Dictionary(
            signature.headers(
                method: "/flwr.proto.Runtime/AcquireTask", body: body, time: 1_700_000_000,
                nonce: "0123456789abcdef0123456789abcdef"
            ).map { ($0.name, $0.value) }
        ) { $1 }
        #expect(
            headers["flwr-superexec-body-sha256"] == "61e5fa7d728778547a32e8472bbe60079bbf4ce48bc6885efa93f22b840be234")
        #expect(
            headers["flwr-superexec-signature"] == "78012ec211f2acbe336f663aa975399328ce5c76bbef27dce08fd3a38d5e32ff")
        #expect(SuperExecSignature.nonce() != SuperExecSignature.nonce())
        #expect(SuperExecSignature.nonce().count == 32)
    }

    @Test func heartbeatsGoOnWhileThereIsWork() async throws {
        let task = try #require(try await runtime().acquireTask("flwr-serverapp"))
        try await task.runtime.withHeartbeat(every: .milliseconds(1)) {
            while await flower.requests.filter({ $0.route == "send-task-heartbeat" }).count < 3 {
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        await flower.stop()
        await #expect(throws: FlowerError.taskEnded(reason: "stopped")) {
            try await task.runtime.withHeartbeat(every: .milliseconds(1)) { try await Task.sleep(for: .seconds(3600)) }
        }
    }

    @Test func addressesThatAreNone() {
        for address in ["", "127.0.0.1:8000", "http://127.0.0.1", "ftp://host:1", "http://host:1/path"] {
            #expect(throws: FlowerError.self) { try FlowerEndpoint(address: address) }
        }
        #expect(throws: FlowerError.self) { try FlowerEndpoint(address: "http://a:1", secretFile: "/no/such/file") }
    }

    @Test func httpStaysOnThisMachine() throws {
        for address in ["http://127.0.0.1:1", "http://127.8.0.1:1", "http://localhost:1", "http://[::1]:1"] {
            _ = try FlowerEndpoint(address: address)
        }
        for address in ["http://10.0.0.1:1", "http://127.0.0.1.example.org:1", "http://localhost.example.org:1"] {
            let error = #expect(throws: FlowerError.self) { try FlowerEndpoint(address: address) }
            #expect(error?.description.contains("--insecure") == true)
            _ = try FlowerEndpoint(address: address, allowsPlaintext: true)
        }
        _ = try FlowerEndpoint(address: "https://flower.example.org:1")
    }

    @Test func secretsAreOnesOwn() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        for (contents, mode, isAccepted) in [
            ("secret", 0o600, true), ("secret", 0o400, true), ("secret", 0o640, false), ("secret", 0o604, false),
            ("", 0o600, false),
        ] {
            try? FileManager.default.removeItem(at: file)
            try Data(contents.utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
            let endpoint = try? FlowerEndpoint(address: "http://127.0.0.1:1", secretFile: file.path)
            #expect((endpoint != nil) == isAccepted, "\(contents), \(String(mode, radix: 8))")
        }
    }

    @Test func waitsGrowWhileThereIsNothingNew() {
        var polling = Polling(shortest: .seconds(1))
        var waited = Duration.zero
        for _ in 0..<100 {
            let wait = polling.wait(after: false)
            #expect(wait <= .seconds(1) + waited / 4 && wait <= .seconds(12))
            waited += wait
        }
        #expect(polling.wait(after: false) == .seconds(12))
        #expect(polling.wait(after: true) == .seconds(1))
        #expect(polling.wait(after: false) == .seconds(1) * 5 / 4)
    }
}
