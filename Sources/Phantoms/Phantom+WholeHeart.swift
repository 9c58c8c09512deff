import Randomness
import Volumes

extension Phantom {
    /// A synthetic image in the format of the HVSMR 2016 data set.
    public struct WholeHeart: Sendable {
        /// The patient's part of the files' names, such as `pat0`.
        public let id: String
        /// Intensities, about 0 to 1.5, as `float64`; axes run to the patient's back, feet and right.
        public let image: NIfTI
        /// 0 background, 1 myocardium, 2 blood pool, as `uint16`.
        public let labels: NIfTI
    }

    /// A cropped axial image of a heart with its atria and great vessels; the same for the same seed and spacing.
    ///
    /// Ventricles are those of the five groups, which take turns; atria and vessels are this package's own shapes. As in
    /// the real files, about a sixth of the voxels is blood, 5 % are myocardium, and the third axis gives sagittal
    /// pictures.
    ///
    /// - Parameters:
    ///   - number: From 0, as in the data set.
    ///   - spacing: Voxel width in mm; the data set's is 0.65 to 1.15. At 0.9 an image has 2.5 million voxels, at 2 a
    ///     tenth of them.
    /// - Precondition: `number ≥ 0`, `0.3 ≤ spacing ≤ 10`.
    public func wholeHeart(_ number: Int, spacing: Double = 0.9) -> WholeHeart {
        precondition(number >= 0, "patients are numbered from 0, not \(number)")
        precondition(spacing >= 0.3 && spacing <= 10, "a spacing of \(spacing) mm is not within 0.3 … 10")
        var generator = SeededGenerator(seed: seed, path: -3, number)
        let model = WholeHeartModel(group: Self.group(ofPatient: number + 1), using: &generator)
        let scan = WholeHeartScan(of: model, spacing: spacing, using: &generator)
        let (image, labels) = scan.rendered()
        return WholeHeart(
            id: "pat\(number)", image: NIfTI(volume: image, datatype: .float64, geometry: scan.geometry),
            labels: NIfTI(volume: labels, datatype: .uint16, geometry: scan.geometry))
    }
}
