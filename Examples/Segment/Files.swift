import Foundation
import Reporting
import Support

/// An image that is to be segmented, and where its labels go.
struct Input: Sendable, Hashable {
    /// The path as the user knows it.
    let file: String
    /// The name of the file without folder, `.nii` and `.gz`.
    let name: String

    var url: URL { URL(fileURLWithPath: file) }

    /// The name of the file of labels.
    var labelName: String { name + "_seg.nii.gz" }

    /// One frame of a cine in a file of its own.
    struct Frame: Hashable {
        /// The path without `_frame01` and what follows.
        var patient: String
        /// The number in the name, from 1.
        var number: Int
    }

    /// Which frame this is by a name such as `patient001_frame01`; `nil` for another name.
    var frame: Frame? {
        guard let range = name.range(of: "_frame", options: .backwards), let number = Int(name[range.upperBound...])
        else { return nil }
        let patient = url.deletingLastPathComponent().appendingPathComponent(String(name[..<range.lowerBound]))
        return Frame(patient: patient.path, number: number)
    }

    /// The images that arguments stand for: files as they are, and all images in folders and in the folders in them.
    static func all(_ arguments: [String]) throws(Failure) -> [Input] {
        var files: [String] = []
        for argument in arguments {
            var isFolder = ObjCBool(false)
            guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) else {
                throw .noInput("\(argument): there is no such file or folder; check the path.")
            }
            let found = isFolder.boolValue ? try images(in: argument) : [argument]
            for file in found where !files.contains(file) { files.append(file) }
        }
        let inputs = files.map {
            Input(
                file: $0, name: stem(of: $0) ?? (($0 as NSString).lastPathComponent as NSString).deletingPathExtension)
        }
        var owners: [String: String] = [:]
        for input in inputs {
            if let other = owners.updateValue(input.file, forKey: input.labelName) {
                throw .usage(
                    "\(other) and \(input.file) would both be written to \(input.labelName); "
                        + "segment them into two folders.")
            }
        }
        return inputs
    }

    /// The `.nii` and `.nii.gz` files below a folder that are no label maps by their names, in alphabetical order.
    private static func images(in folder: String) throws(Failure) -> [String] {
        var visited: Set<String> = []
        let files = try images(in: folder, visited: &visited)
        guard !files.isEmpty else {
            throw .noInput(
                "\(folder): there is no .nii or .nii.gz file in it, nor in the folders in it, that is an image; "
                    + "names that end in _gt or _seg are label maps.")
        }
        return files
    }

    /// - Parameter visited: Folders that were searched already: links may lead back to them.
    private static func images(in folder: String, visited: inout Set<String>) throws(Failure) -> [String] {
        guard visited.insert(URL(fileURLWithPath: folder).resolvingSymlinksInPath().path).inserted else { return [] }
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw .noInput("\(folder): its contents cannot be listed.")
        }
        var files: [String] = []
        for entry in entries.sorted() where !entry.hasPrefix(".") {
            let path = (folder as NSString).appendingPathComponent(entry)
            var isFolder = ObjCBool(false)
            // Links are followed: patients are often gathered by linking to their folders.
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { continue }
            if isFolder.boolValue {
                files += try images(in: path, visited: &visited)
            } else if let stem = stem(of: path), !stem.hasSuffix("_gt"), !stem.hasSuffix("_seg") {
                files.append(path)
            }
        }
        return files
    }

    /// The file's name without `.nii` or `.nii.gz`; `nil` for other files.
    private static func stem(of path: String) -> String? {
        let name = (path as NSString).lastPathComponent
        for ending in [".nii.gz", ".nii"] where name.hasSuffix(ending) && name.count > ending.count {
            return String(name.dropLast(ending.count))
        }
        return nil
    }
}

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
        let data = try ReadableJSON.data(records)
        let file = url.appendingPathComponent(Self.summaryName)
        do { try data.write(to: file, options: .atomic) } catch {
            throw Failure.cannotWrite("\(file.path): cannot be written: \(error.localizedDescription)")
        }
        return data
    }
}
