import ArgumentParser
import FederatedContrastive
import Federation
import FederationFlower
import Foundation
import Support

/// The options for the connection to Flower and the participants.
struct Connection: ParsableArguments, Sendable {
    @Option(help: "The SuperLink's address, such as https://flower.example.org:8000.")
    var runtime = "http://127.0.0.1:8000"
    @Option(help: "The certificate of the authority that signed the SuperLink's, a PEM file.", completion: .file())
    var ca: String?
    @Option(help: "The file that the SuperLink was given as --superexec-auth-secret-file.", completion: .file())
    var superexecSecret: String?
    @Flag(help: "Accept an http address of another machine, in a network that encrypts by itself.")
    var insecure = false
    @Option(help: "The only app, publisher/name, whose runs are led.")
    var app = FederatedJob.app
    @Option(help: "How long a site may take to compute features or to train, in seconds.")
    var phaseTimeout = 3600.0
    @Option(help: "How long to wait until all sites are there, in seconds.")
    var sitesTimeout = 600.0

    @Option(help: "The folder for the run's files.", completion: .directory)
    var output: String?
    @Option(help: "Go on with the run in this folder, from its last complete round.", completion: .directory)
    var resume: String?
    @Option(help: "With --resume, go back to the checkpoint of this round; every tenth is kept.")
    var fromRound: Int?
    @Flag(help: "Print a JSON object a round on standard output.")
    var json = false
    @Flag(help: "Print nothing but errors on standard error.")
    var quiet = false

    func validate() throws {
        if (output == nil) == (resume == nil) {
            throw ValidationError("--output or --resume is expected: the folder for the run's files, or of a run.")
        }
        if fromRound != nil, resume == nil {
            throw ValidationError("--from-round needs --resume and the folder of a run.")
        }
        for (name, value) in [("--phase-timeout", phaseTimeout), ("--sites-timeout", sitesTimeout)]
        where !(value > 0 && value <= 1e7) {
            throw ValidationError("\(name) \(value): a number of seconds is expected.")
        }
    }

    /// Returns the default quorum: more than half of the sites, so that none of them can end a run by staying away, and no
    /// round consists of liars alone.
    static func majority(of sites: Int) -> Int { sites / 2 + 1 }

    /// Returns the folder of the run, new or resumed.
    func folder<Settings: RunSettings>(_ settings: () throws -> Settings) throws -> RunFolder<Settings> {
        if let resume { return try RunFolder(resuming: URL(fileURLWithPath: resume)) }
        let folder = try RunFolder(new: URL(fileURLWithPath: output!), settings: settings())
        try folder.prepare()
        return folder
    }

    /// Waits for a run and its sites, and calls `body` with them.
    ///
    /// - Parameter job: The job for the sites.
    func lead(
        _ job: FederatedJob, sites: Int, progress: ProgressLine,
        _ body: @escaping @Sendable ([RemoteClient]) async throws -> Void
    ) async throws {
        let endpoint = try FlowerEndpoint(
            address: runtime, certificateAuthority: ca, secretFile: superexecSecret, allowsPlaintext: insecure)
        let remote = RemoteClient.Job(
            description: try job.text, phase: .seconds(phaseTimeout), handshake: .seconds(min(phaseTimeout, 600)))
        let timeout = Duration.seconds(sitesTimeout)
        try await FlowerServerApp(endpoint, app: app, notice: progress.say).run { grid, _ in
            let clients = try await RemoteClient.all(
                of: grid, count: sites, job: remote, timeout: timeout, notice: progress.say)
            progress.say("sites: " + clients.map(\.id).joined(separator: ", "))
            try await body(clients)
        }
    }
}

extension RunFolder {
    /// Returns the name of this run at the sites, which is unique per run and unchanged by a restart of the server.
    func name() throws -> String {
        let file = url.appendingPathComponent("flower.json")
        if let known = try? JSONDecoder().decode(RunName.self, from: Data(contentsOf: file)) { return known.run }
        let name = RunName(run: UUID().uuidString.lowercased())
        try write(JSONEncoder().encode(name) + Data("\n".utf8), to: file.lastPathComponent)
        return name.run
    }
}

/// The contents of `flower.json`.
private struct RunName: Codable {
    let run: String
}

extension Failure {
    /// Creates the failure for a Flower error, or for an invalid option `--sites`; `nil` for other errors.
    init?(flower error: any Error) {
        if case RunError.setting("clients", let found, let expected) = error {
            self = .usage("--sites \(found): \(expected) is expected.")
            return
        }
        guard let error = error as? FlowerError else { return nil }
        switch error {
        case .unreadable: self = .noInput("\(error).")
        case .malformed: self = .usage("\(error).")
        case .taskEnded: self = .unavailable("\(error); the last complete round is saved, --resume continues after it.")
        default: self = .unavailable("\(error).")
        }
    }
}
