import Foundation
import Tensor
import Volumes

/// The labels of an image with what is uncertain about them.
public struct DetailedSegmentation: Sendable {
    /// The labels, on the native grid of the image.
    public let labels: Volume
    /// The labels by each model of an ensemble alone; for a single model, its labels.
    public let memberLabels: [Volume]
    /// The entropy of the mean probabilities of every voxel, as a fraction of the largest possible one: 0 where one class is
    /// certain, 1 where all are equally probable, 0 outside the network's square.
    public let uncertainty: Volume
}

extension SegmentationModel {
    /// The models of an ensemble, each alone; the model itself if it is none.
    public var members: [SegmentationModel] {
        ([parameters] + others).map { weights in
            var member = self
            (member.parameters, member.others) = (weights, [])
            return member
        }
    }

    /// Returns the labels of a prepared image with those of each member of the ensemble, and the uncertainty of every
    /// voxel.
    ///
    /// The uncertainty is that of the model, which does not know what it has never seen: an image of another kind can get
    /// wrong labels of low uncertainty.
    public func detailed(_ volume: PreparedVolume) -> DetailedSegmentation {
        // What decides of each member: its class scores, or its mean probabilities over several views.
        let evidence = members.map { $0.evidence(of: volume) }
        let probabilities = inference.testTimeViews ? evidence : evidence.map(normalized)
        var mean = probabilities[0]
        for other in probabilities.dropFirst() { for i in mean.indices { mean[i] += other[i] } }
        let share = 1 / Float(probabilities.count)
        if probabilities.count > 1 { for i in mean.indices { mean[i] *= share } }
        func labels(_ evidence: [Float]) -> Volume {
            let labels = volume.restored(scores: evidence, classes: classes.count)
            return cleanUp?(labels) ?? labels
        }
        let memberLabels = evidence.map(labels)
        return DetailedSegmentation(
            labels: memberLabels.count == 1 ? memberLabels[0] : labels(mean), memberLabels: memberLabels,
            uncertainty: volume.restored(values: entropies(mean)))
    }

    /// Returns the entropy of each pixel's probabilities as a fraction of the largest possible one.
    private func entropies(_ probabilities: [Float]) -> [Float] {
        let count = classes.count
        let largest = log(Float(count))
        return (0..<probabilities.count / count).map { pixel in
            // Near the edge, views that do not show a pixel leave less than 1.
            let own = probabilities[pixel * count..<(pixel + 1) * count]
            let sum = own.reduce(0, +)
            guard sum > 0 else { return 0 }
            let entropy = own.reduce(Float(0)) { total, value in
                let probability = value / sum
                return probability > 0 ? total - probability * log(probability) : total
            }
            return min(max(entropy / largest, 0), 1)
        }
    }
}
