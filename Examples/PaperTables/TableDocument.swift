import FederatedContrastive
import Foundation
import Reporting

/// The tables as files: `tables.md`, `tables.csv`, and `tables.html`.
struct TableDocument {
    let settings: Settings
    let tables: [ResultTable]
    /// The choice of the rate in the paper's regime.
    let scan: RateScan?
    private var claims: [Claim] { Claim.all(tables) }

    private static let seen =
        "As in the paper, pre-training saw the images of all patients, also of those that are scored, without labels."

    private var regime: String {
        guard let scan else {
            let rates = settings.learningRates.map(\.description).joined(separator: ", ")
            let shares = settings.encoderRates.map(\.description).joined(separator: ", ")
            let isSearched = settings.learningRates.count * settings.encoderRates.count > 1
            return "Fine-tuning by this package's recipe, \(settings.fineTuningSteps) steps of every client"
                + (settings.unlabelled ? ", with images without labels; \(grid)" : "; \(grid)")
                + "; learning rate \(rates), the encoder's share of it \(shares), "
                + (isSearched
                    ? "searched for every start and number of annotated patients." : "the same for all starts.")
        }
        return
            "Fine-tuning by the paper's protocol, as far as it is known: \(settings.fineTuningRounds) rounds of one pass, "
            + "cross-entropy, Adam, mirrored views; \(grid). " + scan.sentence
    }

    private var grid: String { "\(settings.size) × \(settings.size) pixels of \(settings.spacing) mm" }

    private let legend =
        "Dice in three dimensions on the native grid, mean of the structures, mean ± standard deviation as in the paper "
        + "(over clients where each learns alone, else over folds or, with one fold, seeds). In parentheses the number "
        + "the paper prints. Differs from FCL with p < 0.05: * over patients, † over models (clients, folds, seeds). 'ours': not a "
        + "row of the paper."

    var markdown: String {
        var text = "# The tables of Wu et al. (MICCAI 2021), measured\n\n\(regime) \(Self.seen)\n\n\(legend)\n"
        for table in tables {
            text += "\n## \(table.kind.title)\n\n| method | "
            text += table.annotated.map { "N = \($0)" }.joined(separator: " | ") + " |\n|"
            text += String(repeating: " --- |", count: table.annotated.count + 1) + "\n"
            for method in table.methods {
                text +=
                    "| \(method.title) | " + table.annotated.map { table.text(method, $0) }.joined(separator: " | ")
                    + " |\n"
            }
        }
        text += "\n## What the paper says\n\n| claim | here | numbers |\n| --- | --- | --- |\n"
        for claim in claims { text += "| \(claim.sentence) | \(verdict(claim)) | \(claim.evidence) |\n" }
        return text
    }

    var csv: String {
        var text =
            "table,method,annotated,mean,standard_deviation,count,over,paper_mean,paper_deviation,difference_to_fcl,p,"
            + "models_p\n"
        for table in tables {
            for method in table.methods {
                for n in table.annotated {
                    guard let cell = table.cell(method, n) else { continue }
                    let paper = PaperNumbers.number(table.kind, method, annotated: n)
                    let comparison = table.comparison(method, n)
                    let numbers: [Double?] = [
                        paper?.mean, paper?.deviation, comparison?.meanDifference, comparison?.p,
                        comparison?.modelP,
                    ]
                    let fields =
                        [
                            table.kind.rawValue, method.rawValue, "\(n)", number(cell.dice.mean),
                            number(cell.dice.standardDeviation),
                        ]
                        + ["\(cell.dice.count)", cell.unit] + numbers.map(number)
                    text += fields.joined(separator: ",") + "\n"
                }
            }
        }
        return text
    }

