import Volumes

/// One fine-tuning: who learns from how many annotated patients, from which start, and what it is scored on.
package struct Trial: Codable, Hashable, Sendable {
    /// The name of the start.
    package var start: String
    package var mode: Mode
    /// Annotated patients of each client, N.
    package var annotated: Int
    package var fold: Int
    /// The seed of the decoder's weights, of the order of slices, and of their views.
    package var seed: UInt64
    /// The client that learns alone, from 0; `nil` where all learn together.
    package var client: Int?
    package var learningRate: Float
    /// The rate of the encoder, as a fraction of `learningRate`.
    package var encoderRate: Float
    /// Whether patients are scored that no table sees, to choose the learning rate.
    package var isSearch = false

    package enum Mode: String, Codable, CaseIterable, Sendable {
        /// Each client alone.
        case local
        /// All clients together, by supervised federated averaging.
        case federated
    }

    package init(
        start: String, mode: Mode, annotated: Int, fold: Int, seed: UInt64, client: Int? = nil, learningRate: Float,
        encoderRate: Float = 1,
        isSearch: Bool = false
    ) {
        (self.start, self.mode, self.annotated, self.fold, self.seed) = (start, mode, annotated, fold, seed)
        (self.client, self.isSearch) = (client, isSearch)
        (self.learningRate, self.encoderRate) = (learningRate, encoderRate)
    }

    /// The name of the trial's folder.
    package var id: String {
        (isSearch ? "search-\(learningRate)-\(encoderRate)-" : "")
            + "\(start)-\(mode.rawValue)-n\(annotated)-fold\(fold)-seed\(seed)"
            + (client.map { "-client\($0 + 1)" } ?? "")
    }

    /// What a person reads: `FCL federated N=1 fold 0 seed 1`.
    package var title: String {
        "\(start) \(mode.rawValue) N=\(annotated) fold \(fold) seed \(seed)"
            + (client.map { " client \($0 + 1)" } ?? "")
            + (isSearch ? " rate \(learningRate), encoder \(encoderRate)" : "")
    }
}

/// How well a trial's model labels the patients it did not learn from.
package struct TrialResult: Codable, Sendable {
    package let trial: Trial
    package let cases: [CaseScore]
    /// Wall-clock seconds of training, without those of earlier processes.
    package let seconds: Double

    package init(trial: Trial, cases: [CaseScore], seconds: Double) {
        (self.trial, self.cases, self.seconds) = (trial, cases, seconds)
    }

    /// The scores of one image.
    package struct CaseScore: Codable, Sendable {
        package let patient: String
        package let frame: String
        /// By the name of the structure.
        package let structures: [String: StructureScore]

        package init(patient: String, frame: String, structures: [String: StructureScore]) {
            (self.patient, self.frame, self.structures) = (patient, frame, structures)
        }

        /// The mean Dice of the structures for which it is defined.
        package var dice: Double? { ScoreSummary(structures.values.map(\.dice)).mean }
    }

    /// The mean over structures of the mean Dice of the images for which it is defined: the number of the paper's tables.
    package var dice: Double? { ScoreSummary(structures.map { ScoreSummary(scores(of: $0).map(\.dice)).mean }).mean }

    /// The names of the structures, sorted.
    package var structures: [String] { Set(cases.flatMap(\.structures.keys)).sorted() }

    /// The scores of one structure in all images.
    package func scores(of structure: String) -> [StructureScore] { cases.compactMap { $0.structures[structure] } }

    /// The mean over structures of the Dice of the pooled pixels of all images.
    package var pooledDice: Double? { ScoreSummary(structures.map { PooledOverlap(scores(of: $0)).dice }).mean }
}
