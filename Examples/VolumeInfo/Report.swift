import Foundation
import Reporting
import Volumes

/// The report on one file: a summary of its contents, or the reason that they cannot be read.
struct Report {
    var file: String
    var warnings: [String] = []
    var result: Result<Summary, VolumesError>

    /// Creates a report by reading the file; keeps a summary, not the voxels.
    init(of file: String) {
        self.file = file
        do throws(VolumesError) {
            let image = try NIfTI(contentsOf: URL(fileURLWithPath: file))
            result = .success(Summary(image))
            warnings = image.warnings
        } catch {
            result = .failure(error)
        }
    }

    var error: VolumesError? {
        if case .failure(let error) = result { error } else { nil }
    }

    /// The shape, spacing, and statistics of one image.
    struct Summary {
        /// The shape, `[x, y, slices]`, followed by the frames if the file has four dimensions.
        var shape: [Int]
        /// The spacing along x, y, and the slice axis, in mm.
        var spacing: [Double]
        /// The directions of x, y, and the slice axis in the body, shown in the table only.
        var orientation: String?
        var datatype: String
        var least: Double
        var greatest: Double
        /// The sum of the voxels, added up in `Double` in the order of the file.
        var sum: Double
        /// The SHA-256 hash of the voxels as little-endian float32, in hexadecimal digits.
        var hash: String

        init(_ image: NIfTI) {
            let extent = image.volume.extent
            shape = [extent.x, extent.y, extent.slices] + (image.geometry.dimensionCount == 4 ? [extent.frames] : [])
            spacing = [image.volume.spacing.x, image.volume.spacing.y, image.volume.spacing.slice]
            orientation = image.orientation
            datatype = image.datatype.description

            var (least, greatest, sum) = (Float.infinity, -Float.infinity, 0.0)
            for voxel in image.volume.voxels {
                if voxel < least { least = voxel }
                if voxel > greatest { greatest = voxel }
                sum += Double(voxel)
            }
            // A comparison with NaN is false, so a single NaN shows only in the sum.
            let hasNaN = sum.isNaN && image.volume.voxels.contains { $0.isNaN }
            self.least = hasNaN ? .nan : Double(least)
            self.greatest = hasNaN ? .nan : Double(greatest)
            self.sum = sum

            var sha256 = SHA256()
            #if _endian(little)
            image.volume.voxels.withUnsafeBytes { sha256.update($0) }
            #else
            image.volume.voxels.map(\.bitPattern.littleEndian).withUnsafeBytes { sha256.update($0) }
            #endif
            hash = sha256.finalized()
        }
    }
}

// MARK: JSON

extension Report: Encodable {
    /// Returns the reports as a JSON array of objects with keys in alphabetical order.
    static func json(_ reports: [Report]) throws -> String {
        String(decoding: try ReadableJSON.data(reports).dropLast(), as: UTF8.self)
    }

    private enum Key: String, CodingKey {
        case file, error, shape, datatype, min, max, sum, sha256
        case spacing = "spacing_mm"
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(file, forKey: .file)
        switch result {
        case .success(let summary):
            try object.encode(summary.shape, forKey: .shape)
            try object.encode(summary.spacing, forKey: .spacing)
            try object.encode(summary.datatype, forKey: .datatype)
            // JSON cannot represent infinity and NaN.
            for (key, value) in [(Key.min, summary.least), (.max, summary.greatest), (.sum, summary.sum)] {
                try object.encode(value.isFinite ? value : nil, forKey: key)
            }
            try object.encode(summary.hash, forKey: .sha256)
        case .failure(let error):
            try object.encode(error.description, forKey: .error)
        }
    }
}

// MARK: Table

extension Report {
    /// Returns a table of the readable images in aligned columns, one line per image below a header line; empty if
    /// there are none.
    static func table(_ reports: [Report]) -> String {
        let titles = ["file", "shape", "spacing mm", "axes", "datatype", "min", "max", "sum", "sha256"]
        let rows = reports.compactMap(\.cells)
        if rows.isEmpty { return "" }
        return TextTable.text([titles] + rows, left: [0, 1, 2, 3, 4, 8])
    }

    private var cells: [String]? {
        guard case .success(let summary) = result else { return nil }
        func rounded(_ value: Double) -> String { String(format: "%.6g", value) }
        return [
            file, summary.shape.map(String.init).joined(separator: " × "),
            summary.spacing.map(rounded).joined(separator: " × "), summary.orientation ?? "?", summary.datatype,
            rounded(summary.least), rounded(summary.greatest), rounded(summary.sum), String(summary.hash.prefix(12)),
        ]
    }
}
