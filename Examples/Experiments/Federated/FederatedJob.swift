import Foundation

/// What a server tells the sites on other machines, so that they take part as they would in one process.
package struct FederatedJob: Codable, Equatable, Sendable {
    /// The run on the server; what a site keeps between rounds belongs to it, also when the server was restarted.
    package let run: String
    /// Pre-training, with what belongs to no site left empty.
    package private(set) var pretraining: PretrainingSettings?
    /// Fine-tuning for segmentation.
    package private(set) var segmentation: SegmentationSettings?

    /// A pre-training.
    package init(run: String, _ settings: PretrainingSettings) {
        self.run = run
        pretraining = settings
        pretraining?.data = Self.elsewhere
    }

    /// A fine-tuning.
    package init(run: String, _ settings: SegmentationSettings) {
        self.run = run
        segmentation = settings
        // A path of the server's machine.
        segmentation?.start = "random"
    }

    /// What Flower calls the app of these jobs: `publisher/name` of `Examples/FlowerClient/app`.
    package static let app = "federated-contrastive/federated-contrastive"

    /// In place of a folder of patients: each site has its own.
    package static let elsewhere = "at the sites"

    /// As it travels.
    package var text: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// The job in a text from a server.
    package init(_ text: String) throws(Failure) {
        do { self = try JSONDecoder().decode(FederatedJob.self, from: Data(text.utf8)) } catch {
            throw .badData("the server's job is not known here; do both run the same version of this package?")
        }
        guard !run.isEmpty, run.utf8.count <= 100,
            run.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
        else {
            throw .badData(
                "the server's job has the name '\(run.prefix(100))'; letters, digits and hyphens are expected.")
        }
        try pretraining?.validate()
        try segmentation?.validate()
        guard (pretraining == nil) != (segmentation == nil) else {
            throw .badData("the server's job is neither pre-training nor segmentation, or both.")
        }
    }
}
