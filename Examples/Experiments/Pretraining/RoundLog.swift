import Federation
import Foundation

/// Tells a person, and with `--json` a program, how each round went.
package final class RoundLog {
    private let settings: PretrainingSettings
    private let progress: ProgressLine
    private let json: Bool
    private var seconds = 0.0
    private var rounds = 0
    private var suspectRounds = 0

    /// A log; with `json` also on standard output.
    package init(settings: PretrainingSettings, progress: ProgressLine, json: Bool) {
        (self.settings, self.progress, self.json) = (settings, progress, json)
    }

    /// Tells of a round.
    package func tell(_ report: RoundReport) {
        if json { FileHandle.standardOutput.write(report.line) }
        seconds += report.seconds.total
        rounds += 1
        let left = Double(settings.rounds - report.round) * seconds / Double(rounds)
        func number(_ name: String) -> String {
            report.metrics[name].map { String(format: "%.3f", $0) } ?? "–"
        }
        let rate = report.metrics["learningRate"].map { String(format: "%.2g", $0) } ?? "–"
        let learnt =
            report.metrics["localLoss"] == nil
            ? "loss \(number("loss"))  untaught \(number("constant"))"
            : "local \(number("localLoss"))  remote \(number("remoteLoss"))  separation \(number("separation"))"
        progress.say(
            "round \(report.round)/\(settings.rounds)  \(learnt)  rate \(rate)  "
                + "\(String(format: "%.1f", report.seconds.total)) s  \(ProgressLine.duration(left)) left")
        let probes = [
            ("partition", "partitionNeighbours"), ("partition, linear", "partitionProbe"),
            ("diagnosis", "diagnosisNeighbours"), ("diagnosis, linear", "diagnosisProbe"),
        ].filter { report.metrics[$0.1] != nil }
        if !probes.isEmpty {
            progress.say("  features guess " + probes.map { "\($0.0) \(number($0.1))" }.joined(separator: "  "))
        }
        for absence in report.absent { progress.complain("round \(report.round): \(absence)") }
        // A round or two like this are how every run begins.
        let verdict = RoundMetrics.verdict(report.metrics)
        suspectRounds = verdict == nil ? 0 : suspectRounds + 1
        if suspectRounds >= 3, let verdict { progress.say("round \(report.round): \(verdict)") }
    }
}
