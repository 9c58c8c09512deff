import Foundation
import Testing
import Volumes

@testable import FederatedContrastive

@Suite struct PairedComparisonTests {
    private func result(_ start: String, _ dice: [Double?], fold: Int = 0, seed: UInt64 = 1) -> TrialResult {
        let cases = dice.enumerated().map { number, dice in
            TrialResult.CaseScore(patient: "p\(number)", frame: "ED", structures: ["ring": score(dice)])
        }
        let trial = Trial(
            start: start, mode: .federated, annotated: 1, fold: fold, seed: seed,
            rates: LearningRates(decoder: 1, encoder: 1))
        return TrialResult(trial: trial, cases: cases, seconds: 0)
    }

    /// A score as it stands in a file of results.
    private func score(_ dice: Double?) -> StructureScore {
        let json = """
            {"dice": \(dice.map { "\($0)" } ?? "null"), "iou": null, "hd95": null, "assd": null, "truePositives": 0,
            "falsePositives": 0, "falseNegatives": 0, "trueNegatives": 0, "predictedVolume": 0, "referenceVolume": 0}
            """
        guard let score = try? JSONDecoder().decode(StructureScore.self, from: Data(json.utf8)) else {
            preconditionFailure("no score in \(json)")
        }
        return score
    }

    private func compare(_ results: [TrialResult]) -> PairedComparison? {
        PairedComparison(of: "a", with: "b", mode: .federated, annotated: 1, in: results)
    }

    @Test func equalScoresDifferByNothing() throws {
        let dice: [Double?] = [0.5, 0.7, 0.9]
        let comparison = try #require(compare([result("a", dice), result("b", dice)]))
        #expect(comparison.meanDifference == 0 && comparison.p == 1 && comparison.patients == 3)
    }

    /// Of 2^10 signs, two give a sum as large as ten equal differences.
    @Test func tenEqualDifferencesAreSignificant() throws {
        let (a, b) = (Array(repeating: 0.8, count: 10), Array(repeating: 0.7, count: 10))
        let comparison = try #require(compare([result("a", a), result("b", b)]))
        #expect(abs(comparison.meanDifference - 0.1) < 1e-12)
        #expect(comparison.p == 2.0 / 1024)
    }

    /// One patient says nothing: both signs are as far from 0.
    @Test func onePatientProvesNothing() throws {
        #expect(try #require(compare([result("a", [0.9]), result("b", [0.1])])).p == 1)
    }

    @Test func patientsWithoutAScoreAreLeftOutAndSeedsAreAveraged() throws {
        let comparison = try #require(
            compare([
                result("a", [0.4, nil, 0.5]), result("a", [0.6, nil, 0.5], seed: 2), result("b", [0.3, 0.2, nil]),
            ]))
        #expect(comparison.patients == 1)
        #expect(abs(comparison.meanDifference - 0.2) < 1e-12)
    }

    /// More than 13 differences are tested by random signs: of 2^14 signs, two are as extreme.
    @Test func manyDifferencesAreTestedBySamples() throws {
        let (a, b) = (Array(repeating: 0.8, count: 14), Array(repeating: 0.7, count: 14))
        let comparison = try #require(compare([result("a", a), result("b", b)]))
        #expect(comparison.p >= 1.0 / 10_000 && comparison.p < 0.001)
    }

    /// Five folds cannot have less than 1/16, however many patients agree; a model without a partner is left out.
    @Test func modelsArePairedByFoldAndSeed() throws {
        var results = (0..<5).flatMap { fold in
            [result("a", [0.8, 0.6], fold: fold), result("b", [0.7, 0.5], fold: fold)]
        }
        results.append(result("a", [0.1, 0.1], fold: 0, seed: 2))
        let comparison = try #require(compare(results.shuffled()))
        #expect(comparison.models == 5 && comparison.modelsAhead == 5 && comparison.modelP == 2.0 / 32)
        let signs = PairedComparison.randomizationTest([0.3, -0.1, 0.2])
        #expect(signs == 4.0 / 8, "0.4 or more: ±(0.3 + 0.2 ∓ 0.1)")
    }

    @Test func startsWithoutACommonPatientAreNotCompared() {
        #expect(compare([result("a", [0.4, nil]), result("b", [nil, 0.4])]) == nil)
        #expect(compare([result("a", [0.4])]) == nil)
    }
}
