import Foundation

/// The header of one image of one frame: where it lies in the patient, when in the heartbeat, and in which series.
struct DICOMImage: Sendable {
    /// The index of the file in the export, and the frame in it, from 0.
    let entry: Int, frame: Int
    /// Whether the file holds several frames.
    let isMultiFrame: Bool
    let sopClass: String, instance: String, study: String
    let series: Series
    let frameOfReference: String?
    let acquisition: Int, instanceNumber: Int
    let rows: Int, columns: Int
    /// The distance of rows and of columns in mm.
    let pixelSpacing: SIMD2<Double>
    /// The thickness of the slice in mm, if it is known.
    let thickness: Double?
    /// The directions in which the column index and the row index grow: unit vectors to the left, back, and head.
    let axes: (SIMD3<Double>, SIMD3<Double>)
    /// The center of the first pixel in mm: to the left, back, and head.
    let position: SIMD3<Double>
    /// The time since the R wave in ms, and the number of the phase, if they are known.
    let triggerTime: Double?, temporalPosition: Double?
    /// A value is the stored one times the slope, plus the intercept.
    let slope: Double, intercept: Double
    /// The height in cm and the weight in kg of the patient, if they are known.
    let height: Double?, weight: Double?

    /// A series, as a user knows it.
    struct Series: Hashable, Sendable {
        let uid: String
        let number: Int
        let description: String

        /// A text such as `series 7 "cine sax"`.
        var name: String { "series \(number)" + (description.isEmpty ? "" : " \"\(description)\"") }
    }

    /// The direction in which slices are ordered: the cross product of the axes.
    var normal: SIMD3<Double> { axes.0.cross(axes.1) }

    /// The coordinate of the plane along its normal in mm.
    var offset: Double { (position * normal).sum() }

    /// The largest number of rows, columns, or frames that is believed.
    static let largestExtent = 4096

    /// Returns the images of a file: none if it is no image, and the reason if it cannot be used.
    static func images(of file: DICOMFile, entry: Int) -> Result<[DICOMImage], DICOMError> {
        guard let rows = file.integer(.rows), let columns = file.integer(.columns) else { return .success([]) }
        func refused(_ reason: String) -> Result<[DICOMImage], DICOMError> { .failure(DICOMError(file.name, reason)) }
        if let modality = file.text(.modality), modality != "MR" {
            // Segmentations, reports, and other kinds of images are no fault of an export.
            return .success([])
        }
        guard (1...largestExtent).contains(rows), (1...largestExtent).contains(columns) else {
            return refused("\(rows) rows and \(columns) columns: at most \(largestExtent) are expected.")
        }
        let frames = file.integer(.frameCount) ?? 1
        guard (1...largestExtent).contains(frames) else {
            return refused("\(frames) frames: at most \(largestExtent) are expected.")
        }
        if let photometric = file.text(.photometricInterpretation), photometric != "MONOCHROME2" {
            return refused("its photometric interpretation is \(photometric); MONOCHROME2 is expected.")
        }
        let isMultiFrame = frames > 1 || file.text(.position, in: .planePosition, frame: 0) != file.text(.position)
        var images: [DICOMImage] = []
        for frame in 0..<frames {
            guard let image = DICOMImage(file, entry, frame, isMultiFrame: isMultiFrame, rows, columns) else {
                return refused(
                    "its position, orientation, pixel spacing, or identifiers are missing or are no numbers.")
            }
            images.append(image)
        }
        return .success(images)
    }

    /// Returns whether another image lies in a plane parallel to this one, on the same grid of pixels.
    func hasGeometry(of other: DICOMImage) -> Bool {
        rows == other.rows && columns == other.columns && frameOfReference == other.frameOfReference
            && abs(pixelSpacing - other.pixelSpacing).max() < 1e-3 && abs(axes.0 - other.axes.0).max() < 2e-3
            && abs(axes.1 - other.axes.1).max() < 2e-3
    }
}

extension DICOMImage {
    fileprivate init?(_ file: DICOMFile, _ entry: Int, _ frame: Int, isMultiFrame: Bool, _ rows: Int, _ columns: Int) {
        let place = isMultiFrame ? frame : nil
        guard let sopClass = file.text(.sopClass), let instance = file.text(.sopInstance),
            let study = file.text(.study), let series = file.text(.series),
            let position = file.numbers(.position, in: .planePosition, frame: place), position.count == 3,
            let axes = file.numbers(.orientation, in: .planeOrientation, frame: place), axes.count == 6,
            let spacing = file.numbers(.pixelSpacing, in: .pixelMeasures, frame: place), spacing.count == 2,
            spacing.allSatisfy({ $0 > 0.01 && $0 < 100 }), position.allSatisfy({ abs($0) < 1e5 })
        else { return nil }
        let (row, column) = (SIMD3(axes[0], axes[1], axes[2]), SIMD3(axes[3], axes[4], axes[5]))
        // Unit vectors at right angles, up to the digits that headers have.
        guard abs((row * row).sum() - 1) < 0.01, abs((column * column).sum() - 1) < 0.01,
            abs((row * column).sum()) < 0.01
        else { return nil }
        (self.entry, self.frame, self.isMultiFrame) = (entry, frame, isMultiFrame)
        (self.sopClass, self.instance, self.study, self.rows, self.columns) = (
            sopClass, instance, study, rows, columns
        )
        self.series = Series(
            uid: series, number: file.integer(.seriesNumber) ?? 0, description: file.text(.seriesDescription) ?? "")
        frameOfReference = file.text(.frameOfReference)
        acquisition = file.integer(.acquisitionNumber) ?? 0
        instanceNumber = file.integer(.instanceNumber) ?? 0
        pixelSpacing = SIMD2(spacing[0], spacing[1])
        thickness = file.numbers(.sliceThickness, in: .pixelMeasures, frame: place)?.first
        self.axes = (row, column)
        self.position = SIMD3(position[0], position[1], position[2])
        triggerTime =
            isMultiFrame
            ? file.numbers(.triggerDelay, in: .cardiacSynchronization, frame: frame)?.first
            : file.numbers(.triggerTime)?.first
        temporalPosition =
            isMultiFrame
            ? file.numbers(.temporalPositionIndex, in: .frameContent, frame: frame)?.first
            : file.numbers(.temporalPosition)?.first
        let slope = file.numbers(.rescaleSlope, in: .pixelValueTransformation, frame: place)?.first ?? 1
        self.slope = slope == 0 ? 1 : slope
        intercept = file.numbers(.rescaleIntercept, in: .pixelValueTransformation, frame: place)?.first ?? 0
        height = file.numbers(.patientSize)?.first.map { $0 * 100 }
        weight = file.numbers(.patientWeight)?.first
    }
}

extension SIMD3<Double> {
    func cross(_ other: Self) -> Self {
        Self(y * other.z - z * other.y, z * other.x - x * other.z, x * other.y - y * other.x)
    }
}

private func abs<Vector: SIMD>(_ vector: Vector) -> Vector where Vector.Scalar == Double {
    vector.replacing(with: -vector, where: vector .< 0)
}
