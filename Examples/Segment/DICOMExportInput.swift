import Foundation
import Support

/// A DICOM export among the inputs. The program DICOMConvert reads it, in a process of its own.
struct DICOMExportInput: Sendable, Hashable {
    /// The path of the export as the user gave it.
    let path: String
    /// The number of the cine in the export, from 1.
    var cine = 1

    /// Returns whether a path is a DICOM file, a zip archive, or a folder that contains one and no NIfTI file.
    static func isExport(_ path: String) -> Bool {
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
        guard isFolder.boolValue else { return beginsLikeExport(path) }
        guard let names = FileManager.default.enumerator(atPath: path) else { return false }
        var found = false
        for case let name as String in names where names.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
            if name.hasSuffix(".nii") || name.hasSuffix(".nii.gz") { return false }
            found = found || beginsLikeExport((path as NSString).appendingPathComponent(name))
        }
        return found
    }

    private static func beginsLikeExport(_ path: String) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { return false }
        defer { try? handle.close() }
        guard let start = try? handle.read(upToCount: 132) else { return false }
        return start.starts(with: Data("PK\u{3}\u{4}".utf8)) || start.dropFirst(128).elementsEqual("DICM".utf8)
    }

    /// Makes NIfTI files of the cines in an export.
    ///
    /// - Parameters:
    ///   - path: The export.
    ///   - folder: The folder for the files.
    ///   - say: A closure that receives each message for the user.
    /// - Returns: An input for each cine, and one with the reason for each study without.
    static func inputs(of path: String, in folder: URL, say: (String) -> Void) async throws -> [Input] {
        let output = try await run(["cine", path, "--output", folder.path], on: path)
        let url = URL(fileURLWithPath: path)
        let stem = url.pathExtension.isEmpty ? url.lastPathComponent : url.deletingPathExtension().lastPathComponent
        func refused(_ reason: String, _ number: Int) -> Input {
            Input(
                file: path, name: "\(stem)-error-\(number)",
                refusal: reason.hasPrefix(path) ? reason : "\(path): \(reason)")
        }
        guard let summary = try? JSONDecoder().decode(Summary.self, from: output.data) else {
            return [refused(output.complaint ?? "DICOMConvert cannot read it.", 1)]
        }
        for refusal in summary.refusals { say("\(path): \(refusal)") }
        let cines = summary.cines.enumerated().map { index, cine in
            var input = Input(
                file: path, name: summary.cines.count == 1 ? stem : "\(stem)-\(index + 1)",
                contents: folder.appendingPathComponent(cine.file))
            input.export = DICOMExportInput(path: path, cine: index + 1)
            input.body = Body(height: cine.height, weight: cine.weight)
            input.warnings = cine.warnings.map { "\(path): \($0)" }
            return input
        }
        return cines + summary.errors.enumerated().map { refused($1, $0 + 1) }
    }

    /// Writes the labels of one frame, from 1, as a DICOM segmentation object.
    func writeSegmentation(_ labels: String, classes: [String], frame: Int, to file: String) async throws {
        let output = try await Self.run(
            [
                "seg", path, "--labels", labels, "--classes", classes.joined(separator: ","), "--phase", "\(frame)",
                "--cine", "\(cine)", "--output", file,
            ], on: path)
        guard output.code == 0 else {
            throw Failure(output.complaint ?? "\(file): DICOMConvert cannot write it.", exitCode: output.code)
        }
    }

    private struct Summary: Decodable {
        let cines: [Cine]
        let refusals, errors: [String]

        struct Cine: Decodable {
            let file: String
            let warnings: [String]
            let height, weight: Double?
        }
    }

    // The other program

    private struct Output {
        let code: Int32
        let data: Data
        /// The last line of standard error without the name of the program.
        let complaint: String?
    }

    /// Runs DICOMConvert until it ends, or until this task is canceled.
    private static func run(_ arguments: [String], on path: String) async throws -> Output {
        let process = Process()
        process.executableURL = try program(for: path)
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError, process.standardInput) = (
            output, errors, FileHandle.nullDevice
        )
        try process.run()
        return try await withTaskCancellationHandler {
            // Both pipes are drained at the same time, since a full one would stop the other program.
            async let messages = contents(of: errors)
            let data = await contents(of: output)
            let lines = String(decoding: await messages, as: UTF8.self).split(separator: "\n")
            process.waitUntilExit()
            try Task.checkCancellation()
            let complaint = lines.last.map { String($0.trimmingPrefix("DICOMConvert: ").trimmingPrefix("Error: ")) }
            return Output(
                code: process.terminationReason == .exit ? process.terminationStatus : 65, data: data,
                complaint: process.terminationReason == .exit ? complaint : "\(path): DICOMConvert crashed on it.")
        } onCancel: {
            process.terminate()
        }
    }

    private static func contents(of pipe: Pipe) async -> Data {
        await Task.detached { pipe.fileHandleForReading.readDataToEndOfFile() }.value
    }

    /// Returns DICOMConvert in the folder of this program, or else on the search path.
    private static func program(for path: String) throws(Failure) -> URL {
        let own = Bundle.main.executableURL?.resolvingSymlinksInPath().deletingLastPathComponent().path
        let folders =
            [own].compactMap { $0 }
            + (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for folder in folders {
            let program = URL(fileURLWithPath: folder).appendingPathComponent("DICOMConvert")
            if FileManager.default.isExecutableFile(atPath: program.path) { return program }
        }
        throw .noInput(
            "\(path) is DICOM, and the program DICOMConvert, which reads it, is neither beside Segment nor on the PATH; "
                + "build it with: swift build -c release --package-path DICOM")
    }
}
