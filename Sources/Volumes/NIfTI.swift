import Foundation

/// An image in the NIfTI-1 or NIfTI-2 format: voxels, and what its header says about their geometry.
///
/// ```swift
/// var image = try NIfTI(contentsOf: URL(filePath: "patient001_frame01.nii.gz"))
/// image.volume.voxels = image.volume.voxels.map { $0 / 255 }
/// image.datatype = .float32
/// try image.write(to: URL(filePath: "scaled.nii.gz"))
/// ```
///
/// Voxels are the stored numbers times `scl_slope` plus `scl_inter`, computed in `Double` and rounded to `Float`.
/// The spacing is the absolute value of `pixdim`, in millimetres, and nothing else: in the ACDC data set the columns of
/// the affine have length 1 whatever the spacing. Such a contradiction is one of the ``warnings``.
///
/// Source: <https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h> and `nifti2.h` in the same folder.
public struct NIfTI: Sendable, Equatable {
    /// The voxels, their extents and their spacing.
    public var volume: Volume
    /// The type of the numbers in the file: as it was read, or as it will be written.
    public var datatype: Datatype
    /// The rest of the header that survives reading and writing.
    public var geometry: Geometry
    /// What is doubtful about the file that was read, one sentence each that names the file; empty for most files.
    public var warnings: [String] = []

    /// An image to be written.
    public init(volume: Volume, datatype: Datatype = .float32, geometry: Geometry = Geometry()) {
        self.volume = volume
        self.datatype = datatype
        self.geometry = geometry
    }
}
