import Tensor
import Volumes

/// Everything that determines a federated fine-tuning across machines.
package struct SegmentationSettings: RunSettings {
    /// Where training begins: `random`, the folder of a pre-training run, or a file. The server's own business.
    package var start = ""
    /// How many sites take part.
    package var clients = 10
    /// The fewest sites with which a round counts; all of them if absent.
    package var quorum: Int?
    /// How networks are trained.
    package var plan = FineTuning()
    /// Annotated patients that each site learns from, the first of its training part in `fold`; all patients if absent.
    package var annotated: Int?
    /// Which fifth of a site's patients is left out for validation where `annotated` is given.
    package var fold = 0
    /// Channels of the first level.
    package var width = 16
    /// Rows and columns of a slice.
    package var size = 192
    /// Distance between pixels, in mm.
    package var spacing = 1.37
    /// The seed of decoder, order and views.
    package var seed: UInt64 = 1
    /// The seed of the division into folds, and among sites that share a folder.
    package var splitSeed: UInt64 = 1

    package static let optionalKeys: Set<String> = ["annotated", "quorum"]
    /// The parts that a site's patients are divided into.
    package static let foldCount = 5

    package init() {}

    package func validate() throws(Failure) {
        try check(!start.isEmpty, "--init is missing: 'random', the folder of a pre-training run, or a file.")
        try check((1...1000).contains(clients), "--sites \(clients): a number from 1 to 1000 is expected.")
        try check(
            quorum.map { (1...clients).contains($0) } ?? true,
            "--quorum \(quorum ?? 0): a number from 1 to the number of sites, \(clients), is expected.")
        try check(annotated.map { $0 > 0 } ?? true, "--annotated \(annotated ?? 0): a positive number is expected.")
        try check(
            (0..<Self.foldCount).contains(fold), "--fold \(fold): a number from 0 to \(Self.foldCount - 1) is expected."
        )
        try plan.validate()
        try check((1...256).contains(width), "--width \(width): a number from 1 to 256 is expected.")
        try check(
            (16...1024).contains(size) && size % 16 == 0,
            "--size \(size): a multiple of 16 from 16 to 1024 is expected.")
        try check(
            spacing.isFinite && (0.1...20).contains(spacing), "--spacing \(spacing): 0.1 to 20 mm are expected.")
    }

    /// How images are prepared.
    package var preprocessing: Preprocessing { Preprocessing(spacing: spacing, size: size) }

    /// The model that training begins with at the server, and the shape of it at the sites.
    package func model(startingAt start: Start) throws -> SegmentationModel {
        try start.model(width: width, preprocessing: preprocessing, classes: ACDC.classNames, seed: seed)
    }
}
