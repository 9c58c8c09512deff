import Foundation
import Tensor
import Testing

@testable import Volumes

@Suite struct StructureScoreTests {
    private let extent = Volume.Extent(x: 12, y: 10, slices: 6)
    private let spacing = Volume.Spacing(x: 1.5, y: 2, slice: 8)

    /// A label map that is `label` where the condition holds.
    private func map(label: Float = 1, where holds: (Int, Int, Int) -> Bool = { _, _, _ in false }) -> Volume {
        var voxels: [Float] = []
        for k in 0..<extent.slices {
            for y in 0..<extent.y {
                for x in 0..<extent.x { voxels.append(holds(x, y, k) ? label : 0) }
            }
        }
        return Volume(extent: extent, spacing: spacing, voxels: voxels)
    }

    @Test("two boxes, one moved along x")
    func movedBox() throws {
        let a = map { x, y, k in (2..<6).contains(x) && (2..<8).contains(y) && (1..<5).contains(k) }
        let b = map { x, y, k in (4..<8).contains(x) && (2..<8).contains(y) && (1..<5).contains(k) }
        let score = StructureScore.compare(prediction: a, reference: b, label: 1)
        #expect(score.truePositives == 48 && score.falsePositives == 48 && score.falseNegatives == 48)
        #expect(score.trueNegatives == 720 - 144)
        #expect(score.dice == 0.5 && score.iou == 1.0 / 3)
        #expect(score.predictedVolume == 96 * 0.024 && score.referenceVolume == 96 * 0.024)
        // The left face is two voxels of 1.5 mm from the other box, and a quarter of the surface or less is as far.
        #expect(score.hd95 == 3)
        let assd = try #require(score.assd)
        #expect(assd > 0.5 && assd < 3)
    }

    @Test("two voxels, in mm")
    func singleVoxels() {
        let a = map { x, y, k in (x, y, k) == (1, 1, 1) }
        let b = map { x, y, k in (x, y, k) == (5, 5, 2) }
        let score = StructureScore.compare(prediction: a, reference: b, label: 1)
        let distance = (6.0 * 6 + 8 * 8 + 8 * 8).squareRoot()
        #expect(score.dice == 0 && score.iou == 0 && score.hd95 == distance && score.assd == distance)
    }

    @Test("HD95 interpolates between ranks, and takes the larger direction")
    func percentile() {
        // Distances from the row of voxels to the single one are 0, 1.5, …, 9; the 95th percentile is at rank 5.7.
        let row = map { x, y, k in (2...8).contains(x) && y == 4 && k == 3 }
        let voxel = map { x, y, k in x == 2 && y == 4 && k == 3 }
        for (a, b) in [(row, voxel), (voxel, row)] {
            let score = StructureScore.compare(prediction: a, reference: b, label: 1)
            #expect(abs(score.hd95! - 5.7 * 1.5) < 1e-12)
            #expect(abs(score.assd! - 1.5 * 21 / 8) < 1e-12)
        }
    }

    @Test("a structure equal to itself is perfect, whatever its form")
    func identity() {
        var generator = SeededGenerator(seed: 3)
        for share: Float in [0.01, 0.3, 0.99, 1] {
            let a = map(label: 3) { _, _, _ in generator.uniform() < share }
            let score = StructureScore.compare(prediction: a, reference: a, label: 3)
            #expect(score.dice == 1 && score.iou == 1 && score.hd95 == 0 && score.assd == 0)
        }
    }

    @Test("exchanging the maps exchanges errors and leaves scores")
    func symmetry() throws {
        var generator = SeededGenerator(seed: 4)
        for share: Float in [0.01, 0.1, 0.6] {
            let a = map { _, _, _ in generator.uniform() < share }
            let b = map { _, _, _ in generator.uniform() < share }
            let (one, two) = (
                StructureScore.compare(prediction: a, reference: b, label: 1),
                StructureScore.compare(prediction: b, reference: a, label: 1)
            )
            #expect(one.dice == two.dice && one.iou == two.iou && one.hd95 == two.hd95)
            #expect(abs(one.assd! - two.assd!) < 1e-12)
            #expect(one.falsePositives == two.falseNegatives && one.falseNegatives == two.falsePositives)
        }
    }

    @Test("the surface is the mask without its erosion by a cross, in pairs of distances")
    func oracle() throws {
        var generator = SeededGenerator(seed: 5)
        let maps = (0..<2).map { _ in map { _, _, _ in generator.uniform() < 0.85 } }
        func surface(_ map: Volume) -> [SIMD3<Double>] {
            func isInside(_ x: Int, _ y: Int, _ k: Int) -> Bool {
                0..<extent.x ~= x && 0..<extent.y ~= y && 0..<extent.slices ~= k
                    && map.voxels[(k * extent.y + y) * extent.x + x] == 1
            }
            var places: [SIMD3<Double>] = []
            for k in 0..<extent.slices {
                for y in 0..<extent.y {
                    for x in 0..<extent.x where isInside(x, y, k) {
                        let isInner =
                            isInside(x - 1, y, k) && isInside(x + 1, y, k) && isInside(x, y - 1, k)
                            && isInside(x, y + 1, k) && isInside(x, y, k - 1) && isInside(x, y, k + 1)
                        if !isInner { places.append(SIMD3(Double(x) * 1.5, Double(y) * 2, Double(k) * 8)) }
                    }
                }
            }
            return places
        }
        func distances(_ a: [SIMD3<Double>], _ b: [SIMD3<Double>]) -> [Double] {
            a.map { one in b.map { (($0 - one) * ($0 - one)).sum() }.min()!.squareRoot() }
        }
        let (a, b) = (surface(maps[0]), surface(maps[1]))
        let all = distances(a, b) + distances(b, a)
        let score = StructureScore.compare(prediction: maps[0], reference: maps[1], label: 1)
        #expect(abs(score.assd! - all.reduce(0, +) / Double(all.count)) < 1e-12)
    }

    @Test("an empty structure is nil, or 0 without distances")
    func emptyStructures() {
        let (none, one) = (map(), map { x, _, _ in x == 3 })
        let both = StructureScore.compare(prediction: none, reference: none, label: 1)
        #expect(both.dice == nil && both.iou == nil && both.hd95 == nil && both.assd == nil)
        #expect(both.trueNegatives == 720 && both.predictedVolume == 0)
        for (a, b) in [(none, one), (one, none)] {
            let score = StructureScore.compare(prediction: a, reference: b, label: 1)
            #expect(score.dice == 0 && score.iou == 0 && score.hd95 == nil && score.assd == nil)
        }
        // Other labels, and what is no number, are not the label.
        var odd = one
        odd.voxels[0] = .nan
        #expect(StructureScore.compare(prediction: odd, reference: one, label: 2).dice == nil)
        #expect(StructureScore.compare(prediction: odd, reference: one, label: 1).dice == 1)
    }

    @Test("JSON has every key, and null for what does not exist")
    func json() throws {
        let score = StructureScore.compare(prediction: map(), reference: map { x, _, _ in x == 0 }, label: 1)
        let data = try JSONEncoder().encode(score)
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["hd95"] is NSNull && object["assd"] is NSNull && object["dice"] as? Double == 0)
        #expect(object.count == 10)
        #expect(try JSONDecoder().decode(StructureScore.self, from: data) == score)
    }
}