    var html: String {
        let sections = tables.map { table in
            let places = table.annotated.map(String.init)
            let chart = ErrorBarChart(
                table.kind.title, xTitle: "annotated patients", yTitle: "Dice", places: places,
                table.methods.map { method in
                    .init(
                        method.title,
                        table.annotated.map { n in
                            table.cell(method, n).flatMap { cell in
                                cell.dice.mean.map {
                                    Statistic(mean: $0, deviation: cell.dice.standardDeviation ?? .nan)
                                }
                            }
                        })
                }, limits: 0...1)
            let rows = table.methods.map { method in [method.title] + table.annotated.map { table.text(method, $0) } }
            return HTMLPage.Section(
                table.kind.title,
                [
                    .figure(Figure("Means; whiskers are standard deviations.", [chart])),
                    .table(
                        Table(columns: ["method"] + table.annotated.map { "N = \($0)" }, rows: rows, caption: legend)),
                ])
        }
        let verdicts = HTMLPage.Section(
            "What the paper says",
            claims.map { .text("\($0.sentence) — \(verdict($0)). \($0.evidence)") })
        return HTMLPage(
            title: "The tables of Wu et al., measured",
            lead: "Every method pre-trained, fine-tuned, and scored alike, next to the numbers of the paper. " + regime
                + " " + Self.seen,
            facts: [
                ("Methods", "\(settings.methods.count)"), ("Pre-training", "\(settings.rounds) rounds"),
                (
                    "Fine-tuning",
                    scan == nil ? "\(settings.fineTuningSteps) steps" : "\(settings.fineTuningRounds) rounds"
                ), ("Folds", "\(settings.folds.count)"),
                ("Seeds", "\(settings.seeds.count)"),
                ("Slices", "\(settings.size)² pixels of \(settings.spacing) mm"),
            ], sections: sections + [verdicts]
        ).html
    }

    private func verdict(_ claim: Claim) -> String {
        claim.holds.map { $0 ? "holds" : "does not hold" } ?? "cannot be said"
    }

    private func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
}

/// One table of the paper, measured: one row per method, one column per number of annotated patients.
struct ResultTable {
    /// The three tables.
    enum Kind: String, CaseIterable {
        case local, federated, transfer

        var title: String {
            switch self {
            case .local: "ACDC, each client alone"
            case .federated: "ACDC, federated fine-tuning"
            case .transfer: "Transfer to HVSMR"
            }
        }
    }

    let kind: Kind
    /// The measurements of the fine-tuning runs.
    let cells: [FineTuningReport.Cell]
    /// The comparisons of every method with FCL.
    let comparisons: [PairedComparison]

    /// Creates the table of a fine-tuning.
    init(_ kind: Kind, _ report: FineTuningReport) {
        (self.kind, cells, comparisons) = (kind, report.cells, report.comparisons)
    }

    /// The columns.
    var annotated: [Int] { Set(cells.map(\.annotated)).sorted() }
    /// The rows, in the order of the paper.
    var methods: [Method] { Method.allCases.filter { method in cells.contains { $0.start == method.rawValue } } }

    /// Returns the measurements of a method.
    func cell(_ method: Method, _ annotated: Int) -> FineTuningReport.Cell? {
        cells.first { $0.start == method.rawValue && $0.annotated == annotated }
    }

    /// Returns the mean Dice of a method.
    func dice(_ method: Method, _ annotated: Int) -> Double? { cell(method, annotated)?.dice.mean }

    /// Returns the comparison of a method with FCL, paired by patient.
    func comparison(_ method: Method, _ annotated: Int) -> PairedComparison? {
        comparisons.first {
            $0.start == method.rawValue && $0.other == Method.fcl.rawValue && $0.annotated == annotated
        }
    }

    /// Returns the text of a cell, such as `.782 ± .011`, followed by the number in the paper.
    func text(_ method: Method, _ annotated: Int, withPaper: Bool = true) -> String {
        guard let cell = cell(method, annotated) else { return "–" }
        var text = FineTuningReport.text(cell.dice)
        if let comparison = comparison(method, annotated) {
            text += (comparison.p < 0.05 ? "*" : "") + (comparison.modelP < 0.05 ? "†" : "")
        }
        if withPaper, let paper = PaperNumbers.number(kind, method, annotated: annotated) {
            text += " (\(FineTuningReport.decimals(paper.mean)))"
        }
        return text
    }
}
