import Volumes

/// One fine-tuning: its initial weights, clients, number of annotated patients, and validation patients.
public struct Trial: Codable, Hashable, Sendable {
    /// The name of the initial weights.
    public var start: String
    /// Each client alone, or all together.
    public var mode: Mode
    /// The number of annotated patients of each client, N.
    public var annotated: Int
    /// The fold, from 0.
    public var fold: Int
    /// The seed of the decoder's weights, the order of slices, and their views.
    public var seed: UInt64
    /// The client that learns alone, from 0; `nil` where all learn together.
    public var client: Int?
    /// The learning rate of the decoder.
    public var learningRate: Float
    /// The learning rate of the encoder, as a fraction of `learningRate`.
    public var encoderRate: Float
    /// Whether the trial scores patients that no table sees, to choose the learning rate.
    public var isSearch = false

    /// The ways of fine-tuning.
    public enum Mode: String, Codable, CaseIterable, Sendable {
        /// Each client alone.
        case local
        /// All clients together, by supervised federated averaging.
        case federated
    }

    /// A trial.
    init(
        start: String, mode: Mode, annotated: Int, fold: Int, seed: UInt64, client: Int? = nil, rates: LearningRates
    ) {
        (self.start, self.mode, self.annotated, self.fold, self.seed) = (start, mode, annotated, fold, seed)
        (self.client, learningRate, encoderRate) = (client, rates.decoder, rates.encoder)
    }

    /// The trial that scores these learning rates on patients that no table sees.
    func search(_ rates: LearningRates, client: Int?) -> Trial {
        var search = self
        (search.isSearch, search.client) = (true, client)
        (search.learningRate, search.encoderRate) = (rates.decoder, rates.encoder)
        return search
    }

    /// The name of the trial's folder.
    public var id: String {
        (isSearch ? "search-\(learningRate)-\(encoderRate)-" : "")
            + "\(start)-\(mode.rawValue)-n\(annotated)-fold\(fold)-seed\(seed)"
            + (client.map { "-client\($0 + 1)" } ?? "")
    }

    /// The name of the trial for people: `FCL federated N=1 fold 0 seed 1`.
    public var title: String {
        "\(start) \(mode.rawValue) N=\(annotated) fold \(fold) seed \(seed)"
            + (client.map { " client \($0 + 1)" } ?? "")
            + (isSearch ? " rate \(learningRate), encoder \(encoderRate)" : "")
    }
}

/// The scores of a trial's model on patients it did not learn from.
public struct TrialResult: Codable, Sendable {
    /// The trial.
    public let trial: Trial
    /// The scores of each image.
    public let cases: [CaseScore]
    /// Wall-clock seconds of training, without those of earlier processes.
    public let seconds: Double

    /// A result.
    public init(trial: Trial, cases: [CaseScore], seconds: Double) {
        (self.trial, self.cases, self.seconds) = (trial, cases, seconds)
    }

    /// The scores of one image.
    public struct CaseScore: Codable, Sendable {
        /// The patient.
        public let patient: String
        /// The image of the patient, such as `ED`; empty where there is only one.
        public let frame: String
        /// The scores by the name of the structure.
        public let structures: [String: StructureScore]

        /// The scores of an image.
        public init(patient: String, frame: String, structures: [String: StructureScore]) {
            (self.patient, self.frame, self.structures) = (patient, frame, structures)
        }

        /// The mean Dice of the structures for which it is defined.
        public var dice: Double? { ScoreSummary(structures.values.map(\.dice)).mean }
    }

    /// The mean over structures of the mean Dice of the images for which it is defined: the number of the paper's tables.
    public var dice: Double? { ScoreSummary(structures.map { ScoreSummary(scores(of: $0).map(\.dice)).mean }).mean }

    /// The names of the structures, sorted.
    public var structures: [String] { Set(cases.flatMap(\.structures.keys)).sorted() }

    /// The scores of one structure in all images.
    public func scores(of structure: String) -> [StructureScore] { cases.compactMap { $0.structures[structure] } }

    /// The mean over structures of the Dice of the pooled pixels of all images.
    public var pooledDice: Double? { ScoreSummary(structures.map { PooledOverlap(scores(of: $0)).dice }).mean }
}

/// The learning rates of the two halves of a network.
public struct LearningRates: Hashable, Sendable, CustomStringConvertible {
    /// The learning rate of the decoder.
    public let decoder: Float
    /// The learning rate of the encoder, as a fraction of it.
    public let encoder: Float

    /// A pair of learning rates.
    public init(decoder: Float, encoder: Float) { (self.decoder, self.encoder) = (decoder, encoder) }

    /// `learning rate 0.004, 0.1 of it for the encoder,`.
    public var description: String {
        "learning rate \(decoder)" + (encoder == 1 ? "" : ", \(encoder) of it for the encoder,")
    }
}
