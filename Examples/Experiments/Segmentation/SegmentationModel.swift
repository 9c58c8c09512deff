import Foundation
import Tensor
import UNet
import Volumes

/// A U-Net that labels 3-D images slice by slice, together with all it takes to use it on a new image: how images are
/// prepared, and what the classes are called.
package struct SegmentationModel: Sendable {
    package let network: UNet
    package let preprocessing: Preprocessing
    /// The names of the classes, the background first.
    package let classes: [String]
    package var parameters: Parameters

    /// A network with random weights.
    ///
    /// - Parameter generator: Determines the weights.
    package init(width: Int, preprocessing: Preprocessing, classes: [String], generator: SeededGenerator) {
        var builder = ParameterBuilder(generator: generator)
        network = UNet(UNet.Configuration(classes: classes.count, width: width), in: &builder)
        parameters = builder.parameters()
        (self.preprocessing, self.classes) = (preprocessing, classes)
    }

    /// Whether a slot of that name belongs to the encoder.
    static func isEncoder(_ name: String) -> Bool { name.hasPrefix("inc.") || name.hasPrefix("down") }

    /// The class scores of every pixel of a prepared image: `[slice, row, column, class]`.
    package func scores(of volume: PreparedVolume) -> [Float] {
        let (count, size) = (volume.sliceCount, volume.size)
        var scores: [Float] = []
        scores.reserveCapacity(count * size * size * classes.count)
        // A few slices at a time: more need more memory and are no faster.
        for start in stride(from: 0, to: count, by: 8) {
            let slices = start..<min(start + 8, count)
            let pixels = volume.pixels[slices.lowerBound * size * size..<slices.upperBound * size * size]
            let images = Tensor(Array(pixels), shape: [slices.count, size, size, 1])
            scores += evaluate(parameters) { network($0.constant(images)) }.elements
        }
        return scores
    }

    /// The labels of a prepared image on the native grid that it came from.
    package func labels(of volume: PreparedVolume) -> Volume {
        volume.restored(scores: scores(of: volume), classes: classes.count)
    }

    /// The labels of a prepared image on its own grid: `[slice, row, column]`.
    package func classMap(of volume: PreparedVolume) -> [UInt8] {
        let scores = scores(of: volume)
        return (0..<scores.count / classes.count).map { place in
            let own = place * classes.count..<(place + 1) * classes.count
            return UInt8(own.max { scores[$0] < scores[$1] }! - own.lowerBound)
        }
    }
}
