import Foundation
import Reporting
import Testing

@Suite struct SliceOverlayTests {
    private let structures = [
        SliceOverlay.Structure(1, "right ventricle"), SliceOverlay.Structure(2, "myocardium"),
        SliceOverlay.Structure(3, "left ventricle"),
    ]
    /// A ring of 2 around a 3, and a 1 beside it, in an image of 8 × 6 pixels.
    private let labels: [UInt8] = [
        0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 2, 2, 2, 0, 0, 0,
        0, 1, 2, 3, 2, 0, 0, 0,
        0, 1, 2, 2, 2, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
    ]

    private func overlay(
        spacing: (x: Double, y: Double) = (1, 1), reference: [UInt8]?, prediction: [UInt8]?
    ) -> SliceOverlay {
        var intensities = (0..<48).map { Float($0) / 47 }
        intensities[0] = .nan
        intensities[1] = 3
        return SliceOverlay(
            "patient", intensities: intensities, width: 8, spacing: spacing, reference: reference,
            prediction: prediction, structures: structures)
    }

    private func size(_ slice: WellFormed) -> (width: Double, height: Double) {
        let image = slice.all("image")[0].attributes
        return (Double(image["width"]!)!, Double(image["height"]!)!)
    }

    @Test func theImageIsDrawnWithTheFormOfItsPixels() {
        for (spacing, ratio) in [((1.0, 1.0), 6.0 / 8), ((1.5, 0.75), 3.0 / 8), ((1, 3), 18.0 / 8)] {
            let size = size(WellFormed(overlay(spacing: spacing, reference: labels, prediction: nil)))
            #expect(abs(size.height / size.width - ratio) < 1e-3)
        }
    }

    @Test func theImageHoldsThePixels() throws {
        let slice = WellFormed(overlay(reference: nil, prediction: nil))
        let address = try #require(slice.all("image")[0].attributes["href"])
        let png = try DecodedPNG(#require(Data(base64Encoded: String(address.drop { $0 != "," }.dropFirst()))))
        #expect(png.width == 8 && png.height == 6)
        #expect(png.pixels[0] == 0 && png.pixels[1] == 255 && png.pixels[47] == 255 && png.pixels[24] == 130)
    }

    @Test func thePredictionIsSolidAndTheReferenceDashed() {
        let both = WellFormed(overlay(reference: labels, prediction: labels))
        let outlines = both.all("path").filter { $0.attributes["d"]!.contains("Q") }
        #expect(outlines.count == 12, "two lines for each of three structures, twice")
        #expect(outlines.filter { $0.attributes["style"]!.contains("stroke-dasharray") }.count == 6)
        #expect(both.texts().contains("prediction") && both.texts().contains("reference"))
        let one = WellFormed(overlay(reference: nil, prediction: labels))
        #expect(one.all("path").filter { $0.attributes["d"]!.contains("Q") }.count == 6)
        #expect(!one.texts().contains("reference"))
    }

    @Test func aHoleThatAnotherStructureFillsIsOutlinedOnce() {
        func pieces(_ labels: [UInt8]) -> Int {
            let slice = WellFormed(overlay(reference: nil, prediction: labels))
            return slice.all("path").compactMap { $0.attributes["d"] }.filter { $0.contains("Q") }
                .map { $0.filter { $0 == "M" }.count }.reduce(0, +) / 2
        }
        #expect(pieces(labels) == 3)
        #expect(
            pieces(labels.map { $0 == 3 ? 0 : $0 }) == 3, "the ring's outer and inner border, and the right ventricle")
    }

    @Test func outlinesLieWhereTheLabelsAre() throws {
        let slice = WellFormed(overlay(spacing: (2, 1), reference: nil, prediction: labels))
        let pixel = (x: 300.0 / 8, y: 300.0 / 16)
        // The left ventricle is one pixel: column 3, row 2.
        let numbers = try #require(slice.all("path").last { $0.attributes["d"]!.contains("Q") }).numbers
        let (xs, ys) = (
            stride(from: 0, to: numbers.count, by: 2).map { numbers[$0] },
            stride(from: 1, to: numbers.count, by: 2).map { numbers[$0] }
        )
        #expect(xs.min()! >= 3 * pixel.x - 0.02 && xs.max()! <= 4 * pixel.x + 0.02)
        #expect(ys.min()! >= 2 * pixel.y - 0.02 && ys.max()! <= 3 * pixel.y + 0.02)
    }

    @Test func croppingKeepsAllOutlinesAndTheMargin() throws {
        let whole = overlay(reference: labels, prediction: nil)
        let cropped = WellFormed(whole.cropped(margin: 1))
        let address = try #require(cropped.all("image")[0].attributes["href"])
        let png = try DecodedPNG(#require(Data(base64Encoded: String(address.drop { $0 != "," }.dropFirst()))))
        // Columns 1 to 4 and rows 1 to 3 are labelled: a square of four pixels and one around it.
        #expect(png.width == 6 && png.height == 6)
        #expect(png.pixels[6] == UInt8((8.0 / 47 * 255).rounded()))
        let empty = overlay(reference: nil, prediction: [UInt8](repeating: 0, count: 48))
        #expect(size(WellFormed(empty.cropped(margin: 1))).width == 300)
    }
}
