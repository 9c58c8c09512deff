import Foundation
import Tensor
import UNet
import Volumes

/// A U-Net that labels 3-D images slice by slice, with everything needed to apply it to a new image: preprocessing,
/// the way of labeling, and class names.
///
/// ```swift
/// let model = try SegmentationModel(contentsOf: url)
/// let labels = model.labels(of: try NIfTI(contentsOf: scan).volume)      // on the grid of the scan
/// ```
public struct SegmentationModel: Sendable {
    /// The network.
    public let network: UNet
    /// The preprocessing of images.
    public let preprocessing: Preprocessing
    /// The names of the classes, the background first.
    public let classes: [String]
    /// The weights.
    public var parameters: Parameters
    /// The way of labeling an image.
    public var inference = Inference()
    /// The weights of other models of an ensemble, whose probabilities are averaged with those of ``parameters``.
    public internal(set) var others: [Parameters] = []

    /// Creates a network with random weights.
    ///
    /// - Parameters:
    ///   - channels: The number of channels of an image.
    ///   - width: The number of channels of the first level.
    ///   - preprocessing: The preprocessing of images.
    ///   - classes: The names of the classes, the background first.
    ///   - generator: The generator of the weights.
    public init(
        channels: Int = 1, width: Int, preprocessing: Preprocessing, classes: [String], generator: SeededGenerator
    ) {
        var builder = ParameterBuilder(generator: generator)
        network = UNet(
            UNet.Configuration(inputChannels: channels, classes: classes.count, width: width), in: &builder)
        parameters = builder.parameters()
        (self.preprocessing, self.classes) = (preprocessing, classes)
    }

    /// Returns the ensemble of this model and another one, such as one trained with another seed or fold.
    ///
    /// Its probabilities are the means of those of its models; it has no file of its own.
    ///
    /// - Returns: The ensemble; `nil` if architecture, preprocessing, or classes differ.
    public func joined(with other: SegmentationModel) -> SegmentationModel? {
        guard other.parameters.matches(parameters), other.network.configuration == network.configuration,
            other.preprocessing == preprocessing, other.classes == classes
        else { return nil }
        var ensemble = self
        ensemble.others += [other.parameters] + other.others
        return ensemble
    }

    /// The labels of the heart's structures; `nil` if the classes are others.
    public var cardiacLabels: CardiacLabels? { CardiacLabels(classNames: classes) }

    // MARK: Labels

    /// Returns the labels of a native 3-D image, on its own grid.
    ///
    /// - Precondition: One frame, and a network for images with one channel.
    public func labels(of image: Volume) -> Volume {
        labels(of: preprocessing(image))
    }

    /// Returns the labels of a prepared image, on the native grid of its source.
    public func labels(of volume: PreparedVolume) -> Volume {
        let labels = uncleanedLabels(of: volume)
        return cleanUp?(labels) ?? labels
    }

    /// The rule by which labels are cleaned up, if they are.
    var cleanUp: CardiacCleanUp? { inference.cleanUp ? cardiacLabels.map(CardiacCleanUp.init) : nil }

    private func uncleanedLabels(of volume: PreparedVolume) -> Volume {
        volume.restored(scores: evidence(of: volume), classes: classes.count)
    }

    /// Returns the labels of several prepared images, such as the frames of a cine, on the native grids of their
    /// sources.
    ///
    /// A work item is a few slices, whichever image they belong to; results are bitwise identical for any number of
    /// workers.
    ///
    /// - Parameters:
    ///   - volumes: The prepared images.
    ///   - workers: The number of concurrent work items, which divide the threads among them.
    /// - Throws: `CancellationError` if the task was canceled.
    public func labels(of volumes: [PreparedVolume], workers: Int) async throws -> [Volume] {
        var pieces: [(volume: Int, slices: Range<Int>)] = []
        for (index, volume) in volumes.enumerated() {
            // Work items of one volume are about equally large.
            let count = max(1, (volume.sliceCount + 7) / 8)
            for piece in 0..<count {
                pieces.append((index, volume.sliceCount * piece / count..<volume.sliceCount * (piece + 1) / count))
            }
        }
        let labels = try await Parallel.map(pieces.count, workers: workers) { [pieces] index in
            try Task.checkCancellation()
            return self.uncleanedLabels(of: volumes[pieces[index].volume].part(pieces[index].slices)).voxels
        }
        var voxels = volumes.map { _ in [Float]() }
        for (piece, part) in zip(pieces, labels) { voxels[piece.volume] += part }
        let whole = zip(volumes, voxels).map { volume, voxels in
            Volume(extent: volume.grid.native, spacing: volume.grid.nativeSpacing, voxels: voxels)
        }
        guard let cleanUp else { return whole }
        return try await Parallel.map(whole.count, workers: workers) { cleanUp(whole[$0]) }
    }

    /// Returns what decides between the classes of every pixel: class scores of the image, or mean probabilities of
    /// several views or models.
    func evidence(of volume: PreparedVolume) -> [Float] {
        inference.testTimeViews || !others.isEmpty ? meanProbabilities(of: volume) : scores(of: volume)
    }

    /// Returns the class scores (logits) of every pixel of a prepared image: `[slice, row, column, class]`, by
    /// ``parameters`` alone.
    public func scores(of volume: PreparedVolume) -> [Float] {
        var scores: [Float] = []
        scores.reserveCapacity(volume.grid.count * classes.count)
        for slices in volume.batches {
            scores += evaluate(parameters) { network($0.constant(volume.images(slices))) }.elements
        }
        return scores
    }

    /// Returns the class probabilities of every pixel of a prepared image: `[slice, row, column, class]`.
    ///
    /// They sum to 1 per pixel; to less near the edge if they are means over several views, of which not all show it. Those
    /// of an ensemble are means over its models.
    public func probabilities(of volume: PreparedVolume) -> [Float] {
        if inference.testTimeViews || !others.isEmpty { return meanProbabilities(of: volume) }
        return normalized(scores(of: volume))
    }

    /// Returns the probabilities of class scores, `[…, class]`.
    func normalized(_ scores: [Float]) -> [Float] {
        let rows = Tensor(scores, shape: [scores.count / classes.count, classes.count])
        return evaluate(Parameters()) { softmax($0.constant(rows)) }.elements
    }

    /// Returns the labels of a prepared image on its own grid, not cleaned up: `[slice, row, column]`.
    public func classMap(of volume: PreparedVolume) -> [UInt8] {
        let scores = evidence(of: volume)
        return (0..<scores.count / classes.count).map { place in
            let own = place * classes.count..<(place + 1) * classes.count
            return UInt8(own.max { scores[$0] < scores[$1] }! - own.lowerBound)
        }
    }
}

extension PreparedVolume {
    /// Returns a range of the slices, without labels.
    fileprivate func part(_ slices: Range<Int>) -> PreparedVolume {
        var native = grid.native
        native.slices = slices.count
        let count = size * size * channelCount
        let pixels = Array(pixels[slices.lowerBound * count..<slices.upperBound * count])
        return PreparedVolume(
            pixels: pixels,
            grid: Grid(native: native, nativeSpacing: grid.nativeSpacing, spacing: grid.spacing, size: size))
    }
}
