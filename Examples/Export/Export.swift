import ArgumentParser
import FileIO
import Foundation
import Segmentation
import Support
import Volumes

/// Writes a fine-tuned model in the formats of other tools: model → folder.
@main
struct Export: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "Export",
        abstract: "Writes a fine-tuned model for ONNX, Hugging Face, or MONAI.",
        discussion: """
            The folder receives the network, config.json with preprocessing and class names, and Python modules that \
            prepare images and restore labels as this package does, except test-time views and the clean-up of hearts:

            onnx: model.onnx (opset 17) and segmentation.py. huggingface: model.safetensors, unet.py, segmentation.py, and \
            README.md, a card with the scores of results.json if that lies beside the model. monai-bundle: configs, \
            models, scripts, and docs, with scripts.bundle to label NIfTI files.

            Exit codes: 0 done, 64 wrong usage, 65 the model is damaged or of a kind that the format lacks, 66 a file is \
            missing, 73 the folder is not empty or cannot be created, 74 a file cannot be written.
            """,
        version: PackageVersion.text)

    @Argument(help: "The model.safetensors of a fine-tuned run, or the folder that holds it.", completion: .file())
    var model: String

    @Option(help: "onnx, huggingface, or monai-bundle.")
    var format: Format

    @Option(help: "The folder to write to; created if needed.", completion: .directory)
    var output: String

    @Flag(help: "Write to a folder that is not empty; replaces files of the same name and keeps others.")
    var overwrite = false

    @Flag(help: "Print nothing but errors.")
    var quiet = false

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case onnx
        case huggingFace = "huggingface"
        case monaiBundle = "monai-bundle"
    }

    func run() async throws {
        try await supervised("Export", quiet: quiet, remains: "files that are there are whole", export)
    }

    @Sendable private func export(_ progress: ProgressLine) async throws {
        let source = try ExportedModel(at: URL(fileURLWithPath: model))
        let folder = try ExportFolder(output, replacing: overwrite)
        switch format {
        case .onnx: try folder.write(source.onnxFiles())
        case .huggingFace: try folder.write(source.huggingFaceFiles())
        case .monaiBundle: try folder.write(source.monaiFiles())
        }
        progress.say("wrote \(format.rawValue) to \(output)")
    }
}

/// The folder of an export.
struct ExportFolder {
    private let url: URL

    /// Creates the folder if needed, and checks that it is empty.
    init(_ path: String, replacing: Bool) throws(Failure) {
        url = URL(fileURLWithPath: path, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .cannotCreate("\(path): the folder cannot be made: \(error.localizedDescription)")
        }
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        guard entries.isEmpty || replacing else {
            throw .cannotCreate("\(path): the folder is not empty; name another one, or pass --overwrite.")
        }
    }

    /// Writes files, whose names may contain folders.
    func write(_ files: [String: Data]) throws(Failure) {
        for (name, contents) in files.sorted(by: { $0.key < $1.key }) {
            let file = url.appendingPathComponent(name)
            do {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try DurableFile.write(contents, to: file)
            } catch {
                throw .cannotWrite("\(file.path): cannot be written: \(error)")
            }
        }
    }
}
