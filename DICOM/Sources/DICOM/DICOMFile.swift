import CDCMTK
import Foundation

/// An error of reading or writing DICOM, as a sentence.
public struct DICOMError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, and what is wrong with it.
    public let description: String

    /// Creates an error of a file. Control characters, which the name of an entry may have, are left out.
    public init(_ file: String, _ reason: String) { description = DICOMFile.printable("\(file): \(reason)") }
}

/// A DICOM file that has been read by DCMTK, whole or up to its pixels.
///
/// A file is used by one task at a time.
final class DICOMFile {
    let handle: OpaquePointer
    /// The path, for messages.
    let name: String

    /// Reads a file.
    init(path: String, headerOnly: Bool) throws(DICOMError) {
        name = path
        handle = try Self.reading(path) { dicom_open(path, headerOnly ? 1 : 0, $0) }
    }

    /// Reads a file in memory.
    init(_ bytes: [UInt8], name: String, headerOnly: Bool) throws(DICOMError) {
        self.name = name
        handle = try Self.reading(name) { message in
            bytes.withUnsafeBytes { dicom_open_memory($0.baseAddress, $0.count, headerOnly ? 1 : 0, message) }
        }
    }

    deinit { dicom_close(handle) }

    private static func reading(
        _ name: String, _ open: (UnsafeMutablePointer<CChar>) -> OpaquePointer?
    ) throws(DICOMError) -> OpaquePointer {
        var message = [CChar](repeating: 0, count: Int(dicom_message_size))
        guard let handle = message.withUnsafeMutableBufferPointer({ open($0.baseAddress!) }) else {
            throw DICOMError(name, "it cannot be read as DICOM: \(text(message)).")
        }
        return handle
    }

    /// Returns whether bytes begin like a DICOM file: 128 bytes of preamble, then `DICM`.
    static func isDICOM(_ start: some Collection<UInt8>) -> Bool {
        start.count >= 132 && start.dropFirst(128).prefix(4).elementsEqual("DICM".utf8)
    }

    /// Returns the values of an element, separated by backslashes; `nil` if there are none.
    ///
    /// - Parameters:
    ///   - group: The sequence of the functional group in which a multi-frame image has the element.
    ///   - frame: The frame of a multi-frame image, from 0; `nil` for an image of one frame.
    func text(_ tag: DICOMTag, in group: DICOMTag? = nil, frame: Int? = nil) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = buffer.withUnsafeMutableBufferPointer { buffer in
            if let group, let frame {
                let length = dicom_frame_text(
                    handle, UInt32(frame), group.group, group.element, tag.group, tag.element, buffer.baseAddress!,
                    buffer.count)
                if length >= 0 { return length }
            }
            return dicom_text(handle, tag.group, tag.element, buffer.baseAddress!, buffer.count)
        }
        guard length > 0 else { return nil }
        let text = Self.text(buffer).trimmingCharacters(in: .whitespaces)
        return text.isEmpty ? nil : text
    }

    /// Returns the numbers of an element; `nil` if there are none, or one is not a finite number.
    func numbers(_ tag: DICOMTag, in group: DICOMTag? = nil, frame: Int? = nil) -> [Double]? {
        guard let text = text(tag, in: group, frame: frame) else { return nil }
        let numbers = text.split(separator: "\\").map { Double($0.trimmingCharacters(in: .whitespaces)) }
        guard numbers.allSatisfy({ $0?.isFinite == true }) else { return nil }
        return numbers.compactMap { $0 }
    }

    /// Returns the integer of an element, if there is one.
    func integer(_ tag: DICOMTag) -> Int? {
        numbers(tag)?.first.flatMap { Int(exactly: $0) }
    }

    /// Returns the stored values of a frame, from 0, row by row, without rescaling.
    func pixels(frame: Int, rows: Int, columns: Int) throws(DICOMError) -> [Float] {
        var pixels = [Float](repeating: 0, count: rows * columns)
        var message = [CChar](repeating: 0, count: Int(dicom_message_size))
        let status = pixels.withUnsafeMutableBufferPointer { pixels in
            message.withUnsafeMutableBufferPointer { message in
                dicom_pixels(handle, UInt32(frame), pixels.baseAddress!, pixels.count, message.baseAddress!)
            }
        }
        guard status == 0 else { throw DICOMError(name, "\(Self.text(message)).") }
        return pixels
    }

    /// Returns text as it may be printed: Latin-1 where it is not UTF-8, without control characters.
    static func text(_ buffer: [CChar]) -> String {
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return printable(
            String(validating: bytes, as: UTF8.self) ?? String(bytes: bytes, encoding: .isoLatin1) ?? "")
    }

    /// Returns text without control characters.
    static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { !$0.properties.isControl }))
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isControl: Bool {
        switch generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}

/// The group and element numbers of an element.
struct DICOMTag: Hashable, Sendable {
    let group, element: UInt16

    init(_ group: UInt16, _ element: UInt16) { (self.group, self.element) = (group, element) }

    static let imageType = DICOMTag(0x0008, 0x0008)
    static let sopClass = DICOMTag(0x0008, 0x0016)
    static let sopInstance = DICOMTag(0x0008, 0x0018)
    static let modality = DICOMTag(0x0008, 0x0060)
    static let seriesDescription = DICOMTag(0x0008, 0x103e)
    static let patientSize = DICOMTag(0x0010, 0x1020)
    static let patientWeight = DICOMTag(0x0010, 0x1030)
    static let sliceThickness = DICOMTag(0x0018, 0x0050)
    static let triggerTime = DICOMTag(0x0018, 0x1060)
    static let study = DICOMTag(0x0020, 0x000d)
    static let series = DICOMTag(0x0020, 0x000e)
    static let seriesNumber = DICOMTag(0x0020, 0x0011)
    static let acquisitionNumber = DICOMTag(0x0020, 0x0012)
    static let instanceNumber = DICOMTag(0x0020, 0x0013)
    static let position = DICOMTag(0x0020, 0x0032)
    static let orientation = DICOMTag(0x0020, 0x0037)
    static let frameOfReference = DICOMTag(0x0020, 0x0052)
    static let temporalPosition = DICOMTag(0x0020, 0x0100)
    static let photometricInterpretation = DICOMTag(0x0028, 0x0004)
    static let frameCount = DICOMTag(0x0028, 0x0008)
    static let rows = DICOMTag(0x0028, 0x0010)
    static let columns = DICOMTag(0x0028, 0x0011)
    static let pixelSpacing = DICOMTag(0x0028, 0x0030)
    static let rescaleIntercept = DICOMTag(0x0028, 0x1052)
    static let rescaleSlope = DICOMTag(0x0028, 0x1053)

    // Functional groups of multi-frame images, and what stands in no other place.
    static let cardiacSynchronization = DICOMTag(0x0018, 0x9118)
    static let frameContent = DICOMTag(0x0020, 0x9111)
    static let planePosition = DICOMTag(0x0020, 0x9113)
    static let planeOrientation = DICOMTag(0x0020, 0x9116)
    static let temporalPositionIndex = DICOMTag(0x0020, 0x9128)
    static let triggerDelay = DICOMTag(0x0020, 0x9153)
    static let pixelMeasures = DICOMTag(0x0028, 0x9110)
    static let pixelValueTransformation = DICOMTag(0x0028, 0x9145)
}
