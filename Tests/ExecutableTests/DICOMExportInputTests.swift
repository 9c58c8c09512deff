import Foundation
import Testing
import Volumes
import _TestSupport

@testable import Segment

/// DICOM exports among the inputs of Segment; Scripts/dicom-test reads real ones.
@Suite struct DICOMExportInputTests {
    private let home: _TestSupport.TemporaryFolder

    init() throws { home = try _TestSupport.TemporaryFolder() }

    private func write(_ bytes: [UInt8], _ name: String) throws -> String {
        let file = home.url.appendingPathComponent(name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: file)
        return file.path
    }

    private let dicom = [UInt8](repeating: 0, count: 128) + Array("DICM".utf8) + [8, 0]
    private let zip = Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0, count: 200)

    @Test func areToldByTheirFirstBytes() throws {
        #expect(DICOMExportInput.isExport(try write(dicom, "a/IM0001")))
        #expect(DICOMExportInput.isExport(try write(zip, "b/export.bin")))
        #expect(!DICOMExportInput.isExport(try write(Array("DICM".utf8), "c/short.dcm")))
        #expect(!DICOMExportInput.isExport(try write([], "c/empty.zip")))
        #expect(!DICOMExportInput.isExport(home.file("nowhere").path))
    }

    @Test func aFolderIsOneIfNoImageInItIsNIfTI() throws {
        _ = try write(dicom, "scan/series/IM0001")
        _ = try write(Array("text".utf8), "scan/README")
        #expect(DICOMExportInput.isExport(home.file("scan").path))
        _ = try write([1], "scan/heart.nii.gz")
        #expect(!DICOMExportInput.isExport(home.file("scan").path))
        _ = try write([1], "empty/README")
        #expect(!DICOMExportInput.isExport(home.file("empty").path))
    }

    @Test func namesObjectsAfterThePhases() throws {
        var input = Input(file: "/x/export.zip", name: "export", contents: home.file("cine-1.nii"))
        #expect(input.objectNames(nil).isEmpty)
        input.export = DICOMExportInput(path: "/x/export.zip")
        let inputs = try Input.all([], channels: 1, names: OutputName(OutputName.standard), exported: [input])
        #expect(inputs[0].objectNames(nil).map(\.name) == ["export_seg.dcm"])
        let objects = inputs[0].objectNames(ACDC.Moments(endDiastole: 2, endSystole: 9))
        #expect(objects.map(\.name) == ["export_seg_ED.dcm", "export_seg_ES.dcm"])
        #expect(objects.map(\.frame) == [2, 9] && inputs[0].url == home.file("cine-1.nii"))
    }
}
