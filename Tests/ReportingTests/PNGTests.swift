import CZlib
import Foundation
import Reporting
import Testing

@Suite struct PNGTests {
    @Test(arguments: [(1, 1), (5, 3), (64, 40), (1, 7)]) func greyImagesSurvive(width: Int, height: Int) throws {
        let pixels = (0..<width * height).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / width) }
        let image = try DecodedPNG(PNG(grey: pixels, width: width, height: height).data)
        #expect(image.width == width && image.height == height && image.channels == 1)
        #expect(image.pixels == pixels)
    }

    @Test func colouredImagesSurvive() throws {
        let pixels = (0..<3 * 6 * 4).map { UInt8(truncatingIfNeeded: $0 * $0 * 11) }
        let image = try DecodedPNG(PNG(rgb: pixels, width: 6, height: 4).data)
        #expect(image.channels == 3 && image.pixels == pixels)
    }

    /// A picture that any decoder of today agrees on: one black pixel, written out by hand.
    @Test func theChunksAreThoseOfTheSpecification() {
        let bytes = Array(PNG(grey: [0], width: 1, height: 1).data)
        #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        let header: [UInt8] = [
            0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3A, 0x7E, 0x9B, 0x55,
        ]
        #expect(Array(bytes[8..<33]) == header)
        #expect(bytes.suffix(12) == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
    }

    @Test func theAddressHoldsTheFile() throws {
        let png = PNG(grey: [1, 2, 3, 4], width: 2, height: 2)
        let prefix = "data:image/png;base64,"
        #expect(png.address.hasPrefix(prefix))
        #expect(Data(base64Encoded: String(png.address.dropFirst(prefix.count))) == png.data)
    }
}

/// A slow reader of what `PNG` may write: checks every length and CRC, inflates, undoes the filters.
struct DecodedPNG {
    struct Fault: Error { let reason: String }

    let width: Int, height: Int, channels: Int
    let pixels: [UInt8]

    init(_ data: Data) throws {
        let bytes = Array(data)
        func number(at place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
        var (place, packed, header) = (8, [UInt8](), [UInt8]())
        while place < bytes.count {
            let length = number(at: place)
            let body = Array(bytes[place + 4..<place + 8 + length])
            guard Int(crc32(0, body, uInt(body.count))) == number(at: place + 8 + length) else {
                throw Fault(reason: "the CRC at \(place)")
            }
            switch String(decoding: body.prefix(4), as: UTF8.self) {
            case "IHDR": header = Array(body.dropFirst(4))
            case "IDAT": packed += body.dropFirst(4)
            case "IEND": guard place + 12 == bytes.count else { throw Fault(reason: "more after the end") }
            default: throw Fault(reason: "an unknown chunk")
            }
            place += 12 + length
        }
        guard header.count == 13, header[8] == 8, header[10...] == [0, 0, 0] else { throw Fault(reason: "the header") }
        (width, height) = (number(at: 16), number(at: 20))
        channels = header[9] == 0 ? 1 : 3
        let row = width * channels
        var raw = [UInt8](repeating: 0, count: (row + 1) * height)
        var count = uLong(raw.count)
        guard uncompress(&raw, &count, packed, uLong(packed.count)) == Z_OK, Int(count) == raw.count else {
            throw Fault(reason: "the pixels")
        }
        var pixels: [UInt8] = []
        for line in 0..<height {
            let start = line * (row + 1)
            for column in 0..<row {
                let left = raw[start] == 1 && column >= channels ? pixels[line * row + column - channels] : 0
                pixels.append(raw[start + 1 + column] &+ left)
            }
        }
        self.pixels = pixels
    }
}
