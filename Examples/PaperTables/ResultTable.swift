import FederatedContrastive

/// One table of the paper, measured: a row a method, a column a number of annotated patients.
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
    /// What the runs of fine-tuning measured.
    let cells: [FineTuningReport.Cell]
    /// Every method against FCL.
    let comparisons: [PairedComparison]

    /// The table of a fine-tuning.
    init(_ kind: Kind, _ report: FineTuningReport) {
        (self.kind, cells, comparisons) = (kind, report.cells, report.comparisons)
    }

    /// The columns.
    var annotated: [Int] { Set(cells.map(\.annotated)).sorted() }
    /// The rows, in the order of the paper.
    var methods: [Method] { Method.allCases.filter { method in cells.contains { $0.start == method.rawValue } } }

    /// What was measured of a method.
    func cell(_ method: Method, _ annotated: Int) -> FineTuningReport.Cell? {
        cells.first { $0.start == method.rawValue && $0.annotated == annotated }
    }

    /// The mean Dice of a method.
    func dice(_ method: Method, _ annotated: Int) -> Double? { cell(method, annotated)?.dice.mean }

    /// How a method compares with FCL, patient by patient.
    func comparison(_ method: Method, _ annotated: Int) -> PairedComparison? {
        comparisons.first {
            $0.start == method.rawValue && $0.other == Method.fcl.rawValue && $0.annotated == annotated
        }
    }

    /// `.782 ± .011`, with what the paper printed behind it.
    func text(_ method: Method, _ annotated: Int, withPaper: Bool = true) -> String {
        guard let cell = cell(method, annotated) else { return "–" }
        var text = FineTuningReport.text(cell.dice)
        if let p = comparison(method, annotated)?.p, p < 0.05 { text += "*" }
        if withPaper, let paper = PaperNumbers.number(kind, method, annotated: annotated) {
            text += " (\(FineTuningReport.decimals(paper.mean)))"
        }
        return text
    }
}
