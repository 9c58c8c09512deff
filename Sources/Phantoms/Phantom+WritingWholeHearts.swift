import Foundation
import Volumes

extension Phantom {
    /// Writes patients 0 … `count` − 1 in the layout and the file format of the cropped axial release of the HVSMR 2016
    /// data set: `training_axial_crop_pat0.nii.gz`, `training_axial_crop_pat0-label.nii.gz` and so on, with a note that
    /// they are synthetic.
    ///
    /// Files that exist are replaced, others are left alone; an image comes after its labels.
    ///
    /// - Parameters:
    ///   - count: The number of patients.
    ///   - folder: Where the files go; created if needed.
    ///   - spacing: Voxel width in mm, as for ``wholeHeart(_:spacing:)``.
    ///   - workers: Patients made at a time.
    ///   - progress: Called after each patient with the number of patients done, from any thread.
    /// - Throws: ``VolumesError/unwritable(file:reason:)`` for the first file that cannot be written.
    /// - Precondition: `count > 0`, `workers > 0`, `0.3 ≤ spacing ≤ 10`.
    public func writeWholeHearts(
        patients count: Int, to folder: URL, spacing: Double = 0.9,
        workers: Int = ProcessInfo.processInfo.activeProcessorCount,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(VolumesError) {
        try Self.makeFolder(folder)
        try Self.write(note(on: "HVSMR 2016"), to: folder.appending(path: "SYNTHETIC.md"))
        try await each(count, workers: workers, progress: progress) { (i) throws(VolumesError) in
            let patient = wholeHeart(i, spacing: spacing)
            let stem = "training_\(HVSMR.Release.axialCropped.rawValue)_\(patient.id)"
            try patient.labels.write(to: folder.appending(path: stem + "-label.nii.gz"))
            try patient.image.write(to: folder.appending(path: stem + ".nii.gz"))
        }
    }
}
