import ArgumentParser
import FederatedContrastive
import Foundation
import Support
import Tensor

/// Pre-training of a U-Net encoder on cardiac MRI, by FCL or another method: data → sites → rounds → report.
@main
struct ACDCPretrain: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "ACDCPretrain",
        abstract:
            "Pre-trains a U-Net encoder on unlabeled cardiac MRI by federated contrastive learning or another method.",
        discussion: """
            Writes encoder.safetensors, which PyTorch reads too, next to rounds.jsonl, config.json, environment.json, \
            report.html, and checkpoints. Pass --resume to continue a run that was stopped.

            Exit codes: 0 done, 64 wrong options, 65 wrong data, 66 no input, 73 and 74 cannot write, 75 too few \
            clients left, 130 and 143 stopped by a signal.
            """,
        version: Provenance.versionLine)

    struct DataOptions: SettingOptions {
        @Option(
            help: "The folder of patients: ACDC's layout (…/training), or nnU-Net's (dataset.json).",
            completion: .directory)
        var data: AbsolutePath?
    }

    @OptionGroup var patients: DataOptions
    @OptionGroup var run: RunOptions
    @Option(help: "With --resume, go back to the checkpoint of this round; every tenth is kept.")
    var fromRound: Int?
    @OptionGroup var options: PretrainingOptions

    func validate() throws {
        try run.check(patients, options)
        if fromRound != nil, run.resume == nil {
            throw ValidationError("--from-round needs --resume and the folder of a run.")
        }
    }

    func run() async throws {
        try await supervised("ACDCPretrain", quiet: run.quiet, pretrain)
    }

    @Sendable private func pretrain(_ progress: ProgressLine) async throws {
        let folder: RunFolder<PretrainingSettings> = try run.folder(
            patients, options, defaultOutput: Self.unusedFolder, complete: { $0 = $0.resolved })
        progress.show("reading \(folder.settings.data)")
        let log = RoundLog(folder, progress: progress, json: run.json)
        let next = try await Parallel.$threadLimit.withValue(run.threads ?? Parallel.threadCount) {
            let pretraining = try await Pretraining(in: folder, from: fromRound, observer: log.observe)
            progress.say("\(pretraining.cohort.summary); read in \(ProgressLine.duration(progress.seconds))")
            for repair in await pretraining.repairs { progress.say("repaired: \(repair)") }
            let round = await pretraining.round
            if round > 0 { progress.say("continuing after round \(round)") }

            log.begin(after: try await pretraining.reports)
            try await pretraining.train()

            let page = PretrainingPage(
                folder, patients: pretraining.cohort.split, reports: try await pretraining.reports,
                banks: await pretraining.banks())
            try folder.write(Data(page.html.utf8), to: "report.html")
            return page.next
        }
        progress.say("wrote \(folder.url.path)/encoder.safetensors after \(ProgressLine.duration(progress.seconds))")
        progress.say("report.html in that folder explains the run")
        if let next { progress.say("next, fine-tune with few labels: \(next)") }
    }

    /// A folder named after the current time that does not exist yet.
    private static var unusedFolder: URL {
        let name = Date().formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
        let candidates = (1...1000).lazy.map { "runs/" + name + ($0 > 1 ? "-\($0)" : "") }
        return URL(fileURLWithPath: candidates.first { !FileManager.default.fileExists(atPath: $0) } ?? "runs/" + name)
    }
}
