import ArgumentParser
import FileIO
import Foundation
import Volumes

/// Compares label maps with references: Dice, IoU, HD95, ASSD, and volumes.
@main
struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Evaluate",
        abstract: "Compares label maps with references: Dice, IoU, HD95, ASSD, and volumes of each label.",
        discussion: """
            Takes two NIfTI files, or two folders whose files are matched by name, with or without _seg or _gt before \
            .nii or .nii.gz. Folders are searched recursively. If some names in a folder end in _seg or _gt, its other \
            files are taken for images, so an ACDC folder and one of Segment can be passed unchanged. Files without a \
            counterpart are named and left out.

            All scores are computed on the whole 3-D label map on its native grid; distances are in mm. A label that \
            is in neither map has no score; a label that is in only one map has a Dice and IoU of 0 and no distances. \
            Missing values are left out of the means and counted. docs/metrics.md has the definitions.

            Exit codes: 0 done, 64 wrong usage, 65 a file is damaged or does not match its counterpart, 66 a file is \
            missing or may not be read, 73 the summary cannot be created, 74 it cannot be written. If anything is \
            wrong, every bad case is named and nothing is summarized.
            """,
        version: PackageVersion.text)

    @Argument(help: "The label map to evaluate, or a folder of them.", completion: .file())
    var predictions: String

    @Argument(help: "The reference label map, or a folder of them.", completion: .file())
    var references: String

    @Option(
        help: """
            The labels to compare, 1 to \(LabelMap.greatest), separated by commas; all others count as background. \
            (default: 1,2,3)
            """,
        transform: LabelList.init(parsing:))
    var labels = LabelList(labels: [1, 2, 3])

    @Flag(help: "Print the summary as JSON instead of tables.")
    var json = false

    @Option(help: "Also write the summary to this file, in the form of nnU-Net's summary.json.", completion: .file())
    var output: String?

    @Flag(help: "Do not print tables or warnings.")
    var quiet = false

    func run() async throws {
        do {
            try await evaluate()
        } catch let failure as Failure {
            for description in failure.descriptions { complain("error: \(description)") }
            throw ExitCode(failure.exitCode)
        }
    }

    private func evaluate() async throws {
        if let output { try checkFolder(of: output) }
        let pairs = try Pairs(predictions: predictions, references: references)
        if !quiet {
            warn(of: pairs.unmatchedPredictions, in: predictions, "without a reference")
            warn(of: pairs.unmatchedReferences, in: references, "without a prediction")
        }
        let results = try await scores(of: pairs.matched)
        if !quiet { warn(of: results) }

        let summary = try Summary(results, labels: labels.labels, pairs: pairs).json()
        if let output {
            do { try summary.write(to: URL(fileURLWithPath: output), options: .atomic) } catch {
                throw Failure.cannotWrite("\(output) cannot be written: \(error.localizedDescription)")
            }
        }
        do throws(FileError) {
            if json {
                try StandardStream.print(summary)
            } else if !quiet {
                try StandardStream.print(ScoreTable.text(results, labels: labels.labels))
            }
        } catch {
            throw Failure.cannotWrite("\(error)")
        }
    }

    /// Returns the scores of all cases in order, computed several cases at a time.
    ///
    /// - Throws: One ``Failure`` that lists everything that is wrong with any case.
    private func scores(of pairs: [Pair]) async throws(Failure) -> [CaseScores] {
        let labels = labels.labels
        let workers = max(1, min(ProcessInfo.processInfo.activeProcessorCount, pairs.count))
        let results = await concurrently(pairs.count, workers: workers) { index in
            CaseScores.reading(pairs[index], labels: labels)
        }
        var (scores, failures) = ([CaseScores](), [Failure]())
        for result in results {
            switch result {
            case .success(let score): scores.append(score)
            case .failure(let failure): failures.append(failure)
            }
        }
        if !failures.isEmpty { throw Failure(failures) }
        return scores
    }

    /// Checks that the folder of the output exists, so that a wrong path fails before the work rather than after it.
    private func checkFolder(of output: String) throws(Failure) {
        let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw .cannotCreate("\(output) cannot be created: there is no folder \(folder); make it first.")
        }
    }

    private func warn(of files: [URL], in folder: String, _ fault: String) {
        if files.isEmpty { return }
        let shown = files.prefix(10).map(\.lastPathComponent).joined(separator: ", ")
        let more = files.count > 10 ? " and \(files.count - 10) more" : ""
        complain("warning: \(folder): left out, \(fault): \(shown)\(more)")
    }

    private func warn(of results: [CaseScores]) {
        var strayLabels: [Int: String] = [:]
        for result in results { strayLabels.merge(result.strayLabels) { first, _ in first } }
        let stray = strayLabels.keys.sorted()
        if let first = stray.first {
            let shown = stray.prefix(10).map(String.init).joined(separator: ", ")
            let more = stray.count > 10 ? " and \(stray.count - 10) more" : ""
            complain(
                "warning: labels \(shown)\(more) count as background, since they are not among --labels \(labels); "
                    + "\(first) is in \(strayLabels[first]!)")
        }
        let doubts = results.flatMap(\.warnings)
        if let first = doubts.first {
            let more = doubts.count == 1 ? "" : "; there are \(doubts.count - 1) more such warnings, see VolumeInfo"
            complain("warning: \(first)\(more)")
        }
    }

    private func complain(_ line: String) {
        StandardStream.complain("Evaluate: \(line)\n")
    }
}

/// Labels in the form of the command line, `1,2,3`.
struct LabelList: CustomStringConvertible {
    var labels: [Int]

    init(labels: [Int]) { self.labels = labels }

    init(parsing argument: String) throws {
        labels = try argument.split(separator: ",", omittingEmptySubsequences: false).map { piece in
            guard let label = Int(piece), (1...LabelMap.greatest).contains(label) else {
                throw ValidationError(
                    "'\(piece)' is no label; labels are whole numbers from 1 to \(LabelMap.greatest) between commas.")
            }
            return label
        }
        guard Set(labels).count == labels.count else { throw ValidationError("a label is there twice.") }
    }

    var description: String { labels.map(String.init).joined(separator: ",") }
}
