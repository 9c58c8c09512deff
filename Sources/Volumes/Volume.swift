/// A 3-D image or a 4-D cine on its native grid, as read from a file.
///
/// Voxels are stored x fastest, then y, then slice, then frame: the order of the file.
public struct Volume: Sendable, Equatable {
    /// The size `(x, y, slices, frames)`; `frames` is 1 for a 3-D image.
    public var extent: Extent
    /// The distances between neighboring voxel centers along x, y, and the slice axis, in millimeters.
    public var spacing: Spacing
    /// The `extent.count` voxel values, x fastest.
    public var voxels: [Float]

    /// Creates a volume of the given size and spacing.
    ///
    /// - Precondition: `voxels.count == extent.count`.
    public init(extent: Extent, spacing: Spacing, voxels: [Float]) {
        precondition(
            voxels.count == extent.count, "\(voxels.count) voxels do not fill a volume of \(extent)")
        self.extent = extent
        self.spacing = spacing
        self.voxels = voxels
    }

    /// The numbers of voxels along x, y, the slice axis, and time.
    public struct Extent: Hashable, Sendable, Codable, CustomStringConvertible {
        /// The number of voxels along x, the fastest axis in memory.
        public var x: Int
        /// The number of voxels along y.
        public var y: Int
        /// The number of slices.
        public var slices: Int
        /// The number of time frames; 1 for a 3-D image.
        public var frames: Int

        /// Creates the size of a 3-D image, or of a cine with several frames.
        public init(x: Int, y: Int, slices: Int, frames: Int = 1) {
            (self.x, self.y, self.slices, self.frames) = (x, y, slices, frames)
        }

        /// The number of voxels.
        public var count: Int { x * y * slices * frames }

        /// The size as text, such as `216 × 256 × 10`, with the number of frames if there are several.
        public var description: String {
            "\(x) × \(y) × \(slices)" + (frames == 1 ? "" : " × \(frames)")
        }
    }

    /// The distances between neighboring voxel centers, in millimeters.
    public struct Spacing: Hashable, Sendable, Codable {
        /// The spacing along x, in mm.
        public var x: Double
        /// The spacing along y, in mm.
        public var y: Double
        /// The spacing between slices, in mm.
        public var slice: Double

        /// Creates a spacing from its values along the three spatial axes, in mm.
        public init(x: Double, y: Double, slice: Double) {
            (self.x, self.y, self.slice) = (x, y, slice)
        }
    }
}

extension Volume {
    /// Returns one frame of a cine as a 3-D image.
    ///
    /// - Parameter index: The index of the frame, from 0; ACDC's frame numbers begin at 1.
    /// - Precondition: `0 ≤ index < extent.frames`.
    public func frame(_ index: Int) -> Volume {
        precondition((0..<extent.frames).contains(index), "frame \(index) of \(extent.frames)")
        let single = Extent(x: extent.x, y: extent.y, slices: extent.slices)
        return Volume(
            extent: single, spacing: spacing, voxels: Array(voxels[index * single.count..<(index + 1) * single.count]))
    }
}
