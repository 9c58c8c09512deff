import Foundation
import Volumes

/// A cine of the short axis: the slices of a heart, each in all phases of a heartbeat, in the order of space and time.
public struct ShortAxisCine: Sendable {
    /// The images of each slice, in the order of the phases; slices are ordered along the normal of their planes.
    let slices: [[DICOMImage]]
    /// The distance between neighboring slices in mm.
    public let spacing: Double
    /// Remarks for the user, each a sentence.
    public internal(set) var warnings: [String]

    /// The names of the series that the images are from.
    public var seriesNames: [String] { Set(slices.joined().map(\.series)).map(\.name).sorted() }
    /// The height of the patient in cm, and the weight in kg, if the images tell.
    public var body: (height: Double?, weight: Double?) { (first.height, first.weight) }
    /// The study that the images are from.
    public var study: String { first.study }
    /// The numbers of columns, rows, slices, and phases.
    public var extent: Volume.Extent {
        Volume.Extent(x: first.columns, y: first.rows, slices: slices.count, frames: slices[0].count)
    }

    private var first: DICOMImage { slices[0][0] }

    /// The mean time between phases in ms; 0 if the images do not tell.
    var phaseDuration: Double {
        guard let start = first.triggerTime, let end = slices[0].last?.triggerTime, slices[0].count > 1, end > start
        else { return 0 }
        return (end - start) / Double(slices[0].count - 1)
    }

    /// Creates a cine from the images of slices in the order of space and time.
    ///
    /// - Throws: `DICOMError` if an image is missing; `name` begins the sentence.
    init(_ slices: [[DICOMImage]], warnings: [String], name: String) throws(DICOMError) {
        let counts = slices.map(\.count)
        let phases = counts.reduce(into: [:]) { $0[$1, default: 0] += 1 }.max {
            ($0.value, $0.key) < ($1.value, $1.key)
        }!.key
        if let odd = counts.firstIndex(where: { $0 != phases }) {
            throw DICOMError(
                name,
                "slice \(odd + 1) of \(slices.count) has \(counts[odd]) phases, and others have \(phases): "
                    + "images are missing; export the series again. A cine whose slices were taken with different numbers "
                    + "of phases cannot be read.")
        }
        let offsets = slices.map { $0[0].offset }
        let gaps = zip(offsets.dropFirst(), offsets).map { $0 - $1 }
        // Where a slice is missing, a gap is larger: of two middle ones, the smaller one counts.
        let spacing = gaps.sorted()[(gaps.count - 1) / 2]
        if let odd = gaps.firstIndex(where: { Swift.abs($0 - spacing) > 0.1 * spacing }) {
            throw DICOMError(
                name,
                String(
                    format: "slices %d and %d are %.1f mm apart, and others %.1f mm: a slice is missing, or two stacks "
                        + "are mixed; export the series again.", odd + 1, odd + 2, gaps[odd], spacing))
        }
        self.slices = slices
        self.spacing = spacing
        self.warnings = warnings
        let start = slices[0][0]
        let shifts = slices.map { slice in
            let way = slice[0].position - start.position
            return Swift.max(Swift.abs((way * start.axes.0).sum()), Swift.abs((way * start.axes.1).sum()))
        }
        if shifts.max()! > start.pixelSpacing.max() {
            self.warnings.append(
                "\(name): slices are shifted against each other by up to \(String(format: "%.1f", shifts.max()!)) mm in "
                    + "their plane; the label map has them above each other.")
        }
    }

    /// Reads the pixels, and returns them as a four-dimensional image of 32-bit floats with the position in the patient.
    ///
    /// Columns become x, rows y, and slices the third axis; values are rescaled by the slope and intercept of each image.
    public func image(from export: DICOMExport) throws(DICOMError) -> NIfTI {
        let extent = extent, plane = extent.x * extent.y
        var voxels = [Float](repeating: 0, count: extent.count)
        // A multi-frame file holds many images, so each file is read once.
        var places: [Int: [(image: DICOMImage, start: Int)]] = [:]
        for (slice, images) in slices.enumerated() {
            for (phase, image) in images.enumerated() {
                places[image.entry, default: []].append((image, (phase * extent.slices + slice) * plane))
            }
        }
        for (entry, images) in places.sorted(by: { $0.key < $1.key }) {
            let file = try export.file(entry, headerOnly: false)
            for (image, start) in images {
                let pixels = try file.pixels(frame: image.frame, rows: image.rows, columns: image.columns)
                let (slope, intercept) = (Float(image.slope), Float(image.intercept))
                for (place, pixel) in pixels.enumerated() { voxels[start + place] = pixel * slope + intercept }
            }
        }
        let volume = Volume(
            extent: extent,
            spacing: Volume.Spacing(x: first.pixelSpacing.y, y: first.pixelSpacing.x, slice: spacing), voxels: voxels)
        return NIfTI(volume: volume, datatype: .float32, geometry: geometry)
    }

    /// The position in the patient: DICOM's axes point to the left and the back, those of NIfTI to the right and the
    /// front.
    private var geometry: NIfTI.Geometry {
        let turn = SIMD3<Double>(-1, -1, 1)
        let columns = [
            first.axes.0 * first.pixelSpacing.y * turn, first.axes.1 * first.pixelSpacing.x * turn,
            first.normal * spacing * turn, first.position * turn,
        ]
        var geometry = NIfTI.Geometry()
        geometry.dimensionCount = 4
        geometry.sformCode = 1
        geometry.affineX = SIMD4(columns.map(\.x))
        geometry.affineY = SIMD4(columns.map(\.y))
        geometry.affineZ = SIMD4(columns.map(\.z))
        // Millimeters and milliseconds.
        geometry.unitsCode = 2 + 16
        geometry.frameSpacing = phaseDuration
        return geometry
    }
}
