import Foundation
import Testing
import Volumes

@Suite struct ScoreSummaryTests {
    @Test("mean and deviation leave out what does not exist, and count it")
    func summary() {
        let summary = ScoreSummary([1, nil, 2, 3, nil, 4])
        #expect(summary.mean == 2.5 && summary.count == 4 && summary.excludedCount == 2)
        #expect(abs(summary.standardDeviation! - (5.0 / 3).squareRoot()) < 1e-15)
    }

    @Test("one value has no deviation, and none has no mean")
    func fewValues() {
        #expect(ScoreSummary([7]).mean == 7 && ScoreSummary([7]).standardDeviation == nil)
        for values in [[], [nil, nil]] as [[Double?]] {
            let summary = ScoreSummary(values)
            #expect(summary.mean == nil && summary.standardDeviation == nil)
            #expect(summary.count == 0 && summary.excludedCount == values.count)
        }
    }

    @Test("JSON has every key and comes back")
    func json() throws {
        for values in [[], [1], [1, nil, 4]] as [[Double?]] {
            let summary = ScoreSummary(values)
            let data = try JSONEncoder().encode(summary)
            let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect(Set(object.keys) == ["mean", "standardDeviation", "count", "excludedCount"])
            #expect(try JSONDecoder().decode(ScoreSummary.self, from: data) == summary)
        }
    }

    @Test("pooled overlap counts voxels and not cases")
    func pooled() throws {
        func score(_ hits: Int, _ extra: Int, _ missed: Int) -> StructureScore {
            let voxels = [(1, 1, hits), (1, 0, extra), (0, 1, missed), (0, 0, 1)]
            func map(_ values: [Float]) -> Volume {
                Volume(
                    extent: .init(x: values.count, y: 1, slices: 1), spacing: .init(x: 1, y: 1, slice: 1),
                    voxels: values)
            }
            return StructureScore.compare(
                prediction: map(voxels.flatMap { Array(repeating: Float($0.0), count: $0.2) }),
                reference: map(voxels.flatMap { Array(repeating: Float($0.1), count: $0.2) }), label: 1)
        }
        var pooled = PooledOverlap()
        #expect(pooled.dice == nil)
        pooled.add(score(0, 0, 0))
        #expect(pooled.dice == nil)
        pooled.add(score(90, 10, 10))
        pooled.add(score(0, 1, 1))
        #expect(pooled.truePositives == 90 && pooled.falsePositives == 11 && pooled.falseNegatives == 11)
        #expect(pooled.dice == 180.0 / 202)
        #expect(PooledOverlap([score(90, 10, 10), score(0, 1, 1)]) == pooled)
    }
}
