import Foundation
import Tensor
import UNet
import Volumes

/// A U-Net that labels 3-D images slice by slice, with everything needed to apply it to a new image: preprocessing
/// and class names.
///
/// ```swift
/// let model = try SegmentationModel(contentsOf: url)
/// let labels = model.labels(of: try NIfTI(contentsOf: scan).volume)      // on the grid of the scan
/// ```
public struct SegmentationModel: Sendable {
    /// The network.
    public let network: UNet
    /// The preprocessing of images.
    public let preprocessing: Preprocessing
    /// The names of the classes, the background first.
    public let classes: [String]
    /// The weights.
    public var parameters: Parameters

    /// Creates a network with random weights.
    ///
    /// - Parameters:
    ///   - width: The number of channels of the first level.
    ///   - preprocessing: The preprocessing of images.
    ///   - classes: The names of the classes, the background first.
    ///   - generator: The generator of the weights.
    public init(width: Int, preprocessing: Preprocessing, classes: [String], generator: SeededGenerator) {
        var builder = ParameterBuilder(generator: generator)
        network = UNet(UNet.Configuration(classes: classes.count, width: width), in: &builder)
        parameters = builder.parameters()
        (self.preprocessing, self.classes) = (preprocessing, classes)
    }

    // MARK: Labels

    /// Returns the labels of a native 3-D image, on its own grid.
    ///
    /// - Precondition: One frame.
    public func labels(of image: Volume) -> Volume {
        labels(of: preprocessing(image))
    }

    /// Returns the labels of a prepared image, on the native grid of its source.
    public func labels(of volume: PreparedVolume) -> Volume {
        volume.restored(scores: scores(of: volume), classes: classes.count)
    }

    /// Returns the labels of several prepared images, such as the frames of a cine, on the native grids of their
    /// sources.
    ///
    /// A work item is a few slices, whichever image they belong to; results are bitwise identical for any number of
    /// workers.
    ///
    /// - Parameters:
    ///   - volumes: The prepared images.
    ///   - workers: The number of concurrent work items, which divide the threads among them.
    /// - Throws: `CancellationError` if the task was canceled.
    public func labels(of volumes: [PreparedVolume], workers: Int) async throws -> [Volume] {
        var pieces: [(volume: Int, slices: Range<Int>)] = []
        for (index, volume) in volumes.enumerated() {
            // Work items of one volume are about equally large.
            let count = max(1, (volume.sliceCount + 7) / 8)
            for piece in 0..<count {
                pieces.append((index, volume.sliceCount * piece / count..<volume.sliceCount * (piece + 1) / count))
            }
        }
        let labels = try await Parallel.map(pieces.count, workers: workers) { [pieces] index in
            try Task.checkCancellation()
            return self.labels(of: volumes[pieces[index].volume].part(pieces[index].slices)).voxels
        }
        var voxels = volumes.map { _ in [Float]() }
        for (piece, part) in zip(pieces, labels) { voxels[piece.volume] += part }
        return zip(volumes, voxels).map { volume, voxels in
            Volume(extent: volume.grid.native, spacing: volume.grid.nativeSpacing, voxels: voxels)
        }
    }

    /// Returns the class scores (logits) of every pixel of a prepared image: `[slice, row, column, class]`.
    public func scores(of volume: PreparedVolume) -> [Float] {
        let (count, size) = (volume.sliceCount, volume.size)
        var scores: [Float] = []
        scores.reserveCapacity(count * size * size * classes.count)
        // Process a few slices at a time: larger batches need more memory and are no faster.
        for start in stride(from: 0, to: count, by: 8) {
            let slices = start..<min(start + 8, count)
            let pixels = volume.pixels[slices.lowerBound * size * size..<slices.upperBound * size * size]
            let images = Tensor(pixels, shape: [slices.count, size, size, 1])
            scores += evaluate(parameters) { network($0.constant(images)) }.elements
        }
        return scores
    }

    /// Returns the class probabilities of every pixel of a prepared image, which sum to 1 per pixel:
    /// `[slice, row, column, class]`.
    public func probabilities(of volume: PreparedVolume) -> [Float] {
        let scores = scores(of: volume)
        let rows = Tensor(scores, shape: [scores.count / classes.count, classes.count])
        return evaluate(Parameters()) { softmax($0.constant(rows)) }.elements
    }

    /// Returns the labels of a prepared image on its own grid: `[slice, row, column]`.
    public func classMap(of volume: PreparedVolume) -> [UInt8] {
        let scores = scores(of: volume)
        return (0..<scores.count / classes.count).map { place in
            let own = place * classes.count..<(place + 1) * classes.count
            return UInt8(own.max { scores[$0] < scores[$1] }! - own.lowerBound)
        }
    }
}

extension PreparedVolume {
    /// Returns a range of the slices, without labels.
    fileprivate func part(_ slices: Range<Int>) -> PreparedVolume {
        var native = grid.native
        native.slices = slices.count
        let pixels = Array(pixels[slices.lowerBound * size * size..<slices.upperBound * size * size])
        return PreparedVolume(
            pixels: pixels,
            grid: Grid(native: native, nativeSpacing: grid.nativeSpacing, spacing: grid.spacing, size: size))
    }
}

// MARK: File

/// An error in a file that is not a segmentation model.
public enum SegmentationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no file at that path.
    case missing(file: String)
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
    /// Writes weights, architecture, preprocessing, and class names as one safetensors file that PyTorch can also
    /// read.
    ///
    /// All metadata values are strings: `configuration` and `preprocessing` contain JSON objects, `classes` a JSON
    /// array.
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
            "classes": json(classes), "provenance": provenance,
        ]
        try parameters.safetensors(metadata: metadata).write(to: url)
    }

    /// Loads the model in a file.
    ///
    /// - Throws: `SegmentationError` if the file is not such a model; `WeightsError` if it is damaged.
    public init(contentsOf url: URL) throws {
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw SegmentationError.missing(file: url.path)
        }
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
        if let wrong = Self.fault(configuration, preprocessing, classes: classes.count) {
            throw SegmentationError.invalidField(file: url.path, field: wrong, found: "out of range")
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
            ("configuration.inputChannels", configuration.inputChannels == 1),
            ("configuration.classes", configuration.classes == classes && (2...256).contains(classes)),
            ("configuration.width", (1...256).contains(configuration.width)),
            ("configuration.depth", depths.contains(configuration.depth)),
            (
                "preprocessing.size",
                (1...4096).contains(preprocessing.size)
                    && preprocessing.size.isMultiple(of: 1 << min(6, max(0, configuration.depth)))
            ),
            ("preprocessing.spacing", (0.05...50).contains(preprocessing.spacing)),
            (
                "preprocessing.intensityPercentiles",
                preprocessing.intensityPercentiles.lowerBound >= 0
                    && preprocessing.intensityPercentiles.upperBound <= 100
            ),
        ]
        return fields.first { !$0.1 }?.0
    }
}
