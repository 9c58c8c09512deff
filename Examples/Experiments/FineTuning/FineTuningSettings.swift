import Foundation

/// What every fine-tuning program is told: which starts are compared, on what, and how networks are trained.
package struct FineTuningSettings: Codable, Equatable, Sendable {
    /// The folder of patients.
    package var data = ""
    /// The starts that are compared: `random`, folders of pre-training runs, or files.
    package var starts: [String] = []
    /// Annotated patients (of each client), N; one column of the table each.
    package var annotated = [1, 2, 4, 8]
    /// The folds that are run, from 0.
    package var folds = [0]
    /// The number of folds the patients (of each client) are divided into.
    package var foldCount = 5
    /// Seeds of decoder, order and views.
    package var seeds: [UInt64] = [1]
    /// Learning rates; with several, the best one is chosen for each start on patients that no table sees.
    package var learningRates: [Float] = [4e-3]
    /// Rates of the encoder as fractions of those; with several, the best one is chosen likewise.
    package var encoderRates: [Float] = [1]
    /// All else about training.
    package var plan = FineTuning()
    /// Channels of the first level; that of the encoder, or 16, if absent.
    package var width: Int?
    /// Rows and columns of a slice; those of the encoder's images, or 192, if absent.
    package var size: Int?
    /// Distance between pixels in mm; that of the encoder's images, or 1.37, if absent.
    package var spacing: Double?

    package init() {}

    /// Refuses what no run can be made of, naming the option and its range.
    package func validate() throws(Failure) {
        try check(!data.isEmpty, "--data is missing: the folder of patients, such as …/training.")
        try check(
            !starts.isEmpty,
            "--init is missing: 'random', the folder of a pre-training run, or its encoder.safetensors.")
        try check(
            !annotated.isEmpty && annotated.allSatisfy { $0 > 0 } && Set(annotated).count == annotated.count,
            "--annotated \(list(annotated)): different positive numbers are expected, such as 1,2,4,8.")
        try check((2...100).contains(foldCount), "--fold-count \(foldCount): a number from 2 to 100 is expected.")
        try check(
            !folds.isEmpty && folds.allSatisfy { (0..<foldCount).contains($0) } && Set(folds).count == folds.count,
            "--folds \(list(folds)): different numbers from 0 to \(foldCount - 1) are expected, such as 0-\(foldCount - 1)."
        )
        try check(
            !seeds.isEmpty && Set(seeds).count == seeds.count,
            "--seeds \(list(seeds)): different numbers are expected, such as 1,2,3.")
        try check(
            !learningRates.isEmpty && learningRates.allSatisfy { $0.isFinite && $0 > 0 },
            "--learning-rate \(list(learningRates)): positive numbers are expected, such as 1e-3,4e-3.")
        try check(
            !encoderRates.isEmpty && encoderRates.allSatisfy { (0...1).contains($0) },
            "--encoder-rate \(list(encoderRates)): fractions from 0 to 1 are expected, such as 0.1,1.")
        try plan.validate()
        try check(
            width.map { (1...256).contains($0) } ?? true, "--width \(width ?? 0): a number from 1 to 256 is expected.")
        try check(
            size.map { (16...1024).contains($0) && $0 % 16 == 0 } ?? true,
            "--size \(size ?? 0): a multiple of 16 from 16 to 1024 is expected.")
        try check(
            spacing.map { $0.isFinite && (0.1...20).contains($0) } ?? true,
            "--spacing \(spacing ?? 0): 0.1 to 20 mm are expected.")
    }

    private func list(_ values: [some CustomStringConvertible]) -> String {
        values.map(\.description).joined(separator: ",")
    }
}
