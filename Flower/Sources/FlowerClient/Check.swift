import ArgumentParser
import FederatedContrastive
import FederationFlower
import Foundation
import Support
import Volumes

/// A look at everything that a site needs, before its first message.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks at data, labels, disk, memory, policy, SuperNode, and certificates, and changes nothing.",
        discussion: "Exit codes: 0 all is well or merely worth a look, 64 wrong options, 65 something does not work.")

    @OptionGroup var arguments: SiteArguments

    func run() async throws {
        try await supervised("FlowerClient", quiet: false, remains: "nothing was changed") { progress in
            let configuration = try arguments.configuration()
            var findings: [Finding] = []
            for check in [Self.policy, Self.data, Self.state, Self.memory, Self.superNode] {
                for finding in await check(configuration) {
                    progress.print(Data("\(finding)\n".utf8))
                    findings.append(finding)
                }
            }
            if findings.contains(where: { $0.verdict == .broken }) { throw ExitCode(65) }
        }
    }
}

/// One line of the result.
struct Finding: CustomStringConvertible, Sendable {
    enum Verdict: String, Sendable {
        case good = "ok"
        case doubtful = "look"
        case broken = "BAD"
    }

    let verdict: Verdict
    let subject: String
    let text: String

    init(_ verdict: Verdict, _ subject: String, _ text: String) {
        (self.verdict, self.subject, self.text) = (verdict, subject, text)
    }

    var description: String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        return "\(padded(verdict.rawValue, 5)) \(padded(subject, 10)) \(text)"
    }
}

extension Check {
    @Sendable static func policy(_ configuration: SiteConfiguration) async -> [Finding] {
        do {
            let policy = try configuration.sitePolicy
            if configuration.policy == nil {
                return [Finding(.doubtful, "policy", "none is given: this site takes part in every job")]
            }
            let hours = policy.hours.map { ", from \($0[0]):00 to \($0[1]):00" } ?? ""
            return [Finding(.good, "policy", "\(configuration.policy ?? "")\(hours)")]
        } catch {
            return [Finding(.broken, "policy", "\(error)")]
        }
    }

    /// Reads every image and label map.
    @Sendable static func data(_ configuration: SiteConfiguration) async -> [Finding] {
        do {
            let folder = URL(fileURLWithPath: configuration.data)
            let data = try DataSet(contentsOf: folder, requiringLabels: false)
            let scans = try await data.scans(preparedBy: Preprocessing(spacing: 4, size: 48))
            let labelled = scans.count { $0.volume.labels != nil }
            let empty = scans.count { $0.volume.labels.map { !$0.contains { $0 > 0 } } ?? false }
            var findings = [
                Finding(
                    .good, "data",
                    "\(data.patients.count) patients, \(scans.count) images, \(scans.reduce(0) { $0 + $1.volume.sliceCount }) "
                        + "slices, \(data.channelNames.count == 1 ? "one channel" : "\(data.channelNames.count) channels")"
                )
            ]
            if labelled == 0 {
                findings.append(Finding(.doubtful, "labels", "none: this site can pre-train, but not fine-tune"))
            } else {
                let names = data.classNames.dropFirst().joined(separator: ", ")
                findings.append(
                    Finding(
                        empty > 0 ? .doubtful : .good, "labels",
                        "of \(labelled) images: \(names)" + (empty > 0 ? "; \(empty) show none of them" : "")))
            }
            return findings
        } catch {
            return [Finding(.broken, "data", "\(error)")]
        }
    }

    /// The free space below which a long run is in danger: banks, moments, and the log of a few hundred rounds.
    private static let leastSpace: Int64 = 1_000_000_000

    @Sendable static func state(_ configuration: SiteConfiguration) async -> [Finding] {
        let url = URL(fileURLWithPath: configuration.state)
        var isFolder = ObjCBool(false)
        let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
        // What does not exist is created in the nearest folder that does.
        var place = url
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" { place.deleteLastPathComponent() }
        guard !exists || isFolder.boolValue, FileManager.default.isWritableFile(atPath: place.path) else {
            return [Finding(.broken, "state", "\(url.path) is no folder that this account can write to")]
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place.path)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.int64Value else {
            return [Finding(.doubtful, "state", "\(url.path); how much space is free there is not known")]
        }
        let text = "\(url.path), \(free / 1_000_000_000) GB free"
        return [Finding(free < leastSpace ? .doubtful : .good, "state", text)]
    }

    @Sendable static func memory(_ configuration: SiteConfiguration) async -> [Finding] {
        let memory = Double(ProcessInfo.processInfo.physicalMemory) / 1e9
        let text = String(format: "%.0f GB; a job of 144 × 144 pixels takes 1 to 2 GB beside the images", memory)
        return [Finding(memory < 4 ? .doubtful : .good, "memory", text)]
    }

    @Sendable static func superNode(_ configuration: SiteConfiguration) async -> [Finding] {
        do {
            let endpoint = try configuration.endpoint
            let answer = try await endpoint.probe()
            var findings = [
                Finding(.good, "SuperNode", "\(endpoint.address) answers as a version of Flower that is known here")
            ]
            for (name, days) in [("certificate", answer.certificateDays), ("authority", endpoint.authorityDays)] {
                guard let days else { continue }
                findings.append(Finding(days < 30 ? .doubtful : .good, name, "valid for \(days) more days"))
            }
            return findings
        } catch {
            return [Finding(.broken, "SuperNode", "\(error)")]
        }
    }
}
