import Volumes

/// A fine-tuning run: its initial weights, clients, number of annotated patients, and validation patients.
public struct Trial: Codable, Hashable, Sendable {
    /// The name of the initial weights.
    public var start: String
    /// The mode: each client alone, or all together.
    public var mode: Mode
    /// The number of annotated patients of each client, N.
    public var annotated: Int
    /// The fold, from 0.
    public var fold: Int
    /// The seed of the decoder's weights, the order of slices, and their views.
    public var seed: UInt64
    /// The client that trains alone, from 0; `nil` if all train together.
    public var client: Int?
    /// The learning rate of the decoder.
    public var learningRate: Float
    /// The learning rate of the encoder, as a fraction of `learningRate`.
    public var encoderRate: Float
    /// Whether the trial scores patients excluded from all tables, to choose the learning rate.
    public var isSearch = false
    /// Whether the trial trains on all patients, for use, and scores none.
    public var isFinal = false

    /// The modes of fine-tuning.
    public enum Mode: String, Codable, CaseIterable, Sendable {
        /// Each client alone.
        case local
        /// All clients together, with supervised federated averaging.
        case federated
    }

    /// Creates a trial.
    init(
        start: String, mode: Mode, annotated: Int, fold: Int, seed: UInt64, client: Int? = nil, rates: LearningRates
    ) {
        (self.start, self.mode, self.annotated, self.fold, self.seed) = (start, mode, annotated, fold, seed)
        (self.client, learningRate, encoderRate) = (client, rates.decoder, rates.encoder)
    }

    /// Returns the trial that scores these learning rates on patients excluded from all tables.
    func search(_ rates: LearningRates, seed: UInt64, client: Int?) -> Trial {
        var search = self
        (search.isSearch, search.seed, search.client) = (true, seed, client)
        (search.learningRate, search.encoderRate) = (rates.decoder, rates.encoder)
        return search
    }

    /// The trial that trains all clients on all their patients.
    var final: Trial {
        var final = self
        (final.isFinal, final.client) = (true, nil)
        return final
    }

    /// The name of the trial's folder.
    public var id: String {
        if isFinal { return "final-\(start)-seed\(seed)" }
        return (isSearch ? "search-\(learningRate)-\(encoderRate)-" : "")
            + "\(start)-\(mode.rawValue)-n\(annotated)-fold\(fold)-seed\(seed)"
            + (client.map { "-client\($0 + 1)" } ?? "")
    }

    /// The display name of the trial, such as `FCL federated N=1 fold 0 seed 1`.
    public var title: String {
        if isFinal { return "\(start) on all patients, seed \(seed)" }
        return "\(start) \(mode.rawValue) N=\(annotated) fold \(fold) seed \(seed)"
            + (client.map { " client \($0 + 1)" } ?? "")
            + (isSearch ? " rate \(learningRate), encoder \(encoderRate)" : "")
    }
}

/// The scores of a trial's model on held-out patients.
public struct TrialResult: Codable, Sendable {
    /// The trial.
    public let trial: Trial
    /// The scores of each image.
    public let cases: [CaseScore]
    /// The wall-clock time of training in seconds, excluding that of earlier processes.
    public let seconds: Double
    /// The scores in the course of the training; `nil` if there are none.
    public let curve: [CurvePoint]?

    /// Creates a result.
    public init(trial: Trial, cases: [CaseScore], seconds: Double, curve: [CurvePoint]? = nil) {
        (self.trial, self.cases, self.seconds, self.curve) = (trial, cases, seconds, curve)
    }

    /// The score after some rounds.
    public struct CurvePoint: Codable, Hashable, Sendable {
        /// The number of rounds.
        public let round: Int
        /// The weights that all clients received and sent in these rounds, in MB of 10⁶ bytes.
        public let megabytes: Double
        /// The mean Dice on the patients that are scored.
        public let dice: Double?

        /// Creates a point of a curve.
        public init(round: Int, megabytes: Double, dice: Double?) {
            (self.round, self.megabytes, self.dice) = (round, megabytes, dice)
        }
    }

    /// The scores of one image.
    public struct CaseScore: Codable, Sendable {
        /// The patient.
        public let patient: String
        /// The frame of the patient, such as `ED`; empty if there is only one.
        public let frame: String
        /// The scores by the name of the structure.
        public let structures: [String: StructureScore]

        /// Creates the scores of an image.
        public init(patient: String, frame: String, structures: [String: StructureScore]) {
            (self.patient, self.frame, self.structures) = (patient, frame, structures)
        }

        /// The mean Dice of the structures for which it is defined.
        public var dice: Double? {
            // In a fixed order, on which the last bit of the mean depends.
            ScoreSummary(structures.sorted { $0.key < $1.key }.map(\.value.dice)).mean
        }
    }

    /// The mean over structures of the mean Dice of the images for which it is defined, as in the paper's tables.
    public var dice: Double? { ScoreSummary(structures.map { ScoreSummary(scores(of: $0).map(\.dice)).mean }).mean }

    /// The names of the structures, sorted.
    public var structures: [String] { Set(cases.flatMap(\.structures.keys)).sorted() }

    /// Returns the scores of one structure in all images.
    public func scores(of structure: String) -> [StructureScore] { cases.compactMap { $0.structures[structure] } }

    /// The mean over structures of the Dice of the pooled pixels of all images.
    public var pooledDice: Double? { ScoreSummary(structures.map { PooledOverlap(scores(of: $0)).dice }).mean }
}

/// The learning rates of decoder and encoder.
public struct LearningRates: Hashable, Sendable, CustomStringConvertible {
    /// The learning rate of the decoder.
    public let decoder: Float
    /// The learning rate of the encoder, as a fraction of the decoder's.
    public let encoder: Float

    /// Creates a pair of learning rates.
    public init(decoder: Float, encoder: Float) { (self.decoder, self.encoder) = (decoder, encoder) }

    /// A text such as `learning rate 0.004, 0.1 of it for the encoder,`.
    public var description: String {
        "learning rate \(decoder)" + (encoder == 1 ? "" : ", \(encoder) of it for the encoder,")
    }
}
