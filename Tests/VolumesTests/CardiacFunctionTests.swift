import Foundation
import Testing
import Volumes

@Suite struct CardiacFunctionTests {
    /// A label map with that many voxels of labels 1, 2 and 3, each voxel of 0.5 ml.
    private func map(_ counts: [Int]) -> Volume {
        var voxels = counts.enumerated().flatMap { Array(repeating: Float($0 + 1), count: $1) }
        voxels += Array(repeating: 0, count: 600 - voxels.count)
        return Volume(extent: .init(x: 20, y: 30, slices: 1), spacing: .init(x: 5, y: 10, slice: 10), voxels: voxels)
    }

    @Test("volumes, ejection fraction and mass")
    func function() {
        let function = CardiacFunction(endDiastole: map([160, 100, 120]), endSystole: map([80, 110, 30]))
        #expect(function.leftVentricle.endDiastolicVolume == 60 && function.leftVentricle.endSystolicVolume == 15)
        #expect(function.leftVentricle.strokeVolume == 45 && function.leftVentricle.ejectionFraction == 75)
        #expect(function.rightVentricle.endDiastolicVolume == 80 && function.rightVentricle.ejectionFraction == 50)
        #expect(function.myocardialMass == 52.5)
    }

    @Test("an empty ventricle has no ejection fraction, and one that grows a negative one")
    func extremes() {
        let function = CardiacFunction(endDiastole: map([0, 0, 10]), endSystole: map([5, 0, 20]))
        #expect(function.rightVentricle.ejectionFraction == nil && function.rightVentricle.strokeVolume == -2.5)
        #expect(function.leftVentricle.ejectionFraction == -100)
        #expect(function.myocardialMass == 0)
    }

    @Test("each frame is measured by its own spacing")
    func spacing() {
        var systole = map([0, 0, 100])
        systole.spacing.slice = 5
        #expect(
            CardiacFunction(endDiastole: map([0, 0, 100]), endSystole: systole).leftVentricle.ejectionFraction == 50)
    }

    @Test("JSON has every key and comes back")
    func json() throws {
        let function = CardiacFunction(endDiastole: map([0, 3, 10]), endSystole: map([5, 0, 20]))
        let data = try JSONEncoder().encode(function)
        let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        let right = try #require(object["rightVentricle"] as? [String: Any])
        #expect(right.count == 4 && right["ejectionFraction"] is NSNull)
        #expect(try JSONDecoder().decode(CardiacFunction.self, from: data) == function)
    }
}
