import Foundation

extension NIfTI {
    /// Returns the name of a file without `.nii` or `.nii.gz`; `nil` if it has another ending.
    package static func stem(of path: String) -> String? {
        let name = String(path.split(separator: "/").last ?? "")
        for ending in [".nii.gz", ".nii"] where name.hasSuffix(ending) && name.count > ending.count {
            return String(name.dropLast(ending.count))
        }
        return nil
    }

    /// Returns the paths of the `.nii` and `.nii.gz` files in a folder and its subfolders, in alphabetical order.
    ///
    /// Links are followed, since patients are often collected by linking to their folders. What is hidden is left out.
    ///
    /// - Throws: `VolumesError.unreadable` if a folder cannot be listed.
    package static func files(in folder: String) throws(VolumesError) -> [String] {
        var visited: Set<String> = []
        return try files(in: folder, visited: &visited)
    }

    /// Searches a folder and its subfolders.
    ///
    /// - Parameters:
    ///   - folder: The folder.
    ///   - visited: The folders searched so far, since links may lead back to them.
    private static func files(in folder: String, visited: inout Set<String>) throws(VolumesError) -> [String] {
        guard visited.insert(URL(fileURLWithPath: folder).resolvingSymlinksInPath().path).inserted else { return [] }
        guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw .unreadable(file: folder, reason: "its contents cannot be listed")
        }
        var files: [String] = []
        for entry in entries.sorted() where !entry.hasPrefix(".") {
            let path = folder.hasSuffix("/") ? folder + entry : folder + "/" + entry
            var isFolder = ObjCBool(false)
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { continue }
            if isFolder.boolValue {
                files += try Self.files(in: path, visited: &visited)
            } else if stem(of: entry) != nil {
                files.append(path)
            }
        }
        return files
    }
}
