import FileIO
import Foundation
import Reporting
import Segmentation
import Support
import Tensor
import Volumes

/// A model with what is known about it, and the files that describe it to other tools.
struct ExportedModel {
    let model: SegmentationModel
    /// The training of the model, in one sentence.
    let provenance: String
    /// The card of the run, if there is one.
    let card: String?
    /// The mean Dice of each structure in the run's results, if there are any.
    let scores: [(structure: String, dice: Double)]

    /// Loads a model from its file or from the folder that holds it.
    init(at place: URL) throws {
        let file = try SegmentationModel.file(at: place)
        model = try SegmentationModel(contentsOf: file)
        let configuration = model.network.configuration
        guard configuration.normalization == .batch, configuration.slope == 0 else {
            throw Failure.badData(
                "\(file.path): only networks with batch normalization and ReLU can be exported.")
        }
        provenance = try Safetensors(contentsOf: file).metadata["provenance"] ?? "unknown"
        let home = file.deletingLastPathComponent()
        card = try? String(contentsOf: home.appendingPathComponent("MODEL_CARD.md"), encoding: .utf8)
        scores = Self.scores(in: home.appendingPathComponent("results.json"))
    }

    private static func scores(in file: URL) -> [(String, Double)] {
        struct Results: Decodable {
            let cells: [Cell]
            struct Cell: Decodable { let structures: [String: [String: ScoreSummary]] }
        }
        guard let data = try? Data(contentsOf: file), let results = try? JSONDecoder().decode(Results.self, from: data)
        else { return [] }
        // The last row is that of the most annotated patients.
        return (results.cells.last?.structures ?? [:]).sorted { $0.key < $1.key }.compactMap { name, metrics in
            metrics["dice"]?.mean.map { (name, $0) }
        }
    }

    /// The contents of `config.json`.
    private struct Configuration: Encodable {
        let schema = 1
        let version = PackageVersion.text
        let architecture = "U-Net"
        let channels: Int
        let width: Int
        let depth: Int
        let classes: [String]
        let id2label: [String: String]
        let preprocessing: Preprocessing
        let inference: Inference
        let provenance: String
    }

    /// `config.json`.
    func configuration() throws -> Data {
        let network = model.network.configuration
        let names = model.classes.enumerated().map { (String($0.offset), $0.element) }
        return try ReadableJSON.data(
            Configuration(
                channels: network.inputChannels, width: network.width, depth: network.depth, classes: model.classes,
                id2label: Dictionary(uniqueKeysWithValues: names), preprocessing: model.preprocessing,
                inference: model.inference, provenance: provenance))
    }

    /// `model.safetensors` with the parameters in the layout of PyTorch.
    func weights() throws -> Data { model.parameters.safetensors(metadata: ["format": "pt"]).data }

    /// The files of an ONNX export.
    func onnxFiles() throws -> [String: Data] {
        let configuration = try configuration()
        let graph = ONNXModel(model)
        return [
            "model.onnx": graph.data(
                version: PackageVersion.text, metadata: ["config": String(decoding: configuration, as: UTF8.self)]),
            "config.json": configuration, "segmentation.py": Data(PythonSources.pipeline.utf8),
        ]
    }

    /// The files of a folder for Hugging Face.
    func huggingFaceFiles() throws -> [String: Data] {
        [
            "model.safetensors": try weights(), "config.json": try configuration(),
            "unet.py": Data(PythonSources.network.utf8), "segmentation.py": Data(PythonSources.pipeline.utf8),
            "README.md": Data((front + body).utf8),
        ]
    }

    /// The metadata of the card, YAML.
    private var front: String {
        var lines = [
            "---", "license: other", "library_name: pytorch", "pipeline_tag: image-segmentation",
            "tags: [medical, mri, segmentation, unet, federated-learning]",
        ]
        if !scores.isEmpty {
            lines += [
                "metrics: [dice]", "model-index:", "  - name: U-Net", "    results:",
                "      - task: {type: image-segmentation}",
                "        dataset: {name: patients not used for training, type: private}", "        metrics:",
            ]
            lines += scores.map { name, dice in
                "          - {type: dice, name: \(Self.quoted("Dice, " + name)), value: \(String(format: "%.3f", dice))}"
            }
        }
        return (lines + ["---", "", ""]).joined(separator: "\n")
    }

    /// Returns a text as a string of YAML, which is one of JSON.
    private static func quoted(_ text: String) -> String {
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }

    /// The card.
    private var body: String {
        let text =
            card
                ?? """
                # Model card

                A two-dimensional U-Net that labels 3-D images slice by slice: \
                \(model.classes.dropFirst().joined(separator: ", ")). \(provenance). For research only; it is not a medical \
                device.

                """
        return text + """

            ## Use

            ```python
            import json, numpy, torch, segmentation, unet

            config = json.load(open("config.json"))
            batch = segmentation.prepare([image], spacing, config)     # [slice, row, column]; (slice, row, column) in mm
            with torch.no_grad():
                scores = unet.load(".")(torch.from_numpy(batch)).numpy()
            labels = segmentation.restore(scores, image.shape, spacing, config)
            ```

            """
    }
}
