import Foundation
import Volumes

extension Phantom {
    /// Writes patients 1 … `count` in the layout and the file format of the ACDC data set: `training/patient001/Info.cfg`
    /// and so on, with a note in every folder that the images are synthetic.
    ///
    /// The headers have the peculiarity of the real ones: an affine without the voxel size, so that only `pixdim` gives
    /// the spacing. Files that exist are replaced, others are left alone; `Info.cfg` comes last, so a folder that has it
    /// is complete.
    ///
    /// - Parameters:
    ///   - count: The number of patients.
    ///   - folder: Where `training` goes; created if needed.
    ///   - includingCine: Whether the 4-D cines are written, too.
    ///   - workers: Patients made at a time.
    ///   - progress: Called after each patient with the number of patients done, from any thread.
    /// - Throws: ``VolumesError/unwritable(file:reason:)`` for the first file that cannot be written.
    /// - Precondition: `count > 0`, `workers > 0`.
    public func write(
        patients count: Int, to folder: URL, includingCine: Bool = false,
        workers: Int = ProcessInfo.processInfo.activeProcessorCount,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(VolumesError) {
        let training = folder.appending(path: "training")
        try Self.makeFolder(training)
        try Self.write(note(on: "ACDC"), to: folder.appending(path: "SYNTHETIC.md"))
        try await each(count, workers: workers, progress: progress) { (i) throws(VolumesError) in
            try write(patient(i + 1, includingCine: includingCine), to: training)
        }
    }

    private func write(_ patient: Patient, to training: URL) throws(VolumesError) {
        let folder = training.appending(path: patient.id)
        try Self.makeFolder(folder)
        let datatype: NIfTI.Datatype =
            switch patient.storage {
            case .byteAsFloat: .float32
            case .short: .int16
            case .byte: .uint8
            }
        var geometry = Self.geometry
        for frame in patient.frames {
            let name = "\(patient.id)_frame" + (frame.number < 10 ? "0" : "") + "\(frame.number)"
            try NIfTI(volume: frame.image, datatype: datatype, geometry: geometry)
                .write(to: folder.appending(path: name + ".nii.gz"))
            try NIfTI(volume: frame.labels, datatype: .uint8, geometry: geometry)
                .write(to: folder.appending(path: name + "_gt.nii.gz"))
        }
        if let cine = patient.cine {
            geometry.dimensionCount = 4
            try NIfTI(volume: cine, datatype: datatype, geometry: geometry)
                .write(to: folder.appending(path: "\(patient.id)_4d.nii.gz"))
        }
        try Self.write(note(on: "ACDC"), to: folder.appending(path: "SYNTHETIC.md"))
        try Self.write(patient.info.text, to: folder.appending(path: "Info.cfg"))
    }

    /// The headers' orientation, as in the real files: columns of length 1 whatever the spacing.
    private static var geometry: NIfTI.Geometry {
        var geometry = NIfTI.Geometry()
        geometry.frameSpacing = 1
        geometry.unitsCode = 0
        geometry.sformCode = 2
        geometry.quaternion = [0, 0, 1]
        geometry.affineX = [-1, 0, 0, 0]
        geometry.affineY = [0, -1, 0, 0]
        geometry.affineZ = [0, 0, 1, 0]
        return geometry
    }
}
