import ArgumentParser
import Federation
import FederationFlower
import Foundation
import Support

/// The approval of jobs by a person at the site: `FlowerClient --approve`.
///
/// A new job is written to `STATE/jobs/RUN.json` and refused, until `FlowerClient approve` writes the hash of exactly
/// this job beside it.
struct JobApproval: Sendable {
    private let folder: URL

    init(state: URL) { folder = state.appendingPathComponent("jobs") }

    /// Checks that a job is approved.
    ///
    /// - Throws: `PolicyRefusal`, which says how to approve it; an error of the file system if it cannot be written for a
    ///   person.
    func check(_ text: String, run: String) throws {
        let hash = SHA256.hash(Data(text.utf8)).hexadecimal
        let file = folder.appendingPathComponent(run + ".json")
        let approval = folder.appendingPathComponent(run + ".approved")
        if let known = try? String(contentsOf: approval, encoding: .utf8), known == hash + "\n" { return }
        try FileManager.default.createDirectory(
            at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try Data((text + "\n").utf8).write(to: file, options: .atomic)
        throw PolicyRefusal(
            reason:
                "it waits for approval; at the site: read jobs/\(run).json in its state, then FlowerClient approve \(run)"
        )
    }

    /// Approves the job that was written for a run, and returns it.
    ///
    /// - Throws: `Failure` if there is none.
    func approve(run: String) throws -> String {
        let file = folder.appendingPathComponent(run + ".json")
        guard let text = try? String(contentsOf: file, encoding: .utf8), text.hasSuffix("\n") else {
            throw Failure.noInput("\(file.path): no job waits there; the site writes it when a server sends one.")
        }
        let hash = SHA256.hash(Data(text.dropLast().utf8)).hexadecimal
        let approval = folder.appendingPathComponent(run + ".approved")
        do { try Data((hash + "\n").utf8).write(to: approval, options: .atomic) } catch {
            throw Failure.cannotWrite("\(approval.path) cannot be written: \(error.localizedDescription)")
        }
        return String(text.dropLast())
    }
}

/// Accepts the job of a run.
struct Approve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Accepts a job that waits for approval, after showing it.")

    @Argument(help: "The name of the run, as the site shows it.")
    var name: String
    @Option(help: "The site's folder for what is kept between rounds.", completion: .directory)
    var state: String

    func validate() throws {
        guard ClientName.isValid(name) else { throw ValidationError("\(name): the name of a run is expected.") }
    }

    func run() throws {
        do {
            print(try JobApproval(state: URL(fileURLWithPath: state)).approve(run: name))
        } catch let failure as Failure {
            ProgressLine(quiet: false).complain("FlowerClient: \(failure)")
            throw ExitCode(failure.exitCode)
        }
        ProgressLine(quiet: false).complain("approved; the site takes part when the server asks again")
    }
}

/// Verifies the log of messages.
struct Audit: ParsableCommand {
    static let file = "audit.jsonl"
    static let configuration = CommandConfiguration(
        abstract: "Verifies the log of all messages that came and left, STATE/audit.jsonl.",
        discussion: "Exit codes: 0 nothing was changed, 65 something was, 66 there is no log.")

    @Option(help: "The site's folder for what is kept between rounds.", completion: .directory)
    var state: String

    func run() throws {
        let url = URL(fileURLWithPath: state).appendingPathComponent(Self.file)
        let contents: Data
        do { contents = try Data(contentsOf: url) } catch {
            ProgressLine(quiet: false).complain(
                "FlowerClient: \(url.path) cannot be read: \(error.localizedDescription)")
            throw ExitCode(66)
        }
        let verdict = AuditLog.verify(contents)
        if let line = verdict.brokenLine {
            ProgressLine(quiet: false).complain(
                "FlowerClient: \(url.path): line \(line) does not continue the chain; \(verdict.lines) lines before it are as "
                    + "they were written")
            throw ExitCode(65)
        }
        print("\(verdict.lines) lines, unchanged; chain \(verdict.chain)")
    }
}
