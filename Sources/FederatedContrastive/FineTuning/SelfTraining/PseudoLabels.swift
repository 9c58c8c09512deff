import Segmentation
import Tensor
import UNet
import Volumes

/// The labels that a teacher gives to unlabeled images, and the slices whose labels are good enough to learn from.
struct PseudoLabels: Sendable {
    /// The label of each pixel of every image, `SegmentationLoss.unlabelled` where the teacher is unsure.
    let labels: [[UInt8]]
    /// The slices to learn from.
    let slices: [Slice]
    /// The mean probability of the class of all pixels that are not background.
    let confidence: Double
    /// The mean volume of all classes but the background in an image, in ml.
    let volume: Double

    /// A slice of an unlabeled image.
    struct Slice: Hashable, Sendable {
        let volume: Int
        let index: Int
        /// The position along the image's slice axis, 0 … 1.
        let position: Double
    }

}

extension PseudoLabels {
    /// Labels images with a model.
    init(of volumes: [PreparedVolume], by teacher: SegmentationModel) async throws {
        let images = try await Parallel.map(volumes.count, workers: Parallel.threadCount) { index in
            try Task.checkCancellation()
            return Labelled(volumes[index], by: teacher)
        }
        labels = images.map(\.labels)
        slices = images.enumerated().flatMap { volume, image in
            image.accepted.map { index in
                Slice(volume: volume, index: index, position: volumes[volume].position(ofSlice: index))
            }
        }
        let count = images.reduce(0) { $0 + $1.foregroundCount }
        confidence = images.reduce(0) { $0 + $1.foregroundConfidence } / Double(max(1, count))
        volume = images.reduce(0) { $0 + $1.volume } / Double(max(1, images.count))
    }

    /// Returns whether the labels can be those of hearts like the labeled ones, and the teacher is no less sure than
    /// before: a teacher that is wrong teaches its errors to the next one.
    ///
    /// - Parameters:
    ///   - previous: The labels of the last teacher that was accepted.
    ///   - volume: The mean volume of the heart in the site's labeled images, in ml.
    func arePlausible(after previous: PseudoLabels?, labelledVolume volume: Double) -> Bool {
        guard confidence.isFinite, !slices.isEmpty, volume > 0 else { return false }
        if let previous, confidence < previous.confidence - SelfTraining.confidenceLoss { return false }
        return SelfTraining.volumes.contains(self.volume / volume)
    }

    /// The labels of one image.
    private struct Labelled: Sendable {
        var labels: [UInt8]
        var accepted: [Int] = []
        var foregroundCount = 0
        var foregroundConfidence = 0.0
        var volume = 0.0

        init(_ image: PreparedVolume, by teacher: SegmentationModel) {
            let classes = teacher.classes.count, plane = image.size * image.size
            let probabilities = teacher.probabilities(of: image)
            var sureness = [Float](repeating: 0, count: image.grid.count)
            labels = [UInt8](repeating: 0, count: image.grid.count)
            for pixel in labels.indices {
                var best = 0
                for c in 1..<classes
                where probabilities[pixel * classes + c] > probabilities[pixel * classes + best] { best = c }
                (labels[pixel], sureness[pixel]) = (UInt8(best), probabilities[pixel * classes + best])
            }
            let heart = teacher.cardiacLabels
            let cleaned = heart.map { image.cleaned(labels, $0) } ?? labels
            for slice in 0..<image.sliceCount {
                var (unsure, foreground, left) = (0, 0, 0)
                for pixel in slice * plane..<(slice + 1) * plane {
                    let isForeground = cleaned[pixel] > 0
                    if isForeground {
                        foreground += 1
                        foregroundConfidence += Double(sureness[pixel])
                        if let heart, Int(cleaned[pixel]) == heart.leftVentricle { left += 1 }
                    }
                    // What the rules of anatomy changed is no matter of the teacher's confidence.
                    let isSure =
                        cleaned[pixel] != labels[pixel]
                        || sureness[pixel]
                            >= (isForeground ? SelfTraining.confidence.foreground : SelfTraining.confidence.background)
                    if !isSure, isForeground { unsure += 1 }
                    labels[pixel] = isSure ? cleaned[pixel] : SegmentationLoss.unlabelled
                }
                foregroundCount += foreground
                volume += Double(foreground) * image.grid.milliliters
                let position = image.position(ofSlice: slice)
                let isWhole = heart == nil || left > 0 || !SelfTraining.innerPositions.contains(position)
                if isWhole, Double(unsure) <= SelfTraining.unsureFraction * Double(foreground) {
                    accepted.append(slice)
                }
            }
        }
    }
}

extension PreparedVolume {
    /// Returns the position of a slice along the slice axis, from 0 at the outer face of the first to 1 at that of the
    /// last.
    func position(ofSlice index: Int) -> Double { (Double(index) + 0.5) / Double(sliceCount) }

    /// Returns labels on this grid without what no heart has.
    func cleaned(_ labels: [UInt8], _ structures: CardiacLabels) -> [UInt8] {
        let map = Volume(
            extent: Volume.Extent(x: size, y: size, slices: sliceCount),
            spacing: Volume.Spacing(x: grid.spacing, y: grid.spacing, slice: grid.nativeSpacing.slice),
            voxels: labels.map(Float.init))
        return CardiacCleanUp(structures)(map).voxels.map { UInt8($0) }
    }

    /// The mean volume of all labels but the background, in ml.
    static func meanLabelledVolume(of volumes: [PreparedVolume]) -> Double {
        let sum = volumes.reduce(0.0) { sum, volume in
            sum + Double((volume.labels ?? []).count { $0 > 0 }) * volume.grid.milliliters
        }
        return sum / Double(max(1, volumes.count))
    }
}

extension PreparedVolume.Grid {
    /// The volume of a pixel, in ml.
    fileprivate var milliliters: Double { spacing * spacing * nativeSpacing.slice / 1000 }
}
