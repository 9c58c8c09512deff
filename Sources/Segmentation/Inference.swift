import Foundation
import Tensor
import Volumes

/// The way in which a model labels an image, which is chosen with its training and stored in its file.
public struct Inference: Hashable, Sendable, Codable {
    /// Whether the probabilities are the mean over several views of the image: unchanged, turned by 12° to either side,
    /// reduced and enlarged by a tenth, and brightened by the power 0.8. Takes six times as long.
    public var testTimeViews = false
    /// Whether what no heart has is removed from the labels (`CardiacCleanUp`); only for the classes of `CardiacLabels`.
    public var cleanUp = false

    /// Creates the plain way: one view, labels as they are.
    public init() {}

    /// Creates a way of labeling.
    ///
    /// - Parameters:
    ///   - testTimeViews: Whether the probabilities are the mean over several views.
    ///   - cleanUp: Whether what no heart has is removed from the labels.
    public init(testTimeViews: Bool, cleanUp: Bool) {
        (self.testTimeViews, self.cleanUp) = (testTimeViews, cleanUp)
    }
}

extension SegmentationModel {
    /// Returns the mean class probabilities over all models of the ensemble and, with test-time views, over several views
    /// of an image, each mapped back to its grid: `[slice, row, column, class]`.
    ///
    /// Where a view does not show a pixel, its probabilities are 0; they sum to less than 1 there.
    func meanProbabilities(of volume: PreparedVolume) -> [Float] {
        let (count, size) = (volume.sliceCount, volume.size)
        let views = inference.testTimeViews ? View.all : [View()]
        let models = [parameters] + others
        let weight = 1 / Float(views.count * models.count)
        var mean: [Float] = []
        mean.reserveCapacity(count * size * size * classes.count)
        for slices in volume.batches {
            let images = volume.images(slices)
            var sum = Tensor(zeros: [slices.count, size, size, classes.count])
            for view in views {
                let shown = images.transformed(by: .init(repeating: view.transform, count: slices.count))
                for parameters in models {
                    let probabilities = evaluate(parameters) { softmax(network($0.constant(shown))) }
                    let restored = probabilities.transformed(by: .init(repeating: view.inverse, count: slices.count))
                    sum.add(restored, scaledBy: weight)
                }
            }
            mean += sum.elements
        }
        return mean
    }

    /// A view of an image: its rotation in degrees, its magnification, and the power of its intensities.
    private struct View {
        var rotation: Float = 0
        var scale: Float = 1
        var gamma: Float = 1

        static let all = [
            View(), View(rotation: 12), View(rotation: -12), View(scale: 0.9), View(scale: 1.1), View(gamma: 0.8),
        ]

        /// The transform of the image.
        var transform: ImageTransform {
            var transform = map(rotation: rotation, scale: scale)
            transform.gamma = gamma
            return transform
        }

        /// The transform that brings the probabilities back.
        var inverse: ImageTransform { map(rotation: -rotation, scale: 1 / scale) }

        private func map(rotation: Float, scale: Float) -> ImageTransform {
            var transform = ImageTransform()
            let angle = rotation * .pi / 180
            // A turn by nothing is exactly the identity.
            let (cosine, sine) = rotation == 0 ? (1, 0) : (cos(angle), sin(angle))
            transform.matrix = (cosine / scale, -sine / scale, sine / scale, cosine / scale)
            return transform
        }
    }
}

extension PreparedVolume {
    /// The slices, a few at a time: larger batches need more memory and are no faster.
    var batches: [Range<Int>] {
        stride(from: 0, to: sliceCount, by: 8).map { $0..<min($0 + 8, sliceCount) }
    }

    /// Returns some slices as images: `[slices.count, size, size, channels]`.
    func images(_ slices: Range<Int>) -> Tensor {
        let count = size * size * channelCount
        return Tensor(
            pixels[slices.lowerBound * count..<slices.upperBound * count],
            shape: [slices.count, size, size, channelCount])
    }
}
