import Foundation
import Testing
import Volumes

@Suite("Damaged NIfTI files")
struct NIfTIFuzzTests {
    @Test("each of 2,000 damaged files is read or refused for a reason, and all reasons occur")
    func mutations() throws {
        let folder = try NIfTIFolder()
        var mutations = NIfTIMutations(seed: 2018)
        var outcomes: Set<String> = []
        for index in 0..<2000 {
            let damaged = mutations.next()
            if let voxels = damaged.voxels { _ = try folder.file(voxels.bytes, voxels.name) }
            let file = try folder.file(damaged.bytes, damaged.name)
            switch Result(catching: { () throws(VolumesError) in try NIfTI(contentsOf: file) }) {
            case .success(let image):
                try #require(image.volume.voxels.count == image.volume.extent.count, "file \(index)")
                let spacing = image.volume.spacing
                for length in [spacing.x, spacing.y, spacing.slice] {
                    try #require(length > 0 && length.isFinite, "file \(index)")
                }
                // No more voxels than the bytes can hold.
                let size = (damaged.voxels?.bytes ?? damaged.bytes).count
                try #require(image.volume.voxels.count * image.datatype.byteCount <= 1032 * size, "file \(index)")
                outcomes.insert(image.warnings.isEmpty ? "read" : "read with a warning")
            case .failure(let error):
                try #require(error.description.contains("/a."), "\(error) does not name the file")
                switch error {
                case .invalidField(_, let field, _, _): outcomes.insert(field)
                case .notNIfTI: outcomes.insert("not NIfTI")
                case .truncated(_, let field, _, _): outcomes.insert("cut: \(field)")
                case .damagedGzip(_, let field, _): outcomes.insert(field)
                default: outcomes.insert("\(error)")
                }
            }
        }
        let expected = [
            "read", "read with a warning", "not NIfTI", "datatype", "bitpix", "vox_offset", "dim", "dim[0]", "dim[1]",
            "dim[2]", "dim[3]", "dim[4]", "pixdim[1]", "pixdim[2]", "pixdim[3]", "scl_inter", "magic",
            "the length of the inflated data", "cut: sizeof_hdr", "cut: dim, datatype and vox_offset", "gzip header",
            "deflate data", "CRC-32", "ISIZE",
        ]
        #expect(outcomes == Set(expected))
    }
}
