import FederatedContrastive
import FederationFlower
import Foundation
import Synchronization

/// Counters of what happened at a site, in a file that Prometheus' node_exporter reads (its textfile collector): no port
/// has to be opened.
///
/// Names and numbers only: types of messages, rounds, bytes, times. The file appears whole after every message.
final class SiteMetrics: Sendable {
    private struct Counts {
        var messages: [String: Int] = [:]
        var received = 0
        var sent = 0
        var round = 0
        var last = Date()
    }

    private let file: URL
    private let counts = Mutex(Counts())
    private let started = Date()

    init(file: String) throws {
        self.file = URL(fileURLWithPath: file)
        try write()
    }

    /// Counts a message that came or left, and writes the file.
    ///
    /// - Throws: An error of the file system.
    func record(_ entry: AuditLog.Entry) throws {
        counts.withLock { counts in
            let outcome: String
            switch entry.direction {
            case .started: return
            case .received:
                counts.received += entry.bytes
                counts.last = Date()
                counts.round = max(counts.round, entry.round)
                return
            case .sent: outcome = "answered"
            case .refused: outcome = "refused"
            }
            counts.sent += entry.bytes
            func key(_ type: String) -> String { "type=\"\(Self.label(type))\",outcome=\"\(outcome)\"" }
            // A server chooses the types, and may not make this file grow without limit.
            let isCounted = counts.messages[key(entry.type)] != nil || counts.messages.count < Self.mostLabels
            counts.messages[key(isCounted ? entry.type : "other"), default: 0] += 1
        }
        try write()
    }

    /// The number of types and outcomes that are counted apart.
    private static let mostLabels = 32

    /// Returns a text of a peer as the value of a label.
    private static func label(_ text: String) -> String {
        String(text.prefix(40).map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "_" })
    }

    private func write() throws {
        let counts = counts.withLock { $0 }
        func metric(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: String)])
            -> String
        {
            let name = "federated_site_" + name
            let lines = samples.map { name + ($0.labels.isEmpty ? "" : "{\($0.labels)}") + " \($0.value)" }
            return (["# HELP \(name) \(help)", "# TYPE \(name) \(type)"] + lines).joined(separator: "\n") + "\n"
        }
        let messages = counts.messages.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let text =
            metric(
                "info", "gauge", "The version of the program.", [("version=\"\(Provenance().version)\"", "1")])
            + metric(
                "start_time_seconds", "gauge", "When the program started, in seconds since 1970.",
                [("", "\(Int(started.timeIntervalSince1970))")])
            + metric(
                "last_message_time_seconds", "gauge", "When the last message came, or the program started.",
                [("", "\(Int(counts.last.timeIntervalSince1970))")])
            + metric("round", "gauge", "The last round of which a message came.", [("", "\(counts.round)")])
            + metric("received_bytes_total", "counter", "Bytes of messages that came.", [("", "\(counts.received)")])
            + metric("sent_bytes_total", "counter", "Bytes of messages that left.", [("", "\(counts.sent)")])
            + metric("messages_total", "counter", "Messages by type and outcome.", messages)
        try Data(text.utf8).write(to: file, options: .atomic)
    }
}
