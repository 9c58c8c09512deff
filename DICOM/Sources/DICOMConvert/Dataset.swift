import ArgumentParser
import DICOM
import Foundation
import Volumes

extension DICOMConvert {
    struct Dataset: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a data set in nnU-Net's layout of the short-axis cines of exports.",
            discussion: """
                Every study becomes a patient, case001 and so on, and every phase an image. studies.csv, which tells the \
                study of each case, names no patient, but whoever has the archive can find him by it: keep it where the \
                images are kept. A study without a usable cine is named and left out.
                """)

        @Argument(help: "Exports: zip archives, folders, or files. One after another is read.", completion: .file())
        var exports: [String]

        @Option(help: "The folder for the data set; it must be empty.", completion: .directory)
        var output: String

        @Option(help: "The number of phases of each cine, evenly spaced from the first. (default: all)")
        var phases: Int?

        func validate() throws {
            if let phases, phases < 1 { throw ValidationError("--phases \(phases): 1 or more are expected.") }
        }

        func run() throws {
            try reporting {
                let images = URL(fileURLWithPath: output, isDirectory: true).appendingPathComponent("imagesTr")
                if let present = try? FileManager.default.contentsOfDirectory(atPath: output), !present.isEmpty {
                    complain("\(output): the folder is not empty; name another one.")
                    throw ExitCode(73)
                }
                try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
                var table = ["case,study"]
                for path in exports {
                    do throws(DICOMError) {
                        let export = try DICOMExport(contentsOf: [path])
                        let found = export.shortAxisCines()
                        for error in found.errors { complain("\(path): left out: \(error)") }
                        for cine in found.cines {
                            let name = String(format: "case%03d", table.count)
                            try write(try cine.image(from: export), name, to: images)
                            table.append("\(name),\(cine.study)")
                            print("\(name): \(path), \(cine.seriesNames.joined(separator: ", ")), \(cine.extent)")
                        }
                    } catch { complain("\(path): left out: \(error)") }
                }
                guard table.count > 1 else {
                    try? FileManager.default.removeItem(at: images)
                    complain("no export has a short-axis cine that can be used.")
                    throw ExitCode(65)
                }
                try write(table.joined(separator: "\n") + "\n", to: "studies.csv")
                try write(Self.description(cases: table.count - 1), to: "dataset.json")
            }
        }

        /// Writes the chosen phases as images of one frame each.
        private func write(_ cine: NIfTI, _ name: String, to folder: URL) throws(DICOMError) {
            let frames = cine.volume.extent.frames
            let chosen = Set((0..<min(phases ?? frames, frames)).map { $0 * frames / min(phases ?? frames, frames) })
            for frame in chosen.sorted() {
                var image = cine
                image.volume = cine.volume.frame(frame)
                image.geometry.dimensionCount = 3
                try image.write(toFolder: folder.path, String(format: "%@_frame%02d_0000.nii.gz", name, frame + 1))
            }
        }

        private func write(_ text: String, to name: String) throws {
            try Data(text.utf8).write(
                to: URL(fileURLWithPath: output, isDirectory: true).appendingPathComponent(name), options: .atomic)
        }

        /// The contents of dataset.json: the classes of ACDC, in whose order label maps are drawn later.
        private static func description(cases: Int) -> String {
            let labels = ACDC.classNames.enumerated().map { "    \"\($1)\": \($0)" }.joined(separator: ",\n")
            return """
                {
                  "channel_names": {"0": "cine MRI"},
                  "labels": {
                \(labels)
                  },
                  "numTraining": \(cases),
                  "file_ending": ".nii.gz"
                }

                """
        }
    }
}
