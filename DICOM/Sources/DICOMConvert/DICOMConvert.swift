import ArgumentParser
import DICOM
import Foundation
import Volumes

/// Turns DICOM exports into cines, and labels into DICOM segmentation objects.
@main
struct DICOMConvert: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "DICOMConvert",
        abstract: "Turns DICOM exports into cines, and labels into DICOM segmentation objects.",
        discussion: """
            Segment starts this program for inputs that are DICOM, so that files from outside are read by a process of \
            their own.

            Exit codes: 0 done, 64 wrong usage, 65 the export is missing, or has no cine that can be used, 73 a folder \
            is not empty, 74 a file cannot be written.
            """,
        version: PackageVersion.text, subcommands: [Cine.self, Dataset.self, Seg.self])

    /// Limits what a hostile file can make this process use: 8 GiB of memory.
    static func limitMemory() {
        var limit = rlimit(rlim_cur: 8 << 30, rlim_max: 8 << 30)
        #if canImport(Glibc)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        #else
        setrlimit(RLIMIT_AS, &limit)
        #endif
    }

    /// Runs `body`; an error becomes one sentence on standard error and an exit code.
    static func reporting(_ body: () throws -> Void) throws {
        limitMemory()
        do { try body() } catch let code as ExitCode {
            throw code
        } catch {
            let isUnwritable = if case .unwritable? = error as? VolumesError { true } else { false }
            complain("\(error)")
            throw ExitCode(isUnwritable ? 74 : 65)
        }
    }

    static func complain(_ sentence: String) {
        FileHandle.standardError.write(Data("DICOMConvert: \(sentence)\n".utf8))
    }

    /// The output of `cine`: a JSON object with keys in alphabetical order.
    struct Summary: Codable {
        /// The version of the format.
        var schema = 1
        var cines: [Cine] = []
        /// Series and files that were not taken, each with the reason.
        var refusals: [String] = []
        /// Why there is no cine of a study.
        var errors: [String] = []

        struct Cine: Codable {
            /// The name of the file in the folder.
            var file: String
            /// The names of the series that the cine was made from.
            var series: [String]
            var warnings: [String]
            /// The height in cm and the weight in kg of the patient, if they are known.
            var height: Double?
            var weight: Double?
        }
    }
}

extension DICOMConvert {
    struct Cine: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the short-axis cine of every study in an export as a NIfTI file.",
            discussion: """
                Prints a JSON object: the files, the series they are from, warnings, and the reasons why other series \
                were not taken.
                """)

        @Argument(help: "A folder, a zip archive, or files, in any mixture.", completion: .file())
        var export: [String]

        @Option(help: "The folder for the files, which are called cine-1.nii, and so on.", completion: .directory)
        var output: String

        func run() throws {
            try reporting {
                let export = try DICOMExport(contentsOf: export)
                let found = export.shortAxisCines()
                var summary = Summary()
                summary.refusals = shortened(found.refusals) + shortened(export.faults.map(\.description))
                summary.errors = found.errors.map(\.description)
                for (index, cine) in found.cines.enumerated() {
                    let name = "cine-\(index + 1).nii"
                    do throws(DICOMError) {
                        let image = try cine.image(from: export)
                        try image.write(toFolder: output, name)
                        summary.cines.append(
                            .init(
                                file: name, series: cine.seriesNames, warnings: cine.warnings, height: cine.body.height,
                                weight: cine.body.weight))
                    } catch { summary.errors.append(error.description) }
                }
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                FileHandle.standardOutput.write(try encoder.encode(summary) + Data("\n".utf8))
                if summary.cines.isEmpty { throw ExitCode(65) }
            }
        }
    }

    struct Seg: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the labels of one phase of a cine as a DICOM segmentation object.")

        @Argument(help: "The export that the cine is from.", completion: .file())
        var export: [String]

        @Option(help: "The label map of the whole cine, or of the phase alone, as NIfTI.", completion: .file())
        var labels: String

        @Option(
            help: ArgumentHelp("The names of the labels, the background first.", valueName: "name,name,…"),
            transform: { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } })
        var classes: [String]

        @Option(help: "The number of the phase, from 1.")
        var phase: Int

        @Option(help: "The number of the cine in the export, from 1.")
        var cine = 1

        @Option(help: "The file to write.", completion: .file())
        var output: String

        func validate() throws {
            guard phase > 0, cine > 0 else { throw ValidationError("--phase and --cine are counted from 1.") }
            guard (2...256).contains(classes.count) else {
                throw ValidationError("--classes: the background and at least one more name are expected.")
            }
        }

        func run() throws {
            try reporting {
                let export = try DICOMExport(contentsOf: export)
                let cines = export.shortAxisCines().cines
                guard cine <= cines.count else {
                    throw DICOMError(self.export[0], "there is no cine \(cine); \(cines.count) are found.")
                }
                var volume = try NIfTI(contentsOf: URL(fileURLWithPath: labels)).volume
                if volume.extent.frames > 1 {
                    guard phase <= volume.extent.frames else {
                        throw DICOMError(labels, "there is no phase \(phase); it has \(volume.extent.frames).")
                    }
                    volume = volume.frame(phase - 1)
                }
                try cines[cine - 1].writeSegmentation(
                    volume, classes: classes, phase: phase - 1, from: export,
                    software: ("federated-contrastive", PackageVersion.text), to: output)
            }
        }
    }
}

/// Returns the first sentences, and how many more there are: a hostile export has any number of faults.
func shortened(_ sentences: [String]) -> [String] {
    let limit = 20
    guard sentences.count > limit else { return sentences }
    return sentences.prefix(limit) + ["and \(sentences.count - limit) more of this kind."]
}

extension NIfTI {
    func write(toFolder folder: String, _ name: String) throws(DICOMError) {
        do throws(VolumesError) {
            try write(to: URL(fileURLWithPath: folder, isDirectory: true).appendingPathComponent(name))
        } catch { throw DICOMError(folder, "\(error)") }
    }
}
