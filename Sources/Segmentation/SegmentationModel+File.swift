import FileIO
import Foundation
import Tensor
import UNet
import Volumes

/// An error in a file that is not a segmentation model.
public enum SegmentationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no file at that path.
    case missing(file: String)
    /// The folder holds no `model.safetensors`; a file in a folder below, if there is one.
    case noModel(folder: String, below: String?)
    /// A field of the metadata is missing.
    case noField(file: String, field: String)
    /// A field of the metadata has an unexpected value.
    case invalidField(file: String, field: String, found: String)
    /// A weight of the network is missing.
    case noWeight(file: String, weight: String)

    /// A sentence with the file, the error, and the remedy.
    public var description: String {
        switch self {
        case .missing(let file):
            "\(file): there is no such file; pass the model.safetensors of a fine-tuned run."
        case .noModel(let folder, let below?):
            "\(folder): there is no model.safetensors in it; those of its trials are models too, such as \(below)."
        case .noModel(let folder, nil):
            "\(folder): there is no model.safetensors in it; pass the folder of a finished fine-tuning."
        case .noField(let file, "classes"):
            "\(file): the metadata have no 'classes'; an encoder alone labels nothing, fine-tune it first."
        case .noField(let file, let field):
            "\(file): the metadata have no '\(field)'; pass a file that this package wrote."
        case .invalidField(let file, let field, let found):
            "\(file): '\(field)' in the metadata is \(found); pass a file that this package wrote."
        case .noWeight(let file, let weight):
            "\(file): the weight '\(weight)' is missing; the file is not a whole model."
        }
    }
}

extension SegmentationModel {
    /// Writes weights, architecture, preprocessing, way of labeling, and class names as one safetensors file that PyTorch
    /// can also read.
    ///
    /// All metadata values are strings: `configuration`, `preprocessing`, and `inference` contain JSON objects,
    /// `classes` a JSON array; `version` is that of this package.
    ///
    /// - Parameters:
    ///   - url: The file, which is replaced if it exists.
    ///   - provenance: The training data and procedure, in one sentence.
    /// - Throws: `WeightsError` if the file cannot be written.
    public func write(to url: URL, provenance: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        func json(_ value: some Encodable) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        let metadata = try [
            "model": "U-Net", "configuration": json(network.configuration), "preprocessing": json(preprocessing),
            "inference": json(inference), "classes": json(classes), "provenance": provenance,
            "version": PackageVersion.text,
        ]
        try parameters.safetensors(metadata: metadata).write(to: url)
    }

    /// Returns the file of a model: the one at `url`, or `model.safetensors` in the folder there.
    ///
    /// - Throws: `SegmentationError.missing` or `.noModel`.
    package static func file(at url: URL) throws(SegmentationError) -> URL {
        let (files, name) = (FileManager.default, "model.safetensors")
        guard files.fileExists(atPath: url.path) else { throw .missing(file: url.path) }
        let isFolder = try? url.resolvingSymlinksInPath().resourceValues(forKeys: [.isDirectoryKey]).isDirectory
        guard isFolder == true else { return url }
        let file = url.appendingPathComponent(name)
        if files.fileExists(atPath: file.path) { return file }
        // The folder of a run has one folder for each of its trials, in the folder `trials`.
        let below = [url.appendingPathComponent("trials"), url].lazy.flatMap { folder in
            ((try? files.contentsOfDirectory(atPath: folder.path)) ?? []).sorted().map {
                folder.appendingPathComponent($0).appendingPathComponent(name).path
            }
        }
        throw .noModel(folder: url.path, below: below.first(where: files.fileExists(atPath:)))
    }

    /// Loads the model in a file, or in a folder, where it is the file `model.safetensors`.
    ///
    /// - Throws: `SegmentationError` if the file is not such a model; `WeightsError` if it is damaged.
    public init(contentsOf url: URL) throws {
        let url = try Self.file(at: url)
        let file = try Safetensors(contentsOf: url)
        func field<Value: Decodable>(_ name: String, as type: Value.Type) throws(SegmentationError) -> Value {
            guard let text = file.metadata[name] else { throw .noField(file: url.path, field: name) }
            guard let value = try? JSONDecoder().decode(Value.self, from: Data(text.utf8)) else {
                throw .invalidField(file: url.path, field: name, found: "not what this package writes: \(text)")
            }
            return value
        }
        classes = try field("classes", as: [String].self)
        let configuration = try field("configuration", as: UNet.Configuration.self)
        preprocessing = try field("preprocessing", as: Preprocessing.self)
        // Files of versions before 0.2 do not have the field, and say how they label by that.
        inference =
            try file.metadata["inference"].map { _ in try field("inference", as: Inference.self) } ?? Inference()
        if inference.cleanUp, CardiacLabels(classNames: classes) == nil {
            throw SegmentationError.invalidField(
                file: url.path, field: "inference.cleanUp", found: "true, though the classes are not those of the heart"
            )
        }
        if let wrong = Self.fault(configuration, preprocessing, classes: classes.count) {
            throw SegmentationError.invalidField(file: url.path, field: wrong, found: "out of range")
        }
        // The bottleneck alone has this many weights; a file with fewer is refused before they are allocated.
        let deepest = configuration.channels(level: configuration.depth)
        let stored = file.tensors.values.reduce(0) { $0 + $1.count }
        guard 9 * deepest * deepest <= stored else {
            throw SegmentationError.invalidField(
                file: url.path, field: "configuration",
                found: "a network of width \(configuration.width) and depth \(configuration.depth), and the file "
                    + "has no more than \(stored) weights")
        }
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 0))
        network = UNet(configuration, in: &builder)
        parameters = builder.parameters()
        if let missing = try parameters.load(file).missing.first {
            throw SegmentationError.noWeight(file: url.path, weight: missing)
        }
    }

    /// Returns the first field out of range for this package's files, checked before memory is allocated for it.
    private static func fault(
        _ configuration: UNet.Configuration, _ preprocessing: Preprocessing, classes: Int
    ) -> String? {
        let depths = 1...6
        let fields: [(String, Bool)] = [
            ("configuration.inputChannels", (1...16).contains(configuration.inputChannels)),
            ("configuration.classes", configuration.classes == classes && (2...255).contains(classes)),
            ("configuration.width", (1...256).contains(configuration.width)),
            ("configuration.depth", depths.contains(configuration.depth)),
            (
                "preprocessing.size",
                (1...1024).contains(preprocessing.size)
                    && preprocessing.size.isMultiple(of: 1 << min(6, max(0, configuration.depth)))
            ),
            ("preprocessing.spacing", (0.05...50).contains(preprocessing.spacing)),
        ]
        return fields.first { !$0.1 }?.0
    }
}
