/// The connected components of a set of voxels, of which two are neighbors if they share a face.
struct ConnectedComponents {
    /// The component of every voxel, from 1 in the order of their first voxels; 0 for voxels outside the set.
    private(set) var component: [Int32]
    /// The number of voxels of every component; element 0 is component 1.
    private(set) var sizes: [Int] = []

    /// Finds the components of a set.
    ///
    /// - Parameters:
    ///   - members: `extent.count` Boolean values, x fastest.
    ///   - extent: The size of the image.
    ///   - acrossSlices: Whether voxels of neighboring slices are neighbors; if not, every slice is an image of its
    ///     own.
    /// - Complexity: O(voxels).
    init(of members: [Bool], extent: Volume.Extent, acrossSlices: Bool = true) {
        component = [Int32](repeating: 0, count: members.count)
        let plane = extent.x * extent.y
        var waiting: [Int] = []
        for first in members.indices where members[first] && component[first] == 0 {
            let number = Int32(sizes.count + 1)
            component[first] = number
            waiting.append(first)
            var size = 0
            while let place = waiting.popLast() {
                size += 1
                let (x, y, slice) = (place % extent.x, place / extent.x % extent.y, place / plane)
                func reach(_ neighbor: Int, if exists: Bool) {
                    guard exists, members[neighbor], component[neighbor] == 0 else { return }
                    component[neighbor] = number
                    waiting.append(neighbor)
                }
                reach(place - 1, if: x > 0)
                reach(place + 1, if: x + 1 < extent.x)
                reach(place - extent.x, if: y > 0)
                reach(place + extent.x, if: y + 1 < extent.y)
                reach(place - plane, if: acrossSlices && slice > 0)
                reach(place + plane, if: acrossSlices && slice + 1 < extent.slices)
            }
            sizes.append(size)
        }
    }

    /// The component with the most voxels, the first of several that are equally large; `nil` for an empty set.
    var largest: Int32? {
        sizes.indices.max { (sizes[$0], -$0) < (sizes[$1], -$1) }.map { Int32($0 + 1) }
    }
}
