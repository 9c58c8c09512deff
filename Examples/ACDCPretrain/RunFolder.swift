import Federation
import Foundation
import Tensor

/// The folder of one run, with what it was made of: `config.json` and `environment.json`.
struct RunFolder {
    let url: URL
    let settings: Settings

    /// A folder for a new run.
    init(creating url: URL, settings: Settings) throws(Failure) {
        (self.url, self.settings) = (url, settings)
        let config = url.appendingPathComponent("config.json")
        if FileManager.default.fileExists(atPath: config.path) {
            throw .cannotCreate(
                "\(url.path) already holds a run; choose another --output, or go on with it by --resume \(url.path).")
        }
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw .cannotCreate("\(url.path) cannot be created: \(error.localizedDescription)")
        }
        try write(Self.environment(), to: "environment.json")
        try write(settings.encoded(), to: "config.json")
    }

    /// The folder of a run that goes on.
    init(resuming url: URL) throws(Failure) {
        self.url = url
        let config = url.appendingPathComponent("config.json")
        guard FileManager.default.fileExists(atPath: config.path) else {
            throw .noInput("\(url.path) does not hold a run: it has no config.json.")
        }
        settings = try Settings(contentsOf: config)
        try settings.validate()
    }

    /// Writes down which patients each site has, and refuses to go on with others than before.
    func checkSplit(_ split: [[String]]) throws(Failure) {
        let file = url.appendingPathComponent("split.json")
        guard let known = try? Data(contentsOf: file) else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted]
            return try write(try! encoder.encode(split) + Data("\n".utf8), to: file.lastPathComponent)
        }
        guard let before = try? JSONDecoder().decode([[String]].self, from: known), before == split else {
            throw .badData(
                "\(settings.data) does not hold the patients this run began with (\(file.path)); "
                    + "restore them, or begin a new run.")
        }
    }

    /// Writes the pre-trained encoder, without the projection head, under the names and in the layout of PyTorch.
    func writeEncoder(_ parameters: Parameters) throws {
        let metadata = [
            "format": "pt", "model": "U-Net encoder, width \(settings.width), depth 4, batch norm",
            "input": "1 channel, \(settings.size) × \(settings.size) pixels of \(settings.spacing) mm, "
                + "intensities clipped to the volume's percentiles 1 to 99 and scaled to 0 … 1",
            "pretraining": "FCL, \(settings.clients) clients, \(settings.rounds) rounds, seed \(settings.seed)",
        ]
        try parameters.safetensors(including: { !$0.name.hasPrefix("head.") }, metadata: metadata)
            .write(to: url.appendingPathComponent("encoder.safetensors"))
    }

    /// Writes a file of the run under a temporary name first, so that it is never seen half written.
    func write(_ contents: Data, to name: String) throws(Failure) {
        let file = url.appendingPathComponent(name)
        do { try contents.write(to: file, options: .atomic) } catch {
            throw .cannotWrite("\(file.path) cannot be written: \(error.localizedDescription)")
        }
    }

    /// What the bits of a run may depend on besides its settings.
    private static func environment() -> Data {
        let information = ProcessInfo.processInfo
        let facts: [String: Any] = [
            "started": ISO8601DateFormatter().string(from: Date()),
            "system": information.operatingSystemVersionString,
            "cores": information.activeProcessorCount,
            "blas": Machine.blas,
            "kernels": Machine.instructionSet,
        ]
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try! JSONSerialization.data(withJSONObject: facts, options: options) + Data("\n".utf8)
    }
}
