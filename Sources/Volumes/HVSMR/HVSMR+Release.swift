extension HVSMR {
    /// The three forms in which the images were published; the raw value is the part of the files' names.
    public enum Release: String, Hashable, Sendable, Codable, CaseIterable {
        /// The whole field of view, about 390 × 390 × 165 voxels.
        case axialFull = "axial_full"
        /// A box about the heart, 83 × 95 × 119 to 165 × 239 × 181 voxels.
        case axialCropped = "axial_crop"
        /// A box about the heart, turned so that slices lie across the ventricles.
        case shortAxisCropped = "sa_crop"
    }
}
