import Experiments
import Foundation

/// The folder for label maps and their summary.
struct OutputFolder {
    let url: URL

    static let summaryName = "segmentation.json"

    /// Makes the folder, or finds none of the files in it.
    ///
    /// - Parameters:
    ///   - files: The names of the files that will be written beside the summary.
    ///   - replacing: Whether they may be there already.
    init(_ path: String, files: [String], replacing: Bool) throws(Failure) {
        url = URL(fileURLWithPath: path, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .cannotCreate("\(path): the folder cannot be made: \(error.localizedDescription)")
        }
        if replacing { return }
        let present = (files + [Self.summaryName]).filter {
            FileManager.default.fileExists(atPath: url.appendingPathComponent($0).path)
        }
        guard let first = present.first else { return }
        let more = present.count == 1 ? "" : ", and \(present.count - 1) more of its files"
        throw .cannotCreate(
            "\(path): \(first) is there already\(more); name another folder, or pass --force to replace it.")
    }

    /// Writes the summary and returns its contents: a JSON array, keys in alphabetical order.
    func write(_ records: [Record]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(records) + Data("\n".utf8)
        let file = url.appendingPathComponent(Self.summaryName)
        do { try data.write(to: file, options: .atomic) } catch {
            throw Failure.cannotWrite("\(file.path): cannot be written: \(error.localizedDescription)")
        }
        return data
    }
}
