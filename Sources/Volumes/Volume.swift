/// A 3-D image or a 4-D cine on its native grid, as read from a file.
///
/// Voxels are stored x fastest, then y, then slice, then frame: the order of the file.
public struct Volume: Sendable, Equatable {
    /// The size `(x, y, slices, frames)`; `frames` is 1 for a 3-D image.
    public var extent: Extent
    /// Distance between neighboring voxel centers along x, y and the slice axis, in millimetres.
    public var spacing: Spacing
    /// `extent.count` values, x fastest.
    public var voxels: [Float]

    /// A volume of the given size and spacing.
    ///
    /// - Precondition: `voxels.count == extent.count`.
    public init(extent: Extent, spacing: Spacing, voxels: [Float]) {
        precondition(
            voxels.count == extent.count, "\(voxels.count) voxels do not fill a volume of \(extent)")
        self.extent = extent
        self.spacing = spacing
        self.voxels = voxels
    }

    /// Numbers of voxels along x, y, the slice axis and time.
    public struct Extent: Hashable, Sendable, Codable, CustomStringConvertible {
        /// Voxels along x, the fastest axis in memory.
        public var x: Int
        /// Voxels along y.
        public var y: Int
        /// Slices.
        public var slices: Int
        /// Time frames; 1 for a 3-D image.
        public var frames: Int

        /// The size of a 3-D image, or of a cine with several frames.
        public init(x: Int, y: Int, slices: Int, frames: Int = 1) {
            (self.x, self.y, self.slices, self.frames) = (x, y, slices, frames)
        }

        /// The number of voxels.
        public var count: Int { x * y * slices * frames }

        /// `216 × 256 × 10`, with the frames where there are several.
        public var description: String {
            "\(x) × \(y) × \(slices)" + (frames == 1 ? "" : " × \(frames)")
        }
    }

    /// Distances between neighboring voxel centers, in millimetres.
    public struct Spacing: Hashable, Sendable, Codable {
        /// Along x, in mm.
        public var x: Double
        /// Along y, in mm.
        public var y: Double
        /// Between slices, in mm.
        public var slice: Double

        /// Spacing along the three spatial axes, in mm.
        public init(x: Double, y: Double, slice: Double) {
            (self.x, self.y, self.slice) = (x, y, slice)
        }
    }
}

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
