import Foundation
import Testing
import Volumes

@testable import DICOM

/// The search for cines among headers, without files; Scripts/dicom-test has the files.
@Suite struct CineSearchTests {
    private let axes = (SIMD3(0.8, 0.6, 0), SIMD3(0, 0, -1.0))

    /// The header of an image at a place along the normal.
    private func image(
        offset: Double, number: Int, time: Double? = nil, series: Int = 1, description: String = "sax",
        instance: String? = nil
    ) -> DICOMImage {
        let normal = axes.0.cross(axes.1)
        return DICOMImage(
            instance: instance ?? "\(series).\(offset).\(number)", series: series, description: description,
            number: number, axes: axes, position: normal * offset, triggerTime: time)
    }

    private func stack(slices: Int = 4, phases: Int = 5, gap: Double = 10, series: Int = 1) -> [DICOMImage] {
        (0..<slices).flatMap { slice in
            (0..<phases).map {
                image(offset: gap * Double(slice), number: slice * phases + $0, time: 40 * Double($0), series: series)
            }
        }
    }

    private func search(_ images: [DICOMImage]) -> DICOMExport.Cines { DICOMExport.cines(in: images) }

    @Test func ordersSlicesByPositionAndPhasesByTime() throws {
        let found = search(stack().shuffled())
        let cine = try #require(found.cines.first)
        #expect(cine.extent == Volume.Extent(x: 64, y: 48, slices: 4, frames: 5) && cine.spacing == 10)
        #expect(cine.slices.map { $0[0].offset.rounded() } == [0, 10, 20, 30])
        for slice in cine.slices { #expect(slice.map(\.triggerTime) == [0, 40, 80, 120, 160]) }
        #expect(cine.phaseDuration == 40 && cine.warnings.isEmpty)
    }

    @Test func aTimeThatIsTheSameForAllIsNone() throws {
        let images = (0..<4).flatMap { slice in
            (0..<5).map { image(offset: 10 * Double(slice), number: 10 - $0, time: 0) }
        }
        let cine = try #require(search(images).cines.first)
        for slice in cine.slices { #expect(slice.map(\.instanceNumber) == [6, 7, 8, 9, 10]) }
    }

    @Test func namesWhatIsMissing() throws {
        var images = stack()
        images.remove(at: 6)
        #expect(
            search(images).errors.first?.description.contains("slice 2 of 4 has 4 phases, and others have 5") == true)
        let gap = stack().filter { Swift.abs($0.offset - 10) > 1 }
        #expect(search(gap).errors.first?.description.contains("slices 1 and 2 are 20.0 mm apart") == true)
        #expect(search([]).errors.count == 1)
    }

    @Test func theLastTakeOfASliceCounts() throws {
        let again = (0..<5).map { image(offset: 20, number: $0, time: 40 * Double($0), series: 9) }
        let found = search(stack() + again)
        let cine = try #require(found.cines.first)
        #expect(cine.slices[2].allSatisfy { $0.series.number == 9 })
        #expect(cine.warnings.count == 1 && cine.extent.slices == 4)
    }

    @Test func copiesAreLeftOut() throws {
        let found = search(stack() + stack().prefix(5))
        #expect(found.cines.first?.extent.frames == 5)
        #expect(found.cines.first?.warnings == ["5 images are copies of others, and left out."])
    }

    @Test func theDescribedStackIsTakenOrElseTheLargest() throws {
        let large = stack(slices: 9, series: 2).map { $0.described("cine tra", shiftedBy: 300) }
        #expect(search(stack() + large).cines.first?.extent.slices == 4)
        #expect(search(stack().map { $0.described("cine", shiftedBy: 0) } + large).cines.first?.extent.slices == 9)
        #expect(search(stack(slices: 2)).errors.count == 1)
    }

    @Test func studiesAreApart() {
        let other = stack(series: 2).map { $0.inStudy("2") }
        #expect(search(stack() + other).cines.count == 2)
    }

    @Test func textIsPrintable() {
        let bytes = Array("a\u{1b}[31mb\u{7}\u{202e}ü".utf8).map { CChar(bitPattern: $0) } + [0, 65]
        #expect(DICOMFile.text(bytes) == "a[31mbü")
        #expect(DICOMFile.text([CChar(bitPattern: 0xfc), 0]) == "ü")
    }
}
