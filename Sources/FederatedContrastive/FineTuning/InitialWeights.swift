import Foundation
import Segmentation
import Tensor
import UNet
import Volumes

/// The weights from which fine-tuning starts: those of a pre-trained encoder, or random ones.
public struct InitialWeights: Sendable {
    /// The name in tables: `random`, or the name of the run.
    public let name: String
    /// The weights of the encoder; `nil` for random ones.
    private let weights: Safetensors?
    /// The number of channels of the encoder's first level, if an encoder is given.
    public let width: Int?
    /// The number of channels of an image, if an encoder is given.
    public let channels: Int?
    /// The preprocessing of the images that the encoder was trained on, if its file specifies it.
    public let preprocessing: Preprocessing?
    /// The patients of each client in pre-training, if the run specifies them.
    public let clients: [[String]]?
    /// The patients whose images pre-training saw, without labels, if the run specifies them.
    public let seen: Set<String>

    /// Loads the weights specified by an argument: `random`, a run's folder, or a safetensors file, optionally
    /// preceded by a name: `FCL=runs/fcl`.
    ///
    /// - Throws: `RunError` if there is no such encoder; `WeightsError` if its file is damaged.
    public init(_ argument: String) throws {
        let parts = argument.split(separator: "=", maxSplits: 1)
        let (given, path) = parts.count == 2 ? (String(parts[0]), String(parts[1])) : (nil, argument)
        guard path != "random" else {
            name = given ?? "random"
            (weights, width, channels, preprocessing, clients, seen) = (nil, nil, nil, nil, nil, [])
            return
        }
        var url = URL(fileURLWithPath: path)
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw RunError.missing("--init \(path): there is no such file or folder; 'random' means random weights.")
        }
        let isFolder = try? url.resolvingSymlinksInPath().resourceValues(forKeys: [.isDirectoryKey]).isDirectory
        if isFolder == true {
            let split = try? SplitFile(contentsOf: url.appendingPathComponent("split.json"))
            // The split of a fine-tuning, which has folds, does not bind those that start from its model.
            clients = split?.folds == nil ? split?.sites : nil
            seen = Set((clients ?? []).joined()).subtracting(split?.heldOut ?? [])
            name = given ?? url.lastPathComponent
            let files = ["encoder.safetensors", "model.safetensors"].map(url.appendingPathComponent)
            url = files.first { FileManager.default.fileExists(atPath: $0.path) } ?? files[0]
            guard FileManager.default.fileExists(atPath: url.path) else {
                throw RunError.missing(
                    split?.folds == nil
                        ? "--init \(path): the run has no encoder.safetensors; finish it first by --resume."
                        : "--init \(path): the fine-tuning has no model of all patients; make one with --final, or name "
                            + "a trial's, \(path)/trials/…/model.safetensors.")
            }
        } else {
            (clients, seen) = (nil, [])
            name = given ?? url.deletingPathExtension().lastPathComponent
        }
        let file = try Safetensors(contentsOf: url)
        guard let first = file.tensors["inc.double_conv.0.weight"], first.shape.rank == 4 else {
            throw RunError.data("\(url.path): there is no weight 'inc.double_conv.0.weight', so no U-Net encoder.")
        }
        weights = file
        (width, channels) = (first.shape[0], first.shape[1])
        preprocessing = file.metadata["preprocessing"].flatMap {
            try? JSONDecoder().decode(Preprocessing.self, from: Data($0.utf8))
        }
    }

    /// Returns a segmentation model with this encoder and a randomly initialized decoder.
    ///
    /// Width and preprocessing are those of the encoder; if it does not specify them, 16 channels and the default
    /// preprocessing.
    ///
    /// - Throws: `RunError` or `WeightsError` if the weights are not those of an encoder.
    public func model(classes: [String], seed: UInt64 = 1) throws -> SegmentationModel {
        try model(
            channels: channels ?? 1, width: width ?? 16, preprocessing: preprocessing ?? Preprocessing(),
            classes: classes, seed: seed)
    }

    /// Returns a segmentation model with this encoder and a randomly initialized decoder.
    ///
    /// - Throws: `RunError` or `WeightsError` if the weights are not those of an encoder of this width.
    public func model(
        channels: Int = 1, width: Int, preprocessing: Preprocessing, classes: [String], seed: UInt64
    ) throws -> SegmentationModel {
        if let own = self.channels, own != channels {
            throw RunError.conflict(
                "--init \(name): the encoder is for images with \(own) channels, and the data have \(channels).")
        }
        var model = SegmentationModel(
            channels: channels, width: width, preprocessing: preprocessing, classes: classes,
            generator: SeededGenerator(seed: seed, path: RandomStream.decoder))
        guard let weights else { return model }
        // The weights may be those of a whole network; its decoder is omitted.
        let names = Set(model.parameters.slots.filter { $0.group == .encoder }.map(\.name))
        var encoder = weights
        encoder.tensors = encoder.tensors.filter { names.contains($0.key) }
        encoder.integers = [:]
        let transfer = try model.parameters.load(encoder)
        if let absent = names.subtracting(transfer.loaded).min() {
            throw RunError.data("--init \(name): the weight '\(absent)' is missing, so the encoder is not whole.")
        }
        return model
    }
}

extension InitialWeights {
    /// Returns the argument with an absolute path, so that a run can continue from any directory.
    public static func absolute(_ argument: String) -> String {
        let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
        let path = parts.last ?? argument
        guard path != "random" else { return argument }
        return (parts.count == 2 ? parts[0] + "=" : "") + URL(fileURLWithPath: path).path
    }

    /// Loads the initial weights of a run, whose names must be distinct.
    ///
    /// - Throws: `RunError`, `WeightsError`.
    public static func all(_ arguments: [String]) throws -> [InitialWeights] {
        let starts = try arguments.map(InitialWeights.init)
        let names = starts.map(\.name)
        if let twice = names.first(where: { name in names.filter { $0 == name }.count > 1 }) {
            throw RunError.conflict("--init: two starts are called '\(twice)'; name one of them: --init other=PATH.")
        }
        if let odd = names.first(where: { $0.isEmpty || $0.contains("/") || $0.hasPrefix(".") || $0.utf8.count > 100 })
        {
            throw RunError.conflict(
                "--init: '\(odd)' cannot be the name of a start; it becomes part of a folder's name.")
        }
        return starts
    }
}
