import CDCMTK
import Foundation
import Volumes

extension ShortAxisCine {
    /// Writes the labels of one phase as a DICOM segmentation object, which refers to the images of that phase.
    ///
    /// - Parameters:
    ///   - labels: The label map of the phase: one frame with the columns, rows, and slices of the cine.
    ///   - classes: The names of the labels, the background first.
    ///   - phase: The phase, from 0.
    ///   - export: The export in which the cine was found.
    ///   - software: The name and version of the program that made the labels.
    ///   - path: The file to write.
    /// - Throws: `DICOMError` if the labels do not fit, all of them are background, or the file cannot be written.
    public func writeSegmentation(
        _ labels: Volume, classes: [String], phase: Int, from export: DICOMExport,
        software: (name: String, version: String), to path: String
    ) throws(DICOMError) {
        let extent = extent
        guard labels.extent == Volume.Extent(x: extent.x, y: extent.y, slices: extent.slices) else {
            throw DICOMError(path, "labels of \(labels.extent) do not fit the cine of \(extent).")
        }
        guard (0..<extent.frames).contains(phase) else {
            throw DICOMError(path, "the cine has \(extent.frames) phases, and phase \(phase + 1) is asked for.")
        }
        let values = labels.voxels.map { UInt8(exactly: $0) ?? 0 }
        guard values.contains(where: { $0 > 0 && Int($0) < classes.count }) else {
            throw DICOMError(path, "all labels are background, so that no segmentation object is written.")
        }
        let images = slices.map { $0[phase] }
        let source = try export.file(images[0].entry, headerOnly: true)
        let memory = Strings()
        let codes = Code.codes(of: classes)
        let segments = classes.indices.dropFirst().map { label in
            dicom_segment(
                label: UInt8(label), name: memory.copy(classes[label]), code: memory.copy(codes[label].value),
                meaning: memory.copy(codes[label].meaning))
        }
        let status = values.withUnsafeBufferPointer { values -> (Int32, String) in
            let planes = images.enumerated().map { slice, image in
                dicom_plane(
                    labels: values.baseAddress! + slice * extent.x * extent.y,
                    position: (image.position.x, image.position.y, image.position.z),
                    source_class: memory.copy(image.sopClass), source_instance: memory.copy(image.instance),
                    source_series: memory.copy(image.series.uid),
                    source_frame: image.isMultiFrame ? UInt16(image.frame + 1) : 0)
            }
            return segments.withUnsafeBufferPointer { segments in
                planes.withUnsafeBufferPointer { planes in
                    let (row, column) = images[0].axes
                    var object = dicom_segmentation()
                    object.rows = UInt16(extent.y)
                    object.columns = UInt16(extent.x)
                    object.pixel_spacing = (images[0].pixelSpacing.x, images[0].pixelSpacing.y)
                    object.thickness = images[0].thickness ?? spacing
                    object.spacing = spacing
                    object.orientation = (row.x, row.y, row.z, column.x, column.y, column.z)
                    object.segments = segments.baseAddress
                    object.segment_count = segments.count
                    object.planes = planes.baseAddress
                    object.plane_count = planes.count
                    object.software = memory.copy(software.name)
                    object.version = memory.copy(software.version)
                    object.series_description = memory.copy("Segmentation, phase \(phase + 1) of \(extent.frames)")
                    object.series_number = UInt32(clamping: 9000 + phase)
                    var message = [CChar](repeating: 0, count: Int(dicom_message_size))
                    let status = dicom_write_segmentation(source.handle, &object, path, &message)
                    return (status, DICOMFile.text(message))
                }
            }
        }
        guard status.0 == 0 else { throw DICOMError(path, "the segmentation object cannot be written: \(status.1).") }
    }
}

/// The code of a structure in SNOMED CT.
private struct Code {
    let value: String, meaning: String

    /// Returns the codes of classes: those of the heart where its structures are known by their names, and tissue
    /// elsewhere.
    static func codes(of classes: [String]) -> [Code] {
        var codes = classes.map { _ in Code(value: "85756007", meaning: "Tissue") }
        guard let heart = CardiacLabels(classNames: classes) else { return codes }
        codes[heart.leftVentricle] = Code(value: "87878005", meaning: "Left ventricle")
        codes[heart.rightVentricle] = Code(value: "53085002", meaning: "Right ventricle")
        codes[heart.myocardium] = Code(value: "74281007", meaning: "Myocardium")
        return codes
    }
}

/// Copies of strings for C, released together.
private final class Strings {
    private var copies: [UnsafeMutablePointer<CChar>] = []

    func copy(_ text: String) -> UnsafePointer<CChar>? {
        guard let copy = strdup(text) else { return nil }
        copies.append(copy)
        return UnsafePointer(copy)
    }

    deinit { for copy in copies { free(copy) } }
}
