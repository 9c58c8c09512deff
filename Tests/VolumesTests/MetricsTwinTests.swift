import Foundation
import Testing
import Volumes

/// Scores against those of MONAI, in the fixture that `Fixtures/make_metrics.py` writes.
@Suite struct MetricsTwinTests {
    struct Case: Decodable {
        let name: String
        let extent: [Int]
        let spacing: [Double]
        let prediction: [Int]
        let reference: [Int]
        let dice: Double?
        let iou: Double?
        let hd95: Double?
        let assd: Double?

        /// A label map from run lengths: outside, inside, outside …
        func volume(_ runs: [Int], label: Float) -> Volume {
            var voxels: [Float] = []
            for (index, length) in runs.enumerated() {
                voxels += repeatElement(index % 2 == 0 ? 0 : label, count: length)
            }
            return Volume(
                extent: .init(x: extent[0], y: extent[1], slices: extent[2]),
                spacing: .init(x: spacing[0], y: spacing[1], slice: spacing[2]), voxels: voxels)
        }
    }

    private func cases() throws -> [Case] {
        let url = try #require(Bundle.module.url(forResource: "Fixtures/metrics", withExtension: "json"))
        return try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
    }

    /// Whether both are missing, or both are there and closer than the tolerance.
    private func agree(_ a: Double?, _ b: Double?, _ tolerance: Double) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return abs(a - b) <= tolerance
    }

    @Test func everyScoreIsThatOfMONAI() throws {
        let cases = try cases()
        #expect(cases.count > 30)
        for (number, one) in cases.enumerated() {
            let label = 1 + number % 4
            let (prediction, reference) = (
                one.volume(one.prediction, label: Float(label)), one.volume(one.reference, label: Float(label))
            )
            let score = StructureScore.compare(prediction: prediction, reference: reference, label: label)
            #expect(agree(score.dice, one.dice, 1e-4), "\(one.name): Dice \(score.dice as Any), \(one.dice as Any)")
            #expect(agree(score.iou, one.iou, 1e-4), "\(one.name): IoU \(score.iou as Any), \(one.iou as Any)")
            #expect(agree(score.hd95, one.hd95, 1e-3), "\(one.name): HD95 \(score.hd95 as Any), \(one.hd95 as Any)")
            #expect(agree(score.assd, one.assd, 1e-3), "\(one.name): ASSD \(score.assd as Any), \(one.assd as Any)")
        }
    }
}
