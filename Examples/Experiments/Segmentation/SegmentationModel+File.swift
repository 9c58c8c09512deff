import Foundation
import Tensor
import UNet
import Volumes

extension SegmentationModel {
    /// Writes weights, architecture, preprocessing and class names as one safetensors file that PyTorch reads too.
    ///
    /// The metadata are texts: `configuration` and `preprocessing` hold JSON objects, `classes` a JSON array.
    ///
    /// - Parameter provenance: What the model was trained on, in one sentence.
    package func write(to url: URL, provenance: String) throws(WeightsError) {
        let metadata = [
            "model": "U-Net", "configuration": json(network.configuration), "preprocessing": json(preprocessing),
            "classes": json(classes), "provenance": provenance,
        ]
        try parameters.safetensors(metadata: metadata).write(to: url)
    }

    /// The model in a file.
    ///
    /// - Throws: ``Failure`` if the file is no such model, with the field that is missing or wrong.
    package init(contentsOf url: URL) throws {
        guard FileManager.default.fileExists(atPath: url.path) else {
            throw Failure.noInput("\(url.path): there is no such file; pass the model.safetensors of a fine-tuned run.")
        }
        let file = try Safetensors(contentsOf: url)
        func field<Value: Decodable>(_ name: String, as type: Value.Type) throws(Failure) -> Value {
            guard let text = file.metadata[name] else {
                let hint =
                    name == "classes"
                    ? "; an encoder alone labels nothing, fine-tune it first" : "; pass a file that this package wrote"
                throw .badData("\(url.path): the metadata have no '\(name)'\(hint).")
            }
            guard let value = try? JSONDecoder().decode(Value.self, from: Data(text.utf8)) else {
                throw .badData("\(url.path): '\(name)' in the metadata is not what this package writes: \(text).")
            }
            return value
        }
        classes = try field("classes", as: [String].self)
        let configuration = try field("configuration", as: UNet.Configuration.self)
        let recipe = try field("preprocessing", as: Preprocessing.self)
        try Self.check(configuration, recipe, classes: classes.count, file: url.path)
        preprocessing = recipe
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 0))
        network = UNet(configuration, in: &builder)
        parameters = builder.parameters()
        let transfer = try parameters.load(file)
        if let missing = transfer.fresh.first {
            throw Failure.badData("\(url.path): the weight '\(missing)' is missing; the file is not a whole model.")
        }
    }

    /// Refuses extents that no file of this package has, before memory is taken for them.
    private static func check(
        _ configuration: UNet.Configuration, _ preprocessing: Preprocessing, classes: Int, file: String
    ) throws(Failure) {
        let fields: [(String, Bool)] = [
            ("configuration.inputChannels", configuration.inputChannels == 1),
            ("configuration.classes", configuration.classes == classes && (2...256).contains(classes)),
            ("configuration.width", (1...256).contains(configuration.width)),
            ("configuration.depth", (1...6).contains(configuration.depth)),
            (
                "preprocessing.size",
                (1...4096).contains(preprocessing.size)
                    && preprocessing.size.isMultiple(of: 1 << min(6, max(0, configuration.depth)))
            ),
            ("preprocessing.spacing", preprocessing.spacing.isFinite && (0.05...50).contains(preprocessing.spacing)),
            (
                "preprocessing.intensityPercentiles",
                preprocessing.intensityPercentiles.lowerBound >= 0
                    && preprocessing.intensityPercentiles.upperBound <= 100
            ),
        ]
        if let wrong = fields.first(where: { !$0.1 }) {
            throw .badData(
                "\(file): '\(wrong.0)' in the metadata is out of range; pass a file that this package wrote.")
        }
    }

    private func json(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Numbers and texts only: this cannot fail.
        return String(decoding: try! encoder.encode(value), as: UTF8.self)
    }
}
