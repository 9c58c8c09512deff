import ArgumentParser
import FileIO
import Foundation
import Volumes

@main
struct VolumeInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "VolumeInfo",
        abstract: "Prints the size, spacing, datatype, intensity range, and checksum of NIfTI files.",
        discussion: """
            Reads NIfTI-1 and NIfTI-2: .nii, .nii.gz, and .hdr/.img pairs. A voxel is the stored value times \
            scl_slope plus scl_inter, rounded to single precision. Files that cannot be read are reported; the others \
            are printed all the same.

            Exit status: 0 if every file was read, 66 if files are missing or may not be read but nothing else is \
            wrong, 65 if a file is damaged or is not a NIfTI file, 64 for invalid arguments.
            """,
        version: PackageVersion.text)

    @Argument(help: "NIfTI files: .nii, .nii.gz, .hdr, or .img.", completion: .file())
    var files: [String]

    @Flag(
        help: ArgumentHelp(
            "Print a JSON array instead of a table.",
            discussion: """
                One object per file, in the order of the arguments: file, shape (x, y, slices, and, with four \
                dimensions, frames), spacing_mm, datatype, min, max, sum (in double precision), and sha256, the hash \
                of the voxels as little-endian float32, x fastest. A min, max, or sum that is not finite is null. For \
                a file that cannot be read: file and error.
                """))
    var json = false

    func run() throws {
        var reports: [Report] = []
        for file in files {
            let report = Report(of: file)
            for warning in report.warnings { Self.complain("warning: \(warning)") }
            if let error = report.error, !json { Self.complain("error: \(error)") }
            reports.append(report)
        }
        let text = json ? try Report.json(reports) : Report.table(reports)
        if !text.isEmpty {
            do { try StandardStream.print(text) } catch {
                Self.complain("error: \(error)")
                throw ExitCode(74)
            }
        }
        let errors = reports.compactMap(\.error)
        if errors.isEmpty { return }
        throw ExitCode(errors.allSatisfy(\.isMissingInput) ? 66 : 65)
    }

    /// Prints a message on standard error; standard output holds only results.
    private static func complain(_ line: String) {
        StandardStream.complain(line + "\n")
    }
}

extension VolumesError {
    /// Whether the file could not be opened, a case with its own exit status.
    fileprivate var isMissingInput: Bool {
        switch self {
        case .missing, .unreadable: true
        default: false
        }
    }
}
