import Foundation
import Segmentation
import Volumes

/// The message with which a server lets sites on other machines participate as they would in one process.
public struct FederatedJob: Codable, Equatable, Sendable {
    /// The name of the run on the server, to which the state that a site keeps between rounds belongs, even after a
    /// server restart.
    public let run: String
    /// The settings of a pre-training run, without those that concern only the server.
    public private(set) var pretraining: PretrainingSettings?
    /// The settings of a fine-tuning run, without those that concern only the server.
    public private(set) var segmentation: FederatedFineTuningSettings?

    /// Creates a pre-training job.
    public init(run: String, _ settings: PretrainingSettings) {
        self.run = run
        pretraining = settings
        pretraining?.data = Self.elsewhere
        // This is a path on the server's machine.
        pretraining?.splitFile = nil
    }

    /// Creates a fine-tuning job.
    public init(run: String, _ settings: FederatedFineTuningSettings) {
        self.run = run
        segmentation = settings
        // This is a path on the server's machine.
        segmentation?.start = "random"
    }

    /// The Flower app of these jobs, `publisher/name`.
    public static let app = "federated-contrastive/federated-contrastive"

    /// The placeholder for the folder of patients: each site has its own.
    public static let elsewhere = "at the sites"

    /// The job as transmitted text.
    public var text: String {
        get throws { String(decoding: try JSON.encoded(self).dropLast(), as: UTF8.self) }
    }

    /// Decodes the job in a text from a server.
    ///
    /// - Throws: `RunError` if it is not a job that this version supports.
    public init(_ text: String) throws(RunError) {
        do { self = try JSONDecoder().decode(FederatedJob.self, from: Data(text.utf8)) } catch {
            throw .data("the server's job is not known here; do both run the same version of this package?")
        }
        guard !run.isEmpty, run.utf8.count <= 100,
            run.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else {
            throw .data(
                "the server's job has the name '\(run.prefix(100))'; letters, digits and hyphens are expected.")
        }
        guard pretraining?.splitFile == nil else { throw .data("the server's job names a file; it may name none.") }
        try pretraining?.validate()
        try segmentation?.validate()
        guard (pretraining == nil) != (segmentation == nil) else {
            throw .data("the server's job is neither pre-training nor segmentation, or both.")
        }
    }
}

/// The settings that determine federated fine-tuning across machines.
public struct FederatedFineTuningSettings: RunSettings {
    /// The initial weights: `random`, the folder of a pre-training run, or a file on the server.
    public var start = ""
    /// The number of sites.
    public var clients = 10
    /// The minimum number of sites in a round; by default, all of them.
    public var quorum: Int?
    /// The training recipe.
    public var plan = FineTuningPlan()
    /// The way in which the trained model labels images.
    public var inference = Inference(testTimeViews: true, cleanUp: true)
    /// The number of annotated patients that each site trains on, the first of its training part in `fold`; by
    /// default, all patients.
    public var annotated: Int?
    /// The fold of a site's patients that is held out for validation if `annotated` is given.
    public var fold = 0
    /// The names of the classes, the background first, which must be those of the data.
    public var classes = ACDC.classNames
    /// The number of channels of an image, which must be that of the data.
    public var channels = 1
    /// The number of channels of the first level.
    public var width = 16
    /// The number of rows and columns of a slice.
    public var size = 144
    /// The pixel spacing, in mm.
    public var spacing = 1.5
    /// The seed of decoder, order, and views.
    public var seed: UInt64 = 1
    /// The seed of the division into folds, and of the division among sites that share a folder.
    public var splitSeed: UInt64 = 1

    /// The number of folds into which a site's patients are divided.
    public static let foldCount = 5

    /// Creates the default settings.
    public init() {}

    /// Checks every setting.
    ///
    /// - Throws: `RunError` that names the first setting that is out of range.
    public func validate() throws(RunError) {
        if start.isEmpty {
            throw .conflict("--init is missing: 'random', the folder of a pre-training run, or a file.")
        }
        try check("clients", clients, (1...1000).contains(clients), "a number from 1 to 1000")
        try check(
            "quorum", quorum ?? 1, (1...clients).contains(quorum ?? 1),
            "a number from 1 to the number of sites, \(clients),")
        try check("annotated", annotated ?? 1, (annotated ?? 1) > 0, "a positive number")
        try check(
            "fold", fold, (0..<Self.foldCount).contains(fold), "a number from 0 to \(Self.foldCount - 1)")
        try plan.validate()
        let fewest = plan.aggregation.aggregator().minimumUpdates
        try check(
            "aggregation", plan.aggregation, (quorum ?? clients) >= fewest,
            "with \(quorum ?? clients) sites in a round, a rule that does not need \(fewest),")
        try check(
            "classes", classes.joined(separator: ","),
            (2...255).contains(classes.count) && Set(classes).count == classes.count
                && classes.allSatisfy { !$0.isEmpty && $0.utf8.count <= 100 && !$0.contains(where: \.isNewline) },
            "2 to 255 different names, the background first,")
        try PretrainingSettings.checkChannels(channels)
        try check("width", width, (1...256).contains(width), "a number from 1 to 256")
        try PretrainingSettings.checkImages(size: size, spacing: spacing)
    }

    /// The preprocessing of images.
    public var preprocessing: Preprocessing { Preprocessing(spacing: spacing, size: size) }

    /// Returns the initial model at the server, whose shape equals that at the sites.
    ///
    /// - Throws: `RunError` or `WeightsError` if the initial weights do not fit.
    public func model(startingAt start: InitialWeights) throws -> SegmentationModel {
        var model = try start.model(
            channels: channels, width: width, preprocessing: preprocessing, classes: classes, seed: seed)
        model.inference = inference
        if model.cardiacLabels == nil { model.inference.cleanUp = false }
        return model
    }
}
