import Tensor
import Volumes

extension SegmentationModel {
    /// The labels of several prepared images, such as the frames of a cine, on the native grids that they came from.
    ///
    /// A few slices are one piece of work, whichever image they are of; the result has the same bits for any number of
    /// workers.
    ///
    /// - Parameter workers: Pieces that are worked on at a time, by one thread each.
    package func labels(of volumes: [PreparedVolume], workers: Int) async throws -> [Volume] {
        var pieces: [(volume: Int, slices: Range<Int>)] = []
        for (index, volume) in volumes.enumerated() {
            // Pieces of one volume are about as large as one another.
            let count = max(1, (volume.sliceCount + 7) / 8)
            for piece in 0..<count {
                pieces.append((index, volume.sliceCount * piece / count..<volume.sliceCount * (piece + 1) / count))
            }
        }
        let labels = try await inParallel(pieces.count, workers: workers) { [pieces] index in
            try Task.checkCancellation()
            return self.labels(of: volumes[pieces[index].volume].part(pieces[index].slices)).voxels
        }
        var voxels = volumes.map { _ in [Float]() }
        for (piece, part) in zip(pieces, labels) { voxels[piece.volume] += part }
        return zip(volumes, voxels).map { volume, voxels in
            Volume(extent: volume.grid.native, spacing: volume.grid.nativeSpacing, voxels: voxels)
        }
    }
}

extension PreparedVolume {
    /// Some of the slices, without labels.
    fileprivate func part(_ slices: Range<Int>) -> PreparedVolume {
        var native = grid.native
        native.slices = slices.count
        let pixels = Array(pixels[slices.lowerBound * size * size..<slices.upperBound * size * size])
        return PreparedVolume(
            pixels: pixels,
            grid: Grid(native: native, nativeSpacing: grid.nativeSpacing, spacing: grid.spacing, size: size))
    }
}
