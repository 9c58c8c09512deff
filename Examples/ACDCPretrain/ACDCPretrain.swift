import ArgumentParser
import Contrastive
import Experiments
import Federation
import Foundation
import Tensor

/// Pre-training of a U-Net encoder on cardiac MRI, by FCL or another method: data → sites → rounds → report.
@main
struct ACDCPretrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ACDCPretrain",
        abstract:
            "Pre-trains a U-Net encoder on unlabelled cardiac MRI by federated contrastive learning or another method.",
        discussion: """
            Writes encoder.safetensors, which PyTorch reads too, and rounds.jsonl, config.json, environment.json, \
            report.html and checkpoints beside it. A run that was stopped goes on by --resume.

            Exit codes: 0 done, 64 wrong options, 65 wrong data, 66 no input, 73 and 74 cannot write, 75 too few \
            clients left, 130 and 143 stopped by a signal.
            """)

    @OptionGroup var arguments: Arguments

    func run() async throws {
        try await supervised("ACDCPretrain", quiet: arguments.quiet, pretrain)
    }

    @Sendable private func pretrain(_ progress: ProgressLine) async throws {
        let earlier = try arguments.resume.map {
            try RunFolder<PretrainingSettings>(resuming: URL(fileURLWithPath: $0))
        }
        let settings = try earlier?.settings ?? arguments.settings()

        // Data: patients are divided among the sites at random, since their numbers are sorted by disease.
        progress.show("reading \(settings.data)")
        let cohort = try await Cohort(settings)
        progress.say("\(cohort.summary); read in \(ProgressLine.duration(progress.seconds))")

        // The run's folder, at its last complete round.
        let folder = try earlier ?? RunFolder(creating: arguments.outputFolder, settings: settings)
        try folder.checkSplit(cohort.split)
        var store = try RunStore(directory: folder.url)
        for repair in store.repairs { progress.say("repaired: \(repair)") }

        // Model and sites, as they were after the last round.
        let model = PretrainingModel(settings)
        let state = try PretrainingState(store.checkpoint(), model: model, settings: settings)
        let meter = StepMeter(
            progress: progress, rounds: settings.rounds, stepsOfRound: cohort.steps(settings))
        let sites = try cohort.libraries.enumerated().map { index, slices in
            try PretrainingSite(
                index: index, slices: slices, model: model, settings: settings, state: state?.sites[index],
                meter: meter)
        }
        let threads = arguments.threads ?? Parallel.threadCount
        var federation = Federation(
            clients: sites, parameters: state?.parameters ?? model.parameters, round: state?.round ?? 0,
            quorum: settings.quorum ?? sites.count, concurrency: min(threads, sites.count),
            exchange: PretrainingSite.exchange(among: sites, settings))
        if federation.round > 0 { progress.say("going on after round \(federation.round)") }

        // Rounds.
        let representation = Representation(model, cohort, settings)
        let log = RoundLog(settings: settings, progress: progress, json: arguments.json)
        while federation.round < settings.trainedRounds {
            try Task.checkCancellation()
            var report = try await Parallel.$threadLimit.withValue(threads) { try await federation.runRound() }
            if representation.isDue(after: federation.round) {
                let metrics = try representation.metrics(of: federation.parameters)
                report.metrics.merge(metrics) { $1 }
            }
            try store.record(report)
            try store.save(await PretrainingState.files(parameters: federation.parameters, sites: sites))
            log.tell(report)
        }

        // Report.
        try folder.writeEncoder(federation.parameters)
        var banks: [FeatureSet] = []
        for site in sites { if let features = await site.features { banks.append(features) } }
        let page = PretrainingPage(settings: settings, reports: try store.reports(), banks: banks)
        try folder.write(Data(page.html.utf8), to: "report.html")
        progress.say("wrote \(folder.url.path)/encoder.safetensors after \(ProgressLine.duration(progress.seconds))")
    }
}
