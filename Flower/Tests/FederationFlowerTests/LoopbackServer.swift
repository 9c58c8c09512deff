import Foundation
import Synchronization

#if canImport(Darwin)
private let (stream, quietly): (Int32, Int32) = (SOCK_STREAM, 0)
#else
// Quietly: a peer that has gone away is no reason to end the process.
private let (stream, quietly) = (Int32(SOCK_STREAM.rawValue), Int32(MSG_NOSIGNAL))
#endif

/// A server on a port of its own that reads one request per connection and answers with bytes that the test chooses.
///
/// It listens on the loopback interface only, until it is released.
final class LoopbackServer: Sendable {
    let port: Int
    private let listener: Int32
    private let received = Mutex<[String]>([])

    /// What was received, a request each: head and body.
    var requests: [String] { received.withLock { $0 } }
    var address: String { "http://127.0.0.1:\(port)" }

    /// Starts a server that sends `answers`, the first to the first connection and the last to all others, each part
    /// after the pause in seconds that stands before it.
    init(answers: [[(pause: Double, bytes: Data)]], closes: Bool = true) throws {
        let listener = socket(AF_INET, stream, 0)
        var here = sockaddr_in()
        here.sin_family = sa_family_t(AF_INET)
        here.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &here) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        (self.listener, port) = (listener, Int(UInt16(bigEndian: here.sin_port)))
        Thread.detachNewThread { [weak self] in
            var count = 0
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                let answer = answers[min(count, answers.count - 1)]
                count += 1
                self?.received.withLock { $0.append(Self.request(connection)) }
                for (pause, bytes) in answer {
                    Thread.sleep(forTimeInterval: pause)
                    _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, quietly) }
                }
                if closes { close(connection) }
            }
        }
    }

    convenience init(_ answer: String) throws { try self.init(answers: [[(0, Data(answer.utf8))]]) }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private static func request(_ connection: Int32) -> String {
        var (data, buffer) = (Data(), [UInt8](repeating: 0, count: 65536))
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            data.append(contentsOf: buffer[..<count])
            let text = String(decoding: data, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let line = text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            let length = line.flatMap { Int($0.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)) }
            if text[end.upperBound...].utf8.count >= length ?? 0 { break }
        }
        return String(decoding: data, as: UTF8.self)
    }
}
