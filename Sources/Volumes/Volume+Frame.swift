extension Volume {
    /// The 3-D image of one frame of a cine.
    ///
    /// - Parameter index: From 0; ACDC's frame numbers begin at 1.
    /// - Precondition: `0 ≤ index < extent.frames`.
    public func frame(_ index: Int) -> Volume {
        precondition((0..<extent.frames).contains(index), "frame \(index) of \(extent.frames)")
        let single = Extent(x: extent.x, y: extent.y, slices: extent.slices)
        return Volume(
            extent: single, spacing: spacing, voxels: Array(voxels[index * single.count..<(index + 1) * single.count]))
    }
}
