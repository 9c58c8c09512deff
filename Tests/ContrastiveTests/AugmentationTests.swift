import Foundation
import Tensor
import Testing
import _TestSupport

@testable import Contrastive

@Suite struct AugmentationTests {
    private func images(_ shape: Tensor.Shape = [3, 12, 10, 1]) -> Tensor {
        var generator = SeededGenerator(seed: 1)
        return Tensor((0..<shape.count).map { _ in generator.uniform() }, shape: shape)
    }

    private func views(_ augmentation: Augmentation, _ images: Tensor, seed: UInt64 = 1) -> Tensor {
        var generator = SeededGenerator(seed: seed)
        return augmentation(images, using: &generator)
    }

    @Test func theIdentityKeepsTheBits() {
        let images = images()
        #expect(views(.identity, images).bits == images.bits)
        #expect(Augmentation.identity == Augmentation())
    }

    @Test(arguments: [Augmentation.weak, .standard, .strong])
    func hasTheSameBitsOnOneThreadAndOnMany(augmentation: Augmentation) {
        let images = images([5, 12, 10, 1])
        let one = Parallel.$threadLimit.withValue(1) { views(augmentation, images) }
        #expect(one.bits == views(augmentation, images).bits)
        #expect(one.isFinite)
        #expect(one.shape == images.shape)
    }

    @Test(arguments: [Augmentation.weak, .standard, .strong])
    func dependsOnTheSeedAndChangesEveryImage(augmentation: Augmentation) {
        let image = images([1, 12, 10, 1])
        let images = Tensor(image.elements + image.elements, shape: [2, 12, 10, 1])
        let view = views(augmentation, images)
        #expect(view == views(augmentation, images))
        #expect(view != views(augmentation, images, seed: 2))
        #expect(view.rows(0..<1) != view.rows(1..<2))
        #expect(view.rows(0..<1) != image && view.rows(1..<2) != image)
    }

    @Test func leavesTheGeneratorWhereTheBatchEnds() {
        // As many numbers as images, whatever is done with them: views of a run stay the same when settings change.
        var (weak, identity) = (SeededGenerator(seed: 1), SeededGenerator(seed: 1))
        _ = Augmentation.weak(images(), using: &weak)
        _ = Augmentation.identity(images(), using: &identity)
        #expect(weak == identity)
    }

    @Test func changesTheChannelsOfAnImageAlike() {
        var augmentation = Augmentation.standard
        augmentation.noise = 0
        let images = images()
        let doubled = Tensor(images.elements.flatMap { [$0, $0] }, shape: [3, 12, 10, 2])
        let expected = views(augmentation, images).elements.flatMap { [Double($0), Double($0)] }
        #expect(difference(views(augmentation, doubled), expected, relative: 1e-4, absolute: 1e-4) == nil)
    }

    @Test func saysWhatIsWrongWithItsSettings() throws {
        for sound in [Augmentation.identity, .weak, .standard, .strong] { #expect(sound.problem == nil) }
        let damages: [(String, (inout Augmentation) -> Void)] = [
            ("rotation", { $0.rotation = -1 }), ("translation", { $0.translation = .nan }),
            ("elasticity", { $0.elasticity = 3 }), ("blur", { $0.blur = .infinity }), ("noise", { $0.noise = -0.1 }),
            ("brightness", { $0.brightness = 2 }), ("scale", { $0.scale = 0...1 }), ("gamma", { $0.gamma = 0.01...1 }),
            ("contrast", { $0.contrast = 1...100 }), ("biasField", { $0.biasField = -1 }),
            ("elasticityChance", { $0.elasticityChance = 2 }), ("noiseChance", { $0.noiseChance = .nan }),
        ]
        for (name, damage) in damages {
            var damaged = Augmentation.standard
            damage(&damaged)
            #expect(try #require(damaged.problem).hasPrefix(name))
        }
    }

    @Test func isCodable() throws {
        let data = try JSONEncoder().encode(Augmentation.standard)
        #expect(try JSONDecoder().decode(Augmentation.self, from: data) == .standard)
    }

    @Test func changesTheChosenFractionOfTheViews() {
        var augmentation = Augmentation.strong
        augmentation.elasticityChance = 0.75
        var generator = SeededGenerator(seed: 8)
        let transforms = (0..<400).map { _ in
            augmentation.transform(height: 8, width: 8, using: SeededGenerator(seed: generator.next()))
        }
        func share(_ isChanged: (ImageTransform) -> Bool) -> Double { Double(transforms.count(where: isChanged)) / 400 }
        #expect(abs(share { $0.elastic != nil } - 0.75) < 0.07)
        #expect(abs(share { $0.hasLowResolution } - 0.2) < 0.07)
        #expect(abs(share { $0.blur > 0 } - 0.3) < 0.07)
        #expect(abs(share { $0.biasField != nil } - 0.3) < 0.07)
        #expect(abs(share { $0.noise > 0 } - 0.3) < 0.07)
        // Independent of each other: what is blurred is deformed no more often.
        #expect(abs(share { $0.elastic != nil && $0.blur > 0 } - 0.225) < 0.07)
    }

    @Test func drawsWithinItsSettings() {
        var augmentation = Augmentation()
        augmentation.rotation = 30
        augmentation.scale = 0.5...2
        augmentation.translation = 0.2
        augmentation.mirrors = true
        var generator = SeededGenerator(seed: 6)
        var (rowsMirrored, columnsMirrored, both, scales) = (0, 0, 0, [Float]())
        for _ in 0..<400 {
            let warp = augmentation.transform(
                height: 7, width: 5, using: SeededGenerator(seed: generator.next()))
            let (a, b, c, d) = warp.matrix
            let determinant = a * d - b * c
            // Turned by less than a right angle, an axis points backwards only when it is mirrored.
            if a < 0 { rowsMirrored += 1 }
            if d < 0 { columnsMirrored += 1 }
            if a < 0 && d < 0 { both += 1 }
            scales.append(1 / abs(determinant).squareRoot())
            // The angle by which the row axis is turned, whether mirrored or not.
            #expect(abs(atan(c / a)) <= 30.01 * .pi / 180)
            #expect(abs(warp.shift.row) <= 1.4 && abs(warp.shift.column) <= 1)
        }
        #expect((150...250).contains(rowsMirrored) && (150...250).contains(columnsMirrored))
        #expect((60...140).contains(both))
        #expect(scales.min()! >= 0.499 && scales.min()! < 0.6 && scales.max()! <= 2.001 && scales.max()! > 1.7)
        #expect((150...250).contains(scales.count { $0 < 1 }))
    }
}
