import ArgumentParser
import FederatedContrastive
import FederationFlower
import Foundation
import Support

/// The configuration of a site: what the options of `FlowerClient` say, or a JSON file of the same names.
///
/// ```json
/// {"data": "/srv/hearts", "state": "/var/lib/federated-site", "policy": "policy.json", "approve": true}
/// ```
struct SiteConfiguration: RunSettings {
    /// The address of the SuperNode.
    var runtime = "http://127.0.0.1:9094"
    /// The folder of the site's patients.
    var data = ""
    /// The folder for what is kept between rounds.
    var state = ""
    /// A file of pre-training settings, for a server that sends none.
    var job: String?
    /// A file with the policy of the site.
    var policy: String?
    /// Whether a person approves each job.
    var approve = false
    /// The only app whose messages are answered.
    var app = FederatedJob.app
    /// The certificate of the authority that signed the SuperNode's.
    var ca: String?
    /// The file of the secret shared with the SuperNode.
    var superexecSecret: String?
    /// Whether an `http` address of another machine is accepted.
    var insecure = false
    /// The file for metrics, in Prometheus' text format.
    var metrics: String?
    /// The number of threads.
    var threads: Int?

    func validate() throws(RunError) {
        if data.isEmpty { throw .conflict("--data is missing: the folder of this site's patients.") }
        if state.isEmpty { throw .conflict("--state is missing: the folder for what is kept between rounds.") }
        if let threads, !(1...1024).contains(threads) {
            throw .setting("threads", found: "\(threads)", expected: "a number from 1 to 1024")
        }
        if let metrics, !metrics.hasSuffix(".prom") {
            throw .setting("metrics", found: metrics, expected: "a file whose name ends in .prom")
        }
    }

    /// Reads a configuration, whose relative paths are relative to the file's folder.
    init(from url: URL) throws(RunError) {
        try self.init(contentsOf: url)
        let home = url.deletingLastPathComponent()
        func absolute(_ path: String) -> String {
            path.isEmpty ? path : URL(fileURLWithPath: path, relativeTo: home).path
        }
        (data, state) = (absolute(data), absolute(state))
        (job, policy, ca) = (job.map(absolute), policy.map(absolute), ca.map(absolute))
        (superexecSecret, metrics) = (superexecSecret.map(absolute), metrics.map(absolute))
    }

    init() {}

    /// The endpoint of the SuperNode.
    ///
    /// - Throws: `FlowerError` if the address, a certificate, or the secret cannot be used.
    var endpoint: FlowerEndpoint {
        get throws(FlowerError) {
            try FlowerEndpoint(
                address: runtime, certificateAuthority: ca, secretFile: superexecSecret, allowsPlaintext: insecure)
        }
    }

    /// The policy, which allows everything if there is no file.
    ///
    /// - Throws: `RunError`.
    var sitePolicy: SitePolicy {
        get throws(RunError) {
            guard let policy else { return SitePolicy() }
            let known = try SitePolicy(contentsOf: URL(fileURLWithPath: policy))
            try known.validate()
            return known
        }
    }
}

/// The options of a site; each replaces a value of the file of `--config`.
struct SiteOptions: SettingOptions {
    @Option(help: "The SuperNode's address (default: http://127.0.0.1:9094).")
    var runtime: String?
    @Option(help: "The folder of this site's patients, in ACDC's layout or nnU-Net's.", completion: .directory)
    var data: AbsolutePath?
    @Option(help: "The folder for what is kept between rounds.", completion: .directory)
    var state: AbsolutePath?
    @Option(
        help: "A JSON file of pre-training settings, for a server that sends none, such as Flower's own.",
        completion: .file())
    var job: AbsolutePath?
    @Option(
        help: "A JSON file that says which jobs this site takes part in; docs/deployment.md has its settings.",
        completion: .file())
    var policy: AbsolutePath?
    @Flag(
        inversion: .prefixedNo,
        help: "Take part in a job only after 'FlowerClient approve' has accepted it (default: no).")
    var approve: Bool?
    @Option(help: "The only app, publisher/name, whose messages are answered (default: \(FederatedJob.app)).")
    var app: String?
    @Option(help: "The certificate of the authority that signed the SuperNode's, a PEM file.", completion: .file())
    var ca: AbsolutePath?
    @Option(help: "The file that the SuperNode was given as --superexec-auth-secret-file.", completion: .file())
    var superexecSecret: AbsolutePath?
    @Flag(
        inversion: .prefixedNo,
        help: "Accept an http address of another machine, in a network that encrypts by itself (default: no).")
    var insecure: Bool?
    @Option(
        help: "Write what happens here to this file after every message, for node_exporter's textfile collector.",
        completion: .file(extensions: ["prom"]))
    var metrics: AbsolutePath?
    @Option(help: "Threads, which do not change the result (default: one for each core).")
    var threads: Int?
}

/// The options of a site and the file of its configuration.
struct SiteArguments: ParsableArguments, Sendable {
    @Option(
        help: "A JSON file of the site's configuration, whose names are those of the options; options take precedence.",
        completion: .file())
    var config: String?
    @OptionGroup var options: SiteOptions

    /// Returns the configuration.
    ///
    /// - Throws: `RunError` if the file cannot be read, or a value is out of range.
    func configuration() throws -> SiteConfiguration {
        let file = try config.map { try SiteConfiguration(from: URL(fileURLWithPath: $0)) } ?? SiteConfiguration()
        let configuration = try options.applied(to: file)
        try configuration.validate()
        return configuration
    }
}
