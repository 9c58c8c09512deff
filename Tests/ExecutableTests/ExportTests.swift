import FederatedContrastive
import Foundation
import Segmentation
import Tensor
import Testing
import Volumes
import _TestSupport

@testable import Export

/// Exported models; `Scripts/export-test` runs them in their own frameworks.
@Suite struct ExportTests {
    private let example: SegmentExample

    init() throws { example = try SegmentExample() }

    private func export(_ format: String, _ options: String...) throws -> Executable.Result {
        try Executable(name: "Export").run(
            [example.path("model.safetensors"), "--format", format, "--output", example.path(format)] + options)
    }

    @Test("Fields are encoded as in the documentation of Protocol Buffers")
    func wireFormat() {
        var message = ProtocolBuffer()
        message.add(1, 150)
        message.add(2, "testing")
        message.add(3) { $0.add(1, 150) }
        message.add(4, Float(1))
        message.add(16, -1)
        let expected: [UInt8] =
            [0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67, 0x1A, 0x03, 0x08, 0x96, 0x01]
            + [0x25, 0, 0, 0x80, 0x3F, 0x80, 0x01] + [UInt8](repeating: 0xFF, count: 9) + [0x01]
        #expect([UInt8](message.data) == expected)
    }

    @Test("Every format has its files, and config.json says what the network does not")
    func files() throws {
        let names = [
            "onnx": ["config.json", "model.onnx", "segmentation.py"],
            "huggingface": ["README.md", "config.json", "model.safetensors", "segmentation.py", "unet.py"],
            "monai-bundle": ["configs", "docs", "models", "scripts"],
        ]
        for (format, expected) in names {
            let result = try export(format)
            #expect(result.exitCode == 0, "\(result.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: example.path(format)).sorted() == expected)
        }
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: example.folder.file("onnx/config.json")))
        let config = try #require(json as? [String: Any])
        #expect(config["classes"] as? [String] == ACDC.classNames && config["channels"] as? Int == 1)
        #expect((config["preprocessing"] as? [String: Any])?["size"] as? Int == 16)
        #expect((config["id2label"] as? [String: String])?["3"] == "left ventricle")
        for name in ["configs/metadata.json", "configs/inference.json", "models/config.json"] {
            let data = try Data(contentsOf: example.folder.file("monai-bundle/" + name))
            #expect(try JSONSerialization.jsonObject(with: data) is [String: Any], "\(name)")
        }
    }

    @Test("The weights of a Hugging Face folder are those of the model, and the folder is a start for fine-tuning")
    func weights() throws {
        try #require(try export("huggingface").exitCode == 0)
        let file = try Safetensors(contentsOf: example.folder.file("huggingface/model.safetensors"))
        let own = example.model.parameters.safetensors(metadata: [:])
        #expect(file.metadata["format"] == "pt" && file.tensors == own.tensors)
        let start = try InitialWeights(example.path("huggingface"))
        #expect(start.width == 2 && start.channels == 1)
    }

    @Test("The card has the scores of the run as YAML, and keeps odd names harmless")
    func card() throws {
        let results = """
            {"cells": [{"structures": {"left \\"ventricle\\"": {"dice": {"mean": 0.91234, "standardDeviation": null, \
            "count": 4, "excludedCount": 0}}}}]}
            """
        try Data(results.utf8).write(to: example.folder.file("results.json"))
        try Data("# The card\n".utf8).write(to: example.folder.file("MODEL_CARD.md"))
        try #require(try export("huggingface").exitCode == 0)
        let card = try String(contentsOf: example.folder.file("huggingface/README.md"), encoding: .utf8)
        #expect(card.hasPrefix("---\nlicense: other\n") && card.contains("# The card\n"))
        #expect(card.contains(#"{type: dice, name: "Dice, left \"ventricle\"", value: 0.912}"#), "\(card)")
    }

    @Test("Wrong usage and wrong files end with one sentence")
    func wrong() throws {
        try #require(try export("onnx").exitCode == 0)
        let full = try export("onnx")
        #expect(full.exitCode == 73 && full.errors.contains("not empty"))
        #expect(try export("onnx", "--overwrite").exitCode == 0)
        #expect(try export("keras").exitCode == 64)
        let absent = try Executable(name: "Export").run(
            [example.path("nothing"), "--format", "onnx", "--output", example.path("out")])
        #expect(absent.exitCode == 66)
        try Data("x".utf8).write(to: example.folder.file("bad.safetensors"))
        let bad = try Executable(name: "Export").run(
            [example.path("bad.safetensors"), "--format", "onnx", "--output", example.path("out")])
        #expect(bad.exitCode == 65)
    }
}
