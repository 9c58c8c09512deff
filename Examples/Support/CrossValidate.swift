import FederatedContrastive
import Foundation
import Tensor

/// Runs a cross-validated fine-tuning with its messages, tables, and page, and returns its report.
@discardableResult
public func crossValidate<Settings: CrossValidationSettings>(
    in folder: RunFolder<Settings>, threads: Int?, json: Bool, _ progress: ProgressLine
) async throws -> FineTuningReport {
    let began = progress.seconds
    progress.show("reading \(folder.settings.training.data)")
    let log = TrialLog(progress: progress, json: json)
    let report = try await Parallel.$threadLimit.withValue(threads ?? Parallel.threadCount) {
        let validation = try await CrossValidation(in: folder, observer: log.observe)
        progress.say("\(validation.summary); read in \(ProgressLine.duration(progress.seconds - began))")
        let report = try await validation.report()
        let page = FineTuningPage(Settings.title, report: report, runner: validation.runner)
        try folder.write(Data(page.html().utf8), to: "report.html")
        return report
    }
    progress.say(report.markdown)
    progress.say("wrote \(folder.url.path)/results.json after \(ProgressLine.duration(progress.seconds - began))")
    return report
}
