import Foundation
import Volumes

/// A predicted label map and its reference.
struct Pair: Sendable {
    /// The name of the case: the file name without `_seg` or `_gt` and extension.
    var name: String
    var prediction: URL
    var reference: URL
}

/// The cases of two files or two folders, and the files without a counterpart.
struct Pairs {
    private(set) var matched: [Pair] = []
    private(set) var unmatchedPredictions: [URL] = []
    private(set) var unmatchedReferences: [URL] = []

    /// Creates pairs from two files, regardless of their names, or from the files of two folders, by their names.
    init(predictions: String, references: String) throws(Failure) {
        let isFolder = try [Self.isFolder(predictions), Self.isFolder(references)]
        let urls = [predictions, references].map { URL(fileURLWithPath: $0) }
        guard isFolder[0] == isFolder[1] else {
            let (folder, file) = isFolder[0] ? (predictions, references) : (references, predictions)
            throw .usage("\(folder) is a folder and \(file) is a file; pass two files or two folders.")
        }
        guard isFolder[0] else {
            matched = [Pair(name: Self.name(of: urls[1].lastPathComponent), prediction: urls[0], reference: urls[1])]
            return
        }
        let predicted = try Self.labelMaps(in: predictions, Self.endings.ofPredictions)
        let referred = try Self.labelMaps(in: references, Self.endings.ofReferences)
        for name in Set(predicted.keys).union(referred.keys).sorted() {
            switch (predicted[name], referred[name]) {
            case (let prediction?, let reference?):
                matched.append(Pair(name: name, prediction: prediction, reference: reference))
            case (let prediction?, nil): unmatchedPredictions.append(prediction)
            case (nil, let reference?): unmatchedReferences.append(reference)
            case (nil, nil): break
            }
        }
        guard !matched.isEmpty else {
            throw .badData(
                "\(predictions) and \(references) have no file in common: names are equal up to _seg, _gt, and the extension, "
                    + "but one folder has \(unmatchedPredictions[0].lastPathComponent) "
                    + "and the other \(unmatchedReferences[0].lastPathComponent).")
        }
    }

    private static func isFolder(_ path: String) throws(Failure) -> Bool {
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .noInput("\(path): there is no such file or folder; check the path.")
        }
        return isFolder.boolValue
    }

    /// The endings of the names of label maps, the likelier first: `Segment` writes `_seg`, and ACDC has `_gt`.
    private static let endings = (ofPredictions: ["_seg", "_gt"], ofReferences: ["_gt", "_seg"])

    /// Returns the label maps in a folder and its subfolders, by the name of their case.
    ///
    /// If some names end in the first of `endings`, or else in the second, the other files are taken for images.
    private static func labelMaps(in folder: String, _ endings: [String]) throws(Failure) -> [String: URL] {
        var files: [String]
        do throws(VolumesError) { files = try NIfTI.files(in: folder) } catch { throw Failure(error) }
        let marked = endings.lazy.map { ending in files.filter { NIfTI.stem(of: $0)!.hasSuffix(ending) } }
        files = marked.first { !$0.isEmpty } ?? files
        guard !files.isEmpty else {
            throw .noInput("\(folder): there is no .nii or .nii.gz file in it, nor in the folders in it.")
        }
        var found: [String: URL] = [:]
        for path in files {
            let url = URL(fileURLWithPath: path)
            if let other = found.updateValue(url, forKey: name(of: path)) {
                throw .badData("\(other.path) and \(url.path) are one case by their names; move one of them away.")
            }
        }
        return found
    }

    /// Returns the name of the case to which a file belongs.
    private static func name(of path: String) -> String {
        let name = NIfTI.stem(of: path) ?? path
        for ending in endings.ofReferences where name.hasSuffix(ending) && name.count > ending.count {
            return String(name.dropLast(ending.count))
        }
        return name
    }
}

/// An error that prevents a result: sentences for the user, and an exit code of `sysexits.h`.
struct Failure: Error, Equatable {
    let descriptions: [String]
    let exitCode: Int32

    static func usage(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 64) }
    static func badData(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 65) }
    static func noInput(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 66) }
    static func cannotCreate(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 73) }
    static func cannotWrite(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 74) }

    /// Creates the failure for an error in a file.
    init(_ error: VolumesError) {
        switch error {
        case .missing, .unreadable: self = .noInput("\(error)")
        default: self = .badData("\(error)")
        }
    }

    /// Creates one failure from several; damaged data takes precedence over missing files.
    init(_ failures: [Failure]) {
        descriptions = failures.flatMap(\.descriptions)
        exitCode = failures.map(\.exitCode).min() ?? 70
    }

    private init(descriptions: [String], exitCode: Int32) {
        (self.descriptions, self.exitCode) = (descriptions, exitCode)
    }
}
