import FileIO
import Foundation
import Tensor

/// The list of a checkpoint's files, used to verify that it is complete.
///
/// On disk, it consists of two lines: the list as JSON, and the checksum of that line.
package struct Manifest: Codable, Hashable {
    let round: Int
    /// The length of `rounds.jsonl` when the checkpoint was saved.
    let journalLength: Int
    let files: [String: File]

    package struct File: Codable, Hashable {
        let bytes: Int
        let checksum: String

        init(_ contents: Data) {
            bytes = contents.count
            checksum = Checksum.crc32(contents)
        }

        /// Returns whether the contents match.
        func matches(_ contents: Data) -> Bool {
            contents.count == bytes && Checksum.matches(contents, checksum)
        }
    }

    package static let name = "manifest.json"

    /// Creates the manifest of the given files.
    package init(round: Int, journalLength: Int, files: [String: Data]) {
        self.round = round
        self.journalLength = journalLength
        self.files = files.mapValues(File.init)
    }

    /// Decodes the manifest in a file, or returns nil if any byte of the file is wrong.
    init?(decoding data: Data) {
        let lines = data.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard lines.count == 3, lines[2].isEmpty,
            Checksum.matches(Data(lines[0]), String(decoding: lines[1], as: UTF8.self)),
            let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(lines[0])),
            manifest.journalLength >= 0, manifest.files.keys.allSatisfy(Self.isPlain)
        else { return nil }
        self = manifest
    }

    /// The two lines on disk.
    package var encoded: Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Integers and strings always encode.
        guard let json = try? encoder.encode(self) else { preconditionFailure("no manifest of round \(round)") }
        return json + [0x0A] + Data(Checksum.crc32(json).utf8) + [0x0A]
    }

    /// Returns whether a name stays inside the checkpoint's directory and differs from the manifest's.
    static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".") && !name.contains("/") && !name.contains("\0") && name != Self.name
            && name.utf8.count <= 200
    }
}

/// The state from which a run continues after a round, as named files, such as weights, optimizers, and banks.
public struct Checkpoint: Hashable, Sendable {
    /// The number of rounds completed.
    public let round: Int
    /// The contents of the files by name.
    public let files: [String: Data]
}

extension Checkpoint {
    static let model = "model.safetensors"
    static let aggregator = "aggregator.safetensors"

    /// Returns the global model, with the slots of `reference`.
    ///
    /// - Throws: `WeightsError` if the checkpoint does not contain such a model.
    public func model(like reference: Parameters) throws(WeightsError) -> Parameters {
        var parameters = reference
        _ = try parameters.load(weights(Self.model))
        return parameters
    }

    /// Returns the tensors in one of the files; messages name the file and the round.
    ///
    /// - Throws: `WeightsError` if the file is missing or damaged.
    public func weights(_ name: String) throws(WeightsError) -> Safetensors {
        try Safetensors(data: files[name] ?? Data(), source: "\(name) of round \(round)")
    }
}
