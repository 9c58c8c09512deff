/// The voxels of one label in two label maps: counts over the whole grid, and masks cropped to their joint bounding
/// box.
struct MaskPair {
    /// The numbers of voxels that have the label in both maps, in the prediction only, in the reference only, and in
    /// neither.
    private(set) var truePositives = 0
    private(set) var falsePositives = 0
    private(set) var falseNegatives = 0
    private(set) var trueNegatives = 0
    /// The size of the joint bounding box of both masks; empty if both masks are.
    let box: Volume.Extent
    /// The masks cropped to the box, x fastest.
    let prediction: [Bool]
    let reference: [Bool]

    /// - Precondition: Both maps have the same size.
    init(prediction: Volume, reference: Volume, label: Int) {
        let extent = reference.extent
        let label = Float(label)
        var columns = Range<Int>?.none
        var rows = Range<Int>?.none
        var slices = Range<Int>?.none
        for slice in 0..<extent.slices {
            for y in 0..<extent.y {
                let start = (slice * extent.y + y) * extent.x
                var (first, last) = (extent.x, -1)
                for x in 0..<extent.x {
                    let isPredicted = prediction.voxels[start + x] == label
                    let isReferred = reference.voxels[start + x] == label
                    if !isPredicted && !isReferred { continue }
                    if isPredicted && isReferred {
                        truePositives += 1
                    } else if isPredicted {
                        falsePositives += 1
                    } else {
                        falseNegatives += 1
                    }
                    if first > x { first = x }
                    last = x
                }
                if last < 0 { continue }
                columns = min(columns?.lowerBound ?? first, first)..<max(columns?.upperBound ?? 0, last + 1)
                rows = min(rows?.lowerBound ?? y, y)..<max(rows?.upperBound ?? 0, y + 1)
                slices = (slices?.lowerBound ?? slice)..<slice + 1
            }
        }
        trueNegatives = extent.count - truePositives - falsePositives - falseNegatives
        guard let columns, let rows, let slices else {
            box = Volume.Extent(x: 0, y: 0, slices: 0)
            (self.prediction, self.reference) = ([], [])
            return
        }
        box = Volume.Extent(x: columns.count, y: rows.count, slices: slices.count)
        func cropped(_ volume: Volume) -> [Bool] {
            var mask: [Bool] = []
            mask.reserveCapacity(columns.count * rows.count * slices.count)
            for slice in slices {
                for y in rows {
                    let start = (slice * extent.y + y) * extent.x
                    for x in columns { mask.append(volume.voxels[start + x] == label) }
                }
            }
            return mask
        }
        self.prediction = cropped(prediction)
        self.reference = cropped(reference)
    }

    /// Returns the voxels of a mask that have at least one of their six neighbors outside: the mask minus its erosion
    /// by a cross-shaped structuring element.
    ///
    /// Everything beyond the box, and therefore beyond the grid, is outside the mask.
    func surface(of mask: [Bool]) -> [Bool] {
        var surface = mask
        let (row, plane) = (box.x, box.x * box.y)
        for slice in 0..<box.slices {
            for y in 0..<box.y {
                let start = slice * plane + y * row
                let isRim = slice == 0 || slice == box.slices - 1 || y == 0 || y == box.y - 1
                for x in 0..<box.x where mask[start + x] && !isRim && x > 0 && x < box.x - 1 {
                    let place = start + x
                    surface[place] =
                        !(mask[place - 1] && mask[place + 1] && mask[place - row] && mask[place + row]
                        && mask[place - plane] && mask[place + plane])
                }
            }
        }
        return surface
    }
}
