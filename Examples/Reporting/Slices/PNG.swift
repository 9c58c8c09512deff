import CZlib
import Foundation

/// An image in PNG format, with eight bits per channel.
///
/// Source: W3C, Portable Network Graphics (PNG) Specification, 2nd edition, sections 5 and 11.
public struct PNG: Sendable {
    /// The contents of the file.
    public let data: Data

    /// Creates a grayscale image from pixels in row-major order, from 0 for black to 255 for white.
    ///
    /// - Precondition: There are `width · height` bytes, and neither is zero.
    public init(grey pixels: [UInt8], width: Int, height: Int) {
        data = Self.file(pixels, width: width, height: height, channels: 1, colorType: 0)
    }

    /// Creates a color image from pixels in row-major order, each as red, green, and blue.
    ///
    /// - Precondition: There are `3 · width · height` bytes, and neither is zero.
    public init(rgb pixels: [UInt8], width: Int, height: Int) {
        data = Self.file(pixels, width: width, height: height, channels: 3, colorType: 2)
    }

    /// The file as a data URL that a page can embed: `data:image/png;base64,…`.
    public var address: String { "data:image/png;base64,\(data.base64EncodedString())" }

    private static func file(_ pixels: [UInt8], width: Int, height: Int, channels: Int, colorType: UInt8) -> Data {
        precondition(
            (1...65_535).contains(width) && (1...65_535).contains(height), "an image of \(width) × \(height) pixels")
        precondition(
            pixels.count == width * height * channels,
            "\(pixels.count) bytes for \(width) × \(height) pixels of \(channels)")
        // A byte before every row names its filter: 1, the difference from the pixel on the left, compresses well.
        var rows: [UInt8] = []
        rows.reserveCapacity(pixels.count + height)
        let length = width * channels
        for row in 0..<height {
            rows.append(1)
            for place in row * length..<(row + 1) * length {
                rows.append(place - row * length < channels ? pixels[place] : pixels[place] &- pixels[place - channels])
            }
        }
        let header = bigEndian(UInt32(width)) + bigEndian(UInt32(height)) + [8, colorType, 0, 0, 0]
        return Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
            + chunk("IHDR", header) + chunk("IDAT", deflated(rows)) + chunk("IEND", [])
    }

    private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
        var length = compressBound(uLong(bytes.count))
        var result = [UInt8](repeating: 0, count: Int(length))
        let status = compress2(&result, &length, bytes, uLong(bytes.count), 9)
        precondition(status == Z_OK, "zlib cannot compress \(bytes.count) bytes: status \(status)")
        return Array(result.prefix(Int(length)))
    }

    /// Returns a chunk: length, type, contents, and the CRC of type and contents.
    private static func chunk(_ type: String, _ contents: [UInt8]) -> Data {
        let body = Array(type.utf8) + contents
        let sum = crc32(0, body, uInt(body.count))
        return Data(bigEndian(UInt32(contents.count)) + body + bigEndian(UInt32(sum)))
    }

    private static func bigEndian(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }
}
