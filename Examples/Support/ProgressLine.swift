import Federation
import FederatedContrastive
import FileIO
import Foundation
import Synchronization
import Volumes

/// The messages of a program on standard error, as plain lines and, on a terminal, a progress line that changes.
public final class ProgressLine: Sendable {
    private let quiet: Bool
    private let terminal: Bool
    private let start = ContinuousClock.now

    /// Creates a progress line; a quiet one shows errors only.
    public init(quiet: Bool) {
        self.quiet = quiet
        terminal = isatty(STDERR_FILENO) == 1
    }

    /// Shows a message that stays.
    public func say(_ message: String) {
        if !quiet { write((terminal ? "\r\u{1B}[K" : "") + message + "\n") }
    }

    /// Shows a message that stays, even if the progress line is quiet.
    public func complain(_ message: String) {
        write((terminal ? "\r\u{1B}[K" : "") + message + "\n")
    }

    /// Shows a message that the next one replaces, on a terminal only.
    public func show(_ message: String) {
        if !quiet && terminal { write("\r\u{1B}[K" + message) }
    }

    /// Shows a step of training.
    public func show(_ title: String, step: Int, of steps: Int, loss: Double) {
        show("\(title)  step \(step)/\(steps)  loss \(String(format: "%.3f", loss))")
    }

    /// The seconds since the program started.
    public var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Writes results to standard output. If that fails, nobody can use them, and the program ends with exit code 74.
    public func print(_ data: Data) {
        do { try StandardStream.print(data) } catch {
            complain("\(error)")
            exit(74)
        }
    }

    private func write(_ text: String) { StandardStream.complain(text) }

    /// Returns a duration as text, such as `2 h 05 min`, `3 min 20 s`, or `12 s`.
    public static func duration(_ seconds: Double) -> String {
        let s = Int(seconds.rounded())
        if s >= 3600 { return "\(s / 3600) h \(String(format: "%02d", s % 3600 / 60)) min" }
        return s >= 60 ? "\(s / 60) min \(String(format: "%02d", s % 60)) s" : "\(s) s"
    }
}

/// The log of a pre-training: one line per round for the user and, with `--json`, one for programs.
public final class RoundLog: Sendable {
    private let folder: RunFolder<PretrainingSettings>
    private let progress: ProgressLine
    private let json: Bool
    private let state = Mutex((seconds: 0.0, rounds: 0, verdicts: [String?](), reports: [RoundReport]()))

    private var settings: PretrainingSettings { folder.settings }

    /// Creates a log; with `json`, also on standard output.
    public init(_ folder: RunFolder<PretrainingSettings>, progress: ProgressLine, json: Bool) {
        (self.folder, self.progress, self.json) = (folder, progress, json)
    }

    /// Continues the page of a run after these rounds.
    public func begin(after reports: [RoundReport]) {
        state.withLock { $0.reports = reports }
    }

    /// Writes `report.html` for those who watch the run; the last round's page is made when the run is complete.
    private func updatePage(_ report: RoundReport) {
        let reports = state.withLock { state in
            state.reports.append(report)
            return state.reports
        }
        let page = PretrainingPage(folder, reports: reports, isRunning: report.round < settings.rounds)
        do { try folder.write(Data(page.html.utf8), to: "report.html") } catch {
            progress.say("the page of the run is not up to date: \(error)")
        }
    }

    /// Shows an event.
    public func observe(_ event: TrainingEvent) {
        switch event {
        case .message(let text): progress.say(text)
        case .step(let title, let step, let steps, let loss): progress.show(title, step: step, of: steps, loss: loss)
        case .round(let report): tell(report)
        case .trial: break
        }
    }

    /// Shows a round.
    public func tell(_ report: RoundReport) {
        if json { progress.print(report.line) }
        updatePage(report)
        let (left, verdict) = state.withLock { state in
            state.seconds += report.seconds.total
            state.rounds += 1
            state.verdicts.append(CollapseWatch.verdict(report.metrics))
            let rest = Double(settings.rounds - report.round) * state.seconds / Double(state.rounds)
            return (rest, CollapseWatch.warning(state.verdicts, after: report.round, of: settings.rounds))
        }
        func number(_ metric: Metric) -> String {
            report.metrics[metric].map { String(format: "%.3f", $0) } ?? "–"
        }
        let rate = report.metrics[.learningRate].map { String(format: "%.2g", $0) } ?? "–"
        let learned =
            settings.methodType == FCL.self
            ? "local \(number(.localLoss))  remote \(number(.remoteLoss))  separation \(number(.separation))"
            : "loss \(number(.loss))  nothing learned \(number(.lossConstant))"
        progress.say(
            "round \(report.round)/\(settings.rounds)  \(learned)  rate \(rate)  "
                + "\(String(format: "%.1f", report.seconds.total)) s  \(ProgressLine.duration(left)) left")
        let probes: [(String, Metric)] = [
            ("partition", .partitionNeighbors), ("partition, linear", .partitionProbe),
            ("diagnosis", .diagnosisNeighbors), ("diagnosis, linear", .diagnosisProbe),
        ].filter { report.metrics[$0.1] != nil }
        if !probes.isEmpty {
            progress.say("  features predict " + probes.map { "\($0.0) \(number($0.1))" }.joined(separator: "  "))
        }
        for absence in report.absent { progress.complain("round \(report.round): \(absence)") }
        if let verdict { progress.say("round \(report.round): \(verdict)") }
    }
}

/// The log of a fine-tuning: one line per trial for the user and, with `--json`, one for programs.
public final class TrialLog: Sendable {
    private let progress: ProgressLine
    private let json: Bool
    private let state = Mutex((done: 0, seconds: 0.0))

    /// Creates a log; with `json`, also on standard output.
    public init(progress: ProgressLine, json: Bool) {
        (self.progress, self.json) = (progress, json)
    }

    /// Shows an event.
    public func observe(_ event: TrainingEvent) {
        switch event {
        case .message(let text): progress.say(text)
        case .step(let title, let step, let steps, let loss): progress.show(title, step: step, of: steps, loss: loss)
        case .trial(let result, let total): tell(result, of: total)
        case .round: break
        }
    }

    /// Shows a trial.
    ///
    /// Trials with more patients come later and take longer, so the remaining time is a lower bound; trials that run in
    /// parallel take less.
    private func tell(_ result: TrialResult, of total: Int) {
        let (done, left) = state.withLock { state in
            state.done += 1
            state.seconds += result.seconds
            return (state.done, state.seconds / Double(state.done) * Double(total - state.done))
        }
        func number(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "–" }
        let structures = result.structures.map { name in
            "\(name) \(number(ScoreSummary(result.scores(of: name).map(\.dice)).mean))"
        }
        progress.say(
            "[\(done)/\(total)] \(result.trial.title): Dice \(number(result.dice)) (\(structures.joined(separator: ", ")))"
                + "  \(ProgressLine.duration(result.seconds)), about \(ProgressLine.duration(left)) left")
        if json, let line = try? JSONEncoder().encode(result) {
            progress.print(line + Data("\n".utf8))
        }
    }
}
