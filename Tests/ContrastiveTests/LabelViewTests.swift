import Contrastive
import Tensor
import Testing
import _TestSupport

@Suite struct LabelViewTests {
    private let height = 24, width = 20

    /// A ring of 2 around a disc of 1, a little off the centre.
    private var labels: [UInt8] {
        (0..<height * width).map { place in
            let (row, column) = (place / width - 10, place % width - 11)
            let square = row * row + column * column
            return square < 16 ? 1 : square < 49 ? 2 : 0
        }
    }

    private func image(of labels: [UInt8], value: UInt8) -> Tensor {
        var image = Tensor(zeros: [1, height, width, 1])
        image.withMutableElements { for (i, label) in labels.enumerated() { $0[i] = label == value ? 1 : 0 } }
        return image
    }

    /// Only geometry, so that the image of a class shows where its pixels went.
    private var geometry: Augmentation {
        var geometry = Augmentation.standard
        (geometry.blur, geometry.brightness, geometry.noise) = (0, 0, 0)
        (geometry.contrast, geometry.gamma) = (1...1, 1...1)
        return geometry
    }

    @Test(arguments: 1...20)
    func labelsMoveWithTheImage(seed: UInt64) {
        for value: UInt8 in [1, 2] {
            var generator = SeededGenerator(seed: seed)
            var moved = labels
            let view = geometry(image(of: labels, value: value), labels: &moved, using: &generator)
            // Where all four neighbours of a source agree, the nearest one is among them.
            for (pixel, label) in zip(view.elements, moved) {
                if pixel > 0.9999 { #expect(label == value) }
                if pixel < 0.0001 { #expect(label != value) }
            }
            #expect(moved.contains(value))
        }
    }

    @Test func theImageIsTheSameWithLabelsAndWithout() {
        let images = Tensor(random: [3, height, width, 1], seed: 5)
        var (first, second) = (SeededGenerator(seed: 9), SeededGenerator(seed: 9))
        var moving = labels + labels + labels
        let with = Augmentation.standard(images, labels: &moving, using: &first)
        #expect(with.bits == Augmentation.standard(images, using: &second).bits)
        #expect(first.next() == second.next())
        #expect(Set(moving).isSubset(of: [0, 1, 2]))
    }

    @Test func theIdentityKeepsLabels() {
        var generator = SeededGenerator(seed: 1)
        var moving = labels
        _ = Augmentation.identity(image(of: labels, value: 1), labels: &moving, using: &generator)
        #expect(moving == labels)
    }
}
