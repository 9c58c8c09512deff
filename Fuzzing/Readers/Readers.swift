import FederatedContrastive
import FileIO
import Foundation
import Segmentation
import Tensor
import Volumes

/// A reader of untrusted bytes under coverage-guided fuzzing: whatever the bytes, it returns or throws.
///
/// The reader is chosen by the environment variable `READER`. Readers of files get them at a path in memory.
enum Reader: String, CaseIterable {
    case nifti, gzip, safetensors, model, job, settings, inflate

    /// Reads the bytes.
    func read(_ data: Data) {
        switch self {
        case .nifti: withFile(data, ".nii") { _ = try NIfTI(contentsOf: $0, maximumVoxelCount: 1 << 20) }
        case .gzip: withFile(data, ".nii.gz") { _ = try NIfTI(contentsOf: $0, maximumVoxelCount: 1 << 20) }
        case .safetensors: _ = try? Safetensors(data: data, source: "input")
        case .model: withFile(data, ".safetensors") { _ = try SegmentationModel(contentsOf: $0) }
        case .job: _ = try? FederatedJob(String(decoding: data, as: UTF8.self))
        case .settings: withFile(data, ".json") { try PretrainingSettings(contentsOf: $0).validate() }
        case .inflate: inflate(data)
        }
    }

    /// Inflates the bytes as far as they go, up to 16 MB.
    private func inflate(_ data: Data) {
        let inflater = Inflater(file: "input")
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 64)
        defer { target.deallocate() }
        var rest = data[...]
        for _ in 0..<256 {
            let count = try? inflater.read(into: target) { (buffer) throws(FileError) in
                let piece = rest.prefix(buffer.count)
                buffer.copyBytes(from: piece)
                rest = rest.dropFirst(piece.count)
                return piece.count
            }
            if count ?? 0 < target.count { return }
        }
    }

    private func withFile(_ data: Data, _ suffix: String, _ body: (URL) throws -> Void) {
        let url = Self.folder.appendingPathComponent("input" + suffix)
        guard (try? data.write(to: url)) != nil else { fatalError("\(url.path) cannot be written") }
        try? body(url)
    }

    /// A folder of this process.
    private static let folder: URL = {
        let memory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
        let url = URL(fileURLWithPath: memory).appendingPathComponent("fuzz-\(getpid())")
        try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }()

    static let chosen: Reader = {
        let name = ProcessInfo.processInfo.environment["READER"] ?? ""
        guard let reader = Reader(rawValue: name) else {
            let names = Reader.allCases.map(\.rawValue).joined(separator: ", ")
            FileHandle.standardError.write(Data("READER is '\(name)'; expected one of \(names)\n".utf8))
            exit(64)
        }
        return reader
    }()
}

/// The function that libFuzzer calls for every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Reader.chosen.read(bytes.map { Data(bytes: $0, count: count) } ?? Data())
    return 0
}
