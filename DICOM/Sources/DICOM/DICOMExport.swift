import Foundation

/// An export of a scanner or an archive: a folder, a zip archive, or files, in any order and mixture.
///
/// Only headers are kept; pixels are read when a cine is made.
///
/// ```swift
/// let export = try DICOMExport(contentsOf: "export.zip")
/// for cine in try export.shortAxisCines().cines { let volume = try cine.volume() }
/// ```
public final class DICOMExport {
    /// The place of a file's bytes.
    private enum Place {
        case file(String)
        case entry(ZipArchive, Int, archive: String)

        var name: String {
            switch self {
            case .file(let path): path
            case .entry(let archive, let index, let path): "\(path), \(archive.names[index])"
            }
        }
    }

    private var places: [Place] = []
    /// The images of all files.
    private(set) var images: [DICOMImage] = []
    /// Files that are DICOM, but cannot be used, each with the reason.
    public private(set) var faults: [DICOMError] = []
    /// The number of files that are not DICOM.
    public private(set) var otherFileCount = 0

    /// Reads the headers of all files in folders and archives.
    ///
    /// - Throws: `DICOMError` if a path does not exist, an archive cannot be opened, or no file is DICOM.
    public init(contentsOf paths: [String]) throws(DICOMError) {
        for path in paths {
            var isFolder = ObjCBool(false)
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
                throw DICOMError(path, "there is no such file or folder; check the path.")
            }
            for file in isFolder.boolValue ? try Self.files(in: path) : [path] { try add(file) }
        }
        guard !places.isEmpty else {
            throw DICOMError(
                paths.joined(separator: ", "), "there is no DICOM file in it, nor in its folders and archives.")
        }
        for index in places.indices {
            do throws(DICOMError) {
                images += try DICOMImage.images(of: file(index, headerOnly: true), entry: index).get()
            } catch { faults.append(error) }
            guard images.count <= Self.largestCount else {
                throw DICOMError(
                    paths.joined(separator: ", "),
                    "it has more than \(Self.largestCount) images; give one study at a time.")
            }
        }
    }

    /// The largest number of images that is believed.
    static let largestCount = 100_000

    /// Returns the files below a folder in the order of their names; links are not followed.
    private static func files(in folder: String) throws(DICOMError) -> [String] {
        guard let names = FileManager.default.enumerator(atPath: folder) else {
            throw DICOMError(folder, "its contents cannot be listed.")
        }
        var files: [String] = []
        for case let name as String in names where names.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
            files.append((folder as NSString).appendingPathComponent(name))
        }
        return files.sorted()
    }

    /// Adds a file, or the entries of an archive, if they are DICOM.
    private func add(_ path: String) throws(DICOMError) {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw DICOMError(path, "it cannot be opened; may this user read it?")
        }
        let start = (try? handle.read(upToCount: 132)) ?? Data()
        try? handle.close()
        if DICOMFile.isDICOM(start) {
            places.append(.file(path))
        } else if ZipArchive.isZip(start) {
            let archive = try ZipArchive(path)
            for (index, name) in archive.names.enumerated() where !name.hasSuffix("/") {
                do throws(DICOMError) {
                    if DICOMFile.isDICOM(try archive.contents(of: index, limit: 132)) {
                        places.append(.entry(archive, index, archive: path))
                    } else {
                        otherFileCount += 1
                    }
                } catch { faults.append(error) }
            }
        } else {
            otherFileCount += 1
        }
    }

    /// Reads a file, or only what precedes its pixels.
    func file(_ index: Int, headerOnly: Bool) throws(DICOMError) -> DICOMFile {
        switch places[index] {
        case .file(let path):
            return try DICOMFile(path: path, headerOnly: headerOnly)
        case .entry(let archive, let entry, _):
            return try DICOMFile(
                archive.contents(of: entry), name: places[index].name, headerOnly: headerOnly)
        }
    }
}
