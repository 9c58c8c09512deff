import Foundation
import Tensor
import Volumes

/// Where fine-tuning begins: a pre-trained encoder, or random weights.
package struct Start: Sendable {
    /// What tables call it: `random`, or the name of the run.
    package let name: String
    /// The weights of the encoder; `nil` for random ones.
    private let weights: Safetensors?
    /// Channels of the encoder's first level, if the encoder is given.
    package let width: Int?
    /// How the images were prepared that the encoder was trained on, if its file says so.
    package let preprocessing: Preprocessing?
    /// Which patients each client had in pre-training, if the run says so.
    package let clients: [[String]]?

    /// `random`, a run's folder, or a safetensors file, optionally behind a name: `FCL=runs/fcl`.
    package init(_ argument: String) throws {
        let parts = argument.split(separator: "=", maxSplits: 1)
        let (given, path) = parts.count == 2 ? (String(parts[0]), String(parts[1])) : (nil, argument)
        guard path != "random" else {
            name = given ?? "random"
            (weights, width, preprocessing, clients) = (nil, nil, nil, nil)
            return
        }
        var url = URL(fileURLWithPath: path)
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw Failure.noInput("--init \(path): there is no such file or folder; 'random' means random weights.")
        }
        if isFolder.boolValue {
            clients = (try? Data(contentsOf: url.appendingPathComponent("split.json")))
                .flatMap { try? JSONDecoder().decode([[String]].self, from: $0) }
            name = given ?? url.lastPathComponent
            url.appendPathComponent("encoder.safetensors")
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw Failure.noInput(
                    "--init \(path): the run has no encoder.safetensors; finish it first by --resume.")
            }
        } else {
            clients = nil
            name = given ?? url.deletingPathExtension().lastPathComponent
        }
        let file = try Safetensors(contentsOf: url)
        guard let first = file.tensors["inc.double_conv.0.weight"], first.shape.rank == 4 else {
            throw Failure.badData("\(url.path): there is no weight 'inc.double_conv.0.weight', so no U-Net encoder.")
        }
        weights = file
        width = first.shape[0]
        preprocessing = file.metadata["preprocessing"].flatMap {
            try? JSONDecoder().decode(Preprocessing.self, from: Data($0.utf8))
        }
    }

    /// A model that begins here: a fresh decoder behind the encoder.
    package func model(
        width: Int, preprocessing: Preprocessing, classes: [String], seed: UInt64
    ) throws -> SegmentationModel {
        var model = SegmentationModel(
            width: width, preprocessing: preprocessing, classes: classes,
            generator: SeededGenerator(seed: seed, path: Stream.decoder))
        guard let weights else { return model }
        // A whole network may be given too; its decoder is left out.
        var encoder = weights
        encoder.tensors = encoder.tensors.filter { SegmentationModel.isEncoder($0.key) }
        encoder.integers = encoder.integers.filter { SegmentationModel.isEncoder($0.key) }
        let transfer = try model.parameters.load(encoder)
        let absent = model.parameters.slots.map(\.name)
            .first { SegmentationModel.isEncoder($0) && !transfer.loaded.contains($0) }
        if let absent {
            throw Failure.badData("--init \(name): the weight '\(absent)' is missing, so the encoder is not whole.")
        }
        return model
    }
}

extension Start {
    /// The argument with its path in full, so that a run goes on from any directory.
    package static func absolute(_ argument: String) -> String {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        let path = parts.last ?? argument
        guard path != "random" else { return argument }
        return (parts.count == 2 ? parts[0] + "=" : "") + URL(fileURLWithPath: path).path
    }

    /// The starts of a run, whose names must differ.
    package static func all(_ arguments: [String]) throws -> [Start] {
        let starts = try arguments.map(Start.init)
        let names = starts.map(\.name)
        if let twice = names.first(where: { name in names.filter { $0 == name }.count > 1 }) {
            throw Failure.usage("--init: two starts are called '\(twice)'; name one of them: --init other=PATH.")
        }
        if let odd = names.first(where: { $0.isEmpty || $0.contains("/") || $0.hasPrefix(".") || $0.utf8.count > 100 })
        {
            throw Failure.usage("--init: '\(odd)' cannot be the name of a start; it becomes part of a folder's name.")
        }
        return starts
    }
}
