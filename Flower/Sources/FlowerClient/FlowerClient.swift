import ArgumentParser
import FederatedContrastive
import Federation
import FederationFlower
import Foundation
import Support
import Tensor

/// The command-line tool for a site, such as a hospital.
@main
struct FlowerClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "FlowerClient",
        abstract:
            "Takes part in federated pre-training and fine-tuning on Flower, with patients that never leave here.",
        discussion: """
            Runs until it is stopped, beside a SuperNode that was started with --isolation process and \
            --node-config "partition-id=NUMBER", another number for each site. Features and weights leave this process, and \
            the numbers of rounds.jsonl; nothing else does. STATE/audit.jsonl has a line for every message that came or left.

            Exit codes: 64 wrong options, 65 wrong data, 66 no input, 69 Flower does not accept this process, 73 and 74 \
            cannot write, 130 and 143 stopped by a signal.
            """,
        version: Provenance.versionLine,
        subcommands: [Participate.self, Check.self, Approve.self, Audit.self], defaultSubcommand: Participate.self)
}

/// Waits for messages from a SuperNode, and answers them.
struct Participate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Waits for messages from a SuperNode, and answers them (the default).")

    @OptionGroup var arguments: SiteArguments
    @Flag(help: "Print nothing but errors on standard error.")
    var quiet = false

    func run() async throws {
        let remains = "what this site needs to go on is kept"
        try await supervised(
            "FlowerClient", quiet: quiet, remains: remains, failure: Failure.init(flower:)
        ) { progress in
            let configuration = try arguments.configuration()
            let endpoint = try configuration.endpoint
            let state = URL(fileURLWithPath: configuration.state)
            let job = try configuration.job.map { try PretrainingSettings(contentsOf: URL(fileURLWithPath: $0)) }
            let site = try ResidentSite(
                data: URL(fileURLWithPath: configuration.data), state: state, defaults: job,
                policy: configuration.sitePolicy, approval: configuration.approve ? JobApproval(state: state) : nil,
                progress: progress)
            let audit = try AuditLog(state.appendingPathComponent(Audit.file))
            try audit.add(AuditLog.Entry(.started))
            let metrics = try configuration.metrics.map(SiteMetrics.init)
            let responder = SiteResponder { request, job, round in
                try await site.member(of: job, in: request, round: round)
            }
            progress.say("waiting for messages at \(configuration.runtime)")
            let client = FlowerClientApp(
                endpoint, app: configuration.app, audit: audit,
                observer: { entry in
                    // Whoever watches notices that the file is no longer written; the site goes on.
                    do { try metrics?.record(entry) } catch { progress.complain("--metrics: \(error)") }
                }, notice: progress.say)
            try await client.run { request in
                try await Parallel.$threadLimit.withValue(configuration.threads ?? Parallel.threadCount) {
                    try await responder.answer(request)
                }
            }
        }
    }
}
