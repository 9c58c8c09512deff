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
        subcommands: [Participate.self, Approve.self, Audit.self], defaultSubcommand: Participate.self)
}

/// Waits for messages from a SuperNode, and answers them.
struct Participate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Waits for messages from a SuperNode, and answers them (the default).")

    @Option(help: "The SuperNode's address, such as http://127.0.0.1:9094.")
    var runtime = "http://127.0.0.1:9094"
    @Option(help: "The folder of this site's patients, in ACDC's layout or nnU-Net's.", completion: .directory)
    var data: String
    @Option(help: "The folder for what is kept between rounds.", completion: .directory)
    var state: String
    @Option(
        help: "A JSON file of pre-training settings, for a server that sends none, such as Flower's own.",
        completion: .file())
    var config: String?
    @Option(
        help: "A JSON file that says which jobs this site takes part in; docs/deployment.md has its settings.",
        completion: .file())
    var policy: String?
    @Flag(help: "Take part in a job only after 'FlowerClient approve' has accepted it.")
    var approve = false
    @Option(help: "The only app, publisher/name, whose messages are answered.")
    var app = FederatedJob.app
    @Option(help: "The certificate of the authority that signed the SuperNode's, a PEM file.", completion: .file())
    var ca: String?
    @Option(help: "The file that the SuperNode was given as --superexec-auth-secret-file.", completion: .file())
    var superexecSecret: String?
    @Flag(help: "Accept an http address of another machine, in a network that encrypts by itself.")
    var insecure = false
    @Option(help: "Threads, which do not change the result (default: one for each core).")
    var threads: Int?
    @Flag(help: "Print nothing but errors on standard error.")
    var quiet = false

    func run() async throws {
        let remains = "what this site needs to go on is in \(state)"
        try await supervised(
            "FlowerClient", quiet: quiet, remains: remains, failure: Failure.init(flower:)
        ) { progress in
            let endpoint = try FlowerEndpoint(
                address: runtime, certificateAuthority: ca, secretFile: superexecSecret, allowsPlaintext: insecure)
            let state = URL(fileURLWithPath: state)
            let policy = try policy.map { try SitePolicy(contentsOf: URL(fileURLWithPath: $0)) } ?? SitePolicy()
            try policy.validate()
            let site = try ResidentSite(
                data: URL(fileURLWithPath: data), state: state,
                defaults: config.map { try PretrainingSettings(contentsOf: URL(fileURLWithPath: $0)) }, policy: policy,
                approval: approve ? JobApproval(state: state) : nil, progress: progress)
            let audit = try AuditLog(state.appendingPathComponent(Audit.file))
            try audit.add(AuditLog.Entry(.started))
            let responder = SiteResponder { request, job, round in
                try await site.member(of: job, in: request, round: round)
            }
            progress.say("waiting for messages at \(runtime)")
            try await FlowerClientApp(endpoint, app: app, audit: audit, notice: progress.say).run { request in
                try await Parallel.$threadLimit.withValue(threads ?? Parallel.threadCount) {
                    try await responder.answer(request)
                }
            }
        }
    }
}
