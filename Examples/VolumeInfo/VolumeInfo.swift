import ArgumentParser
import Foundation
import Volumes

@main
struct VolumeInfo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "VolumeInfo",
        abstract: "Prints size, spacing, datatype, range and a check sum of the voxels of NIfTI files.",
        discussion: """
            Reads NIfTI-1 and NIfTI-2, .nii and .nii.gz, and .hdr/.img pairs. Voxels are what the file stores times \
            scl_slope plus scl_inter, rounded to single precision. Files that cannot be read are named, the others still \
            printed.

            Exit status: 0 if every file was read, 66 if all that is wrong is that files are missing or must not be \
            read, 65 if a file is damaged or is no NIfTI file, 64 for a mistake in the arguments.
            """)

    @Argument(help: "NIfTI files: .nii, .nii.gz, .hdr or .img.", completion: .file())
    var files: [String]

    @Flag(
        help: ArgumentHelp(
            "Print a JSON array instead of a table.",
            discussion: """
                One object a file, in the order of the arguments: file, shape (x, y, slices and, in four dimensions, \
                frames), spacing_mm, datatype, min, max, sum (in double precision) and sha256, the hash of the voxels \
                as little-endian float32, x fastest. A min, max or sum that is not finite is null. For a file that \
                cannot be read: file and error.
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
        if !text.isEmpty { print(text) }
        let errors = reports.compactMap(\.error)
        if errors.isEmpty { return }
        throw ExitCode(errors.allSatisfy(\.isMissingInput) ? 66 : 65)
    }

    /// Prints a line for people; standard output holds nothing but results.
    private static func complain(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}

extension VolumesError {
    /// Whether the file could not even be opened, which has an exit status of its own.
    fileprivate var isMissingInput: Bool {
        switch self {
        case .missing, .unreadable: true
        default: false
        }
    }
}
