extension HVSMR {
    /// The axis of a file across which slices are taken.
    public enum SliceAxis: String, Hashable, Sendable, Codable, CaseIterable {
        /// From head to feet in the axial releases, as the file's affine says; their third axis runs from right to left,
        /// so that its pictures are sagittal ones. In the short-axis release the third axis: a choice of this package,
        /// since the axes of the heart are in no header.
        case automatic
        /// The first axis.
        case x
        /// The second axis.
        case y
        /// The third axis.
        case slices
    }
}

extension HVSMR.SliceAxis {
    /// The order of axes that a file of a release gets.
    ///
    /// - Throws: ``VolumesError/invalidField(file:field:found:expected:)`` if the affine would have to tell, but does not.
    func order(
        of image: NIfTI, release: HVSMR.Release, file: String
    ) throws(VolumesError) -> AxisPermutation {
        let orientation = image.orientation
        let axis: Int
        switch (self, release) {
        case (.x, _): axis = 0
        case (.y, _): axis = 1
        case (.slices, _), (.automatic, .shortAxisCropped): axis = 2
        case (.automatic, .axialFull), (.automatic, .axialCropped):
            guard let upright = orientation.map(Array.init)?.firstIndex(where: { "SI".contains($0) }) else {
                throw .invalidField(
                    file: file, field: "the affine", found: "none, or in contradiction to pixdim",
                    expected: "an orientation that tells which axis is upright; or name the axis of the slices")
            }
            axis = upright
        }
        return AxisPermutation(slicesAlong: axis, orientation: orientation)
    }
}
