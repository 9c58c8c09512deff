import Foundation
import Support
import Volumes

/// The check of an image before it is labeled: its axes, size, spacing, and intensities.
struct InputCheck: Sendable {
    /// The warnings, each a sentence that names the file.
    private(set) var warnings: [String] = []
    /// The fraction of the network's square that the image fills, from 0 to 1; the rest is padding.
    let filled: Double
    /// The fraction of the image that lies in the network's square, from 0 to 1; the rest stays background.
    let covered: Double

    /// The size of the smallest image that is accepted, in pixels and mm along both in-plane axes.
    static let least = (pixels: 16, millimetres: 32.0)

    /// Checks an image.
    ///
    /// - Throws: ``Failure`` for an image whose labels would be meaningless.
    init(_ volume: Volume, of file: String, for preprocessing: Preprocessing) throws(Failure) {
        let (extent, spacing) = (volume.extent, volume.spacing)
        guard spacing.isMeasurable else {
            throw .badData(
                "\(file): the spacing is \(Self.text([spacing.x, spacing.y, spacing.slice])) mm; "
                    + "check pixdim in the header.")
        }
        let width = (Double(extent.x) * spacing.x, Double(extent.y) * spacing.y)
        let side = Double(preprocessing.size) * preprocessing.spacing
        let common = min(width.0, side) * min(width.1, side)
        (filled, covered) = (common / (side * side), common / (width.0 * width.1))
        try checkAxes(volume, of: file)
        guard min(extent.x, extent.y) >= Self.least.pixels, min(width.0, width.1) >= Self.least.millimetres else {
            throw .badData(
                "\(file): slices of \(extent.x) × \(extent.y) pixels, \(Self.text([width.0, width.1])) mm, are too "
                    + "small for a heart; at least \(Self.least.pixels) pixels and "
                    + "\(Self.text([Self.least.millimetres])) mm each way are needed.")
        }
        try checkIntensities(volume, of: file)
        if filled < 0.75 {
            warnings.append(
                "\(file): the image covers \(Self.text([width.0, width.1])) mm, so that \(Self.percent(1 - filled)) of "
                    + "the network's square of \(Self.text([side, side])) mm are padding; the model saw less of it.")
        }
        if covered < 0.25 {
            warnings.append(
                "\(file): the network sees the central \(Self.text([side, side])) mm of "
                    + "\(Self.text([width.0, width.1])) mm; the other \(Self.percent(1 - covered)) of the image stay "
                    + "background.")
        }
        if max(spacing.x, spacing.y) > 2 * preprocessing.spacing {
            warnings.append(
                "\(file): its pixels of \(Self.text([spacing.x, spacing.y])) mm are much coarser than the network's, "
                    + "\(Self.text([preprocessing.spacing])) mm.")
        }
        if extent.slices == 1 {
            warnings.append("\(file): there is one slice only; volumes are of this slice.")
        }
    }

    /// Checks that the slices lie along the third axis.
    private mutating func checkAxes(_ volume: Volume, of file: String) throws(Failure) {
        let (extent, spacing) = (volume.extent, volume.spacing)
        let cure = "; the third axis must be that of the slices: reorder the axes first."
        if max(spacing.x, spacing.y) >= 2 * spacing.slice {
            let (name, length) = spacing.x >= spacing.y ? ("first", spacing.x) : ("second", spacing.y)
            throw .badData(
                "\(file): the slices seem to lie along the \(name) axis: its voxels are \(Self.text([length])) mm "
                    + "apart, those of the third axis \(Self.text([spacing.slice])) mm" + cure)
        }
        let (name, count) = extent.x <= extent.y ? ("first", extent.x) : ("second", extent.y)
        if extent.slices >= 2 * count && extent.slices >= 32 {
            throw .badData(
                "\(file): the slices seem to lie along the \(name) axis: it has \(count) voxels, and the third axis "
                    + "has \(extent.slices)" + cure)
        }
        if extent.slices > count {
            warnings.append(
                "\(file): the third axis has \(extent.slices) voxels, more than the \(name) with \(count); "
                    + "if slices do not lie along the third axis, the labels mean nothing.")
        }
        if max(spacing.x, spacing.y) > 1.5 * min(spacing.x, spacing.y) {
            warnings.append(
                "\(file): its pixels of \(Self.text([spacing.x, spacing.y])) mm are far from square.")
        }
    }

    /// Checks that no frame is empty.
    private mutating func checkIntensities(_ volume: Volume, of file: String) throws(Failure) {
        var odd = 0
        let length = volume.extent.count / volume.extent.frames
        for frame in 0..<volume.extent.frames {
            var (low, high, finite) = (Float.infinity, -Float.infinity, 0)
            volume.voxels.withUnsafeBufferPointer { voxels in
                for place in frame * length..<(frame + 1) * length where voxels[place].isFinite {
                    finite += 1
                    if voxels[place] < low { low = voxels[place] }
                    if voxels[place] > high { high = voxels[place] }
                }
            }
            let place = volume.extent.frames == 1 ? "the image" : "frame \(frame + 1) of \(volume.extent.frames)"
            guard finite > 0 else { throw .badData("\(file): \(place) has no voxel that is a number.") }
            guard high > low else {
                throw .badData("\(file): \(place) is empty: all its voxels are \(low); is it the right file?")
            }
            odd += length - finite
        }
        if odd > 0 {
            warnings.append(
                "\(file): \(odd) of \(volume.extent.count) voxels are infinite or not a number; they count as black.")
        }
    }

    private static func text(_ lengths: [Double]) -> String {
        lengths.map { String(format: "%.4g", $0) }.joined(separator: " × ")
    }

    private static func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
}
