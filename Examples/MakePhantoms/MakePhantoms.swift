import ArgumentParser
import FileIO
import Foundation
import Synchronization
import Phantoms
import Volumes

/// Writes synthetic cardiac MRI in the layout of ACDC, of nnU-Net, or of HVSMR 2016.
@main
struct MakePhantoms: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "MakePhantoms",
        abstract: "Writes synthetic cardiac MRI in the layout of ACDC, of nnU-Net, or of HVSMR 2016.",
        discussion: """
            With --format acdc, the folder receives training/patient001 and so on, each with Info.cfg and with \
            short-axis images and label maps at end diastole and end systole. The groups cycle through DCM, HCM, MINF, \
            NOR, and RV. With --format nnunet, it receives the same images as imagesTr/patient001_frame01_0000.nii.gz \
            and so on, with labelsTr, dataset.json, and patients.csv. With --format hvsmr, it receives training_axial_crop_pat0.nii.gz and so on: whole hearts with \
            blood pool and myocardium, each with a label map. For a given seed, patient k is the same however many \
            patients are made. The images show no patient, and results on them say nothing about patients.

            Exit codes: 0 done, 64 wrong usage, 73 the folder cannot be created or is not empty, 74 a file cannot be \
            written.
            """,
        version: PackageVersion.text)

    @Option(help: "The folder to write to.")
    var output = "phantoms"

    @Option(help: "The layout of files and folders: acdc, nnunet, or hvsmr.")
    var format = Format.acdc

    @Option(help: "The number of patients, 1 to 10000.")
    var patients = 20

    @Option(help: "The seed that determines every patient.")
    var seed: UInt64 = 1

    @Option(help: "The number of scanners, assigned to every five patients in turn; 0: one per patient. Not hvsmr.")
    var scanners = 0

    @Option(help: "The voxel spacing in mm, 0.3 to 10; 2 is fast. hvsmr only. (default: 0.9)")
    var spacing: Double?

    @Flag(help: "Also write each heartbeat as a 4-D file of about 30 frames: slower and larger. acdc only.")
    var cine = false

    @Flag(help: "Write to a folder that is not empty; replaces files of the same name and keeps others.")
    var overwrite = false

    @Flag(help: "Show no progress.")
    var quiet = false

    enum Format: String, ExpressibleByArgument, CaseIterable { case acdc, nnunet, hvsmr }

    func validate() throws {
        guard (1...10_000).contains(patients) else {
            throw ValidationError("--patients is \(patients), but must be 1 to 10000.")
        }
        guard (0...10_000).contains(scanners) else {
            throw ValidationError("--scanners is \(scanners), but must be 0 to 10000.")
        }
        if let spacing, !(0.3...10).contains(spacing) {
            throw ValidationError("--spacing is \(spacing), but must be 0.3 to 10.")
        }
        switch format {
        case .acdc, .nnunet:
            if spacing != nil { throw ValidationError("--spacing is for --format hvsmr only.") }
            if cine, format == .nnunet { throw ValidationError("--cine is for --format acdc only.") }
        case .hvsmr:
            if cine { throw ValidationError("--cine is for --format acdc only: HVSMR has no cines.") }
            if scanners != 0 { throw ValidationError("--scanners is not for --format hvsmr.") }
        }
        guard !output.isEmpty else { throw ValidationError("--output is empty, but must be a folder.") }
    }

    func run() async throws {
        let folder = URL(filePath: output, directoryHint: .isDirectory)
        try prepare(folder)
        let progress = Progress(total: patients, isSilent: quiet)
        do throws(VolumesError) {
            let phantom = Phantom(seed: seed, scannerCount: scanners == 0 ? nil : scanners)
            switch format {
            case .acdc:
                try await phantom.write(patients: patients, to: folder, includingCine: cine) { progress.report($0) }
            case .nnunet:
                try await phantom.writeNNUNet(patients: patients, to: folder) { progress.report($0) }
            case .hvsmr:
                try await phantom.writeWholeHearts(patients: patients, to: folder, spacing: spacing ?? 0.9) {
                    progress.report($0)
                }
            }
        } catch {
            progress.finish()
            complain("\(error)")
            throw ExitCode(74)
        }
        progress.finish()
    }

    /// Creates the folder, or ends the program if that fails or the folder is not empty.
    private func prepare(_ folder: URL) throws {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            complain("\(output): the folder cannot be created: \(error.localizedDescription)")
            throw ExitCode(73)
        }
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: output)) ?? []
        if !entries.isEmpty, !overwrite {
            complain("\(output): the folder is not empty; name another one, or pass --overwrite")
            throw ExitCode(73)
        }
    }

    private func complain(_ message: String) {
        StandardStream.complain("MakePhantoms: \(message)\n")
    }
}

/// A count of patients on standard error, at most one line per second; on a terminal, each line replaces the last.
private final class Progress: Sendable {
    private let total: Int
    private let isSilent: Bool
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let last = Mutex<(time: ContinuousClock.Instant?, done: Int)>((nil, 0))

    init(total: Int, isSilent: Bool) { (self.total, self.isSilent) = (total, isSilent) }

    func report(_ done: Int) {
        let now = ContinuousClock.now
        let shown: Int? = last.withLock { last in
            last.done = max(last.done, done)
            if let time = last.time, now - time < .seconds(1), last.done < total { return nil }
            last.time = now
            return last.done
        }
        guard !isSilent, let shown else { return }
        let line = "\(shown) of \(total) patients"
        StandardStream.complain(isTerminal ? "\r\(line)" : "\(line)\n")
    }

    func finish() {
        if isTerminal, !isSilent { StandardStream.complain("\n") }
    }
}
