import Foundation
import Testing

@testable import FederationFlower

/// The transport against a peer on the loopback interface that answers as it should, badly, or not at all. What it does
/// with certificates is a case of `Scripts/flower-test`.
@Suite struct HTTPTransportTests {
    private func post(
        _ address: String, headers: [(name: String, value: String)] = [], body: String = "question",
        timeout: Duration = .seconds(20)
    ) async throws -> (status: Int, body: Data) {
        let transport = HTTPTransport(try FlowerEndpoint(address: address, allowsPlaintext: true))
        return try await transport.post("/v1/a", headers: headers, body: Data(body.utf8), timeout: timeout)
    }

    /// The reason for which the peer counts as unreachable.
    private func reason(_ answer: String) async throws -> String? {
        let server = try LoopbackServer(answer)
        do {
            _ = try await post(server.address)
            return nil
        } catch FlowerError.unreachable(let address, let reason) {
            #expect(address == server.address)
            return reason
        }
    }

    @Test func postsTheBodyWithItsHeaders() async throws {
        let server = try LoopbackServer("HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nanswer")
        let body = String(repeating: "x", count: 2 << 20)
        let answer = try await post(
            server.address, headers: [("content-type", "application/protobuf"), ("flwr-task-token", "t")], body: body)
        #expect(answer.status == 404 && answer.body == Data("answer".utf8))
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /v1/a HTTP/1.1\r\n"))
        #expect(request.contains("\r\ncontent-type: application/protobuf\r\nflwr-task-token: t\r\n"))
        #expect(request.hasSuffix("\r\n\r\n" + body) && !request.contains("Expect"))
    }

    @Test func anEmptyBodyIsPostedToo() async throws {
        let server = try LoopbackServer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let answer = try await post(server.address, body: "")
        #expect(answer.status == 200 && answer.body.isEmpty)
        #expect(server.requests.first?.contains("Content-Length: 0\r\n") == true)
    }

    @Test func redirectsAreNotFollowed() async throws {
        let other = try LoopbackServer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        let server = try LoopbackServer(
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: \(other.address)/v1/a\r\nContent-Length: 0\r\n\r\n")
        #expect(try await post(server.address).status == 307)
        #expect(other.requests.isEmpty)
    }

    @Test func faultsAreSentences() async throws {
        #expect(try await reason("") == "it closed the connection")
        #expect(try await reason("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort") == "it closed the connection")
        #expect(try await reason("SSH-2.0-OpenSSH_9.2\r\n") == "it does not answer in HTTP")
        let free = try LoopbackServer("").address
        await #expect(throws: FlowerError.unreachable(address: free, reason: "nothing answers there")) {
            _ = try await post(free)
        }
        await #expect(
            throws: FlowerError.unreachable(
                address: "http://no-such-name.invalid:80", reason: "the name of the machine is not known")
        ) { _ = try await post("http://no-such-name.invalid:80") }
    }

    @Test func aResponseWithoutEndIsRefused() async throws {
        let header = "X: " + String(repeating: "x", count: 1000) + "\r\n"
        let headers = "HTTP/1.1 200 OK\r\n" + String(repeating: header, count: 100)
        let chunk = "100000\r\n" + String(repeating: "x", count: 1 << 20) + "\r\n"
        let body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 65)
        for answer in [headers, body] {
            let server = try LoopbackServer(answer)
            // The peer is there, so nobody should try again.
            let error = FlowerError.malformed(
                what: "a response of \(server.address)", reason: "it has more than 67108864 bytes")
            await #expect(throws: error) { _ = try await post(server.address) }
        }
    }

    @Test func aSilentPeerCostsNoMoreThanTheTimeout() async throws {
        let server = try LoopbackServer(answers: [[]], closes: false)
        let time = await ContinuousClock().measure {
            await #expect(
                throws: FlowerError.unreachable(address: server.address, reason: "it does not answer in time")
            ) { _ = try await post(server.address, timeout: .milliseconds(300)) }
        }
        // The upper bound is for machines that do other things as well.
        #expect(time > .milliseconds(250) && time < .seconds(60))
    }

    @Test func aPeerThatSendsAByteNowAndThenIsNoDifferent() async throws {
        let head = Data("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".utf8)
        let drops = (0..<40).map { _ in (0.1, Data("x".utf8)) }
        let server = try LoopbackServer(answers: [[(0, head)] + drops])
        await #expect(throws: FlowerError.self) { _ = try await post(server.address, timeout: .milliseconds(500)) }
    }

    @Test func aCancelledRequestEnds() async throws {
        let server = try LoopbackServer(answers: [[]], closes: false)
        let request = Task { try await post(server.address, timeout: .seconds(600)) }
        try await Task.sleep(for: .milliseconds(200))
        let time = await ContinuousClock().measure {
            request.cancel()
            await #expect(throws: CancellationError.self) { _ = try await request.value }
        }
        #expect(time < .seconds(60))
    }

    @Test func aTokenCannotAddHeaders() async throws {
        let server = try LoopbackServer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await #expect(throws: FlowerError.self) {
            _ = try await post(server.address, headers: [("flwr-task-token", "t\r\nHost: other")])
        }
        #expect(server.requests.isEmpty)
    }

    @Test func anAuthorityIsACertificate() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8).write(to: file)
        #expect(throws: FlowerError.malformed(what: file.path, reason: "a certificate in PEM form is expected")) {
            _ = try FlowerEndpoint(address: "https://a:1", certificateAuthority: file.path)
        }
    }
}

/// Source: the test vectors of FIPS 180-4 and RFC 4231.
@Suite struct SHA256Tests {
    @Test func hashesAreThoseOfTheStandard() {
        #expect(
            SHA256.hash(Data("abc".utf8)).hexadecimal
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA256.hash(Data()).hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func authenticationCodesAreThoseOfTheStandard() {
        #expect(
            SHA256.authenticationCode(for: Data("Hi There".utf8), key: Data(repeating: 0x0b, count: 20)).hexadecimal
                == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        #expect(
            SHA256.authenticationCode(for: Data("what do ya want for nothing?".utf8), key: Data("Jefe".utf8))
                .hexadecimal
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            SHA256.authenticationCode(
                for: Data("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                key: Data(repeating: 0xaa, count: 131)
            ).hexadecimal == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }
}
