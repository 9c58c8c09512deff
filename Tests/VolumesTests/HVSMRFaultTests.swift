import Foundation
import Testing
import Volumes

@Suite struct HVSMRFaultTests {
    private func problems(_ error: VolumesError?) -> [String] {
        guard case .incomplete(_, let problems) = error else { return [] }
        return problems
    }

    @Test("Every fault of every patient is listed in one error, before an image is opened")
    func all() throws {
        let folder = try HVSMRFolder()
        try folder.add(0)
        try folder.write(folder.file(), "training_axial_crop_pat1.nii.gz")
        try folder.write(folder.labels(), "training_axial_crop_pat2-label.nii.gz")
        try folder.add(3)
        try Data().write(to: folder.temporary.file("training_axial_crop_pat3.nii.gz"))
        try folder.add(4)
        try folder.write(folder.file(), "copy/training_axial_crop_pat4.nii.gz")
        try folder.write(folder.labels(), "training_axial_crop_pat5-label.nii.gz")
        try FileManager.default.createDirectory(
            at: folder.temporary.file("training_axial_crop_pat5.nii.gz"), withIntermediateDirectories: true)

        let error = #expect(throws: VolumesError.self) { try HVSMR(contentsOf: folder.url) }
        #expect(
            problems(error) == [
                "training_axial_crop_pat1-label.nii.gz is missing (labels of training_axial_crop_pat1.nii.gz)",
                "training_axial_crop_pat2-label.nii.gz is there, but not the image that it belongs to",
                "training_axial_crop_pat3.nii.gz is empty",
                "training_axial_crop_pat4.nii.gz is a second image of pat4 next to copy/training_axial_crop_pat4.nii.gz; "
                    + "keep one",
                "training_axial_crop_pat5.nii.gz is a folder, but must be a file",
            ])
        #expect(error?.description.contains("5 pieces of the data set missing or broken") == true)
        let unlabelled = #expect(throws: VolumesError.self) {
            try HVSMR(contentsOf: folder.url, requiringLabels: false)
        }
        #expect(problems(unlabelled).count == 4)
    }

    @Test("Folders that are none of the data set")
    func wrongFolders() throws {
        let folder = try HVSMRFolder()
        let nowhere = folder.temporary.file("nowhere")
        #expect(throws: VolumesError.missing(file: nowhere.path)) { try HVSMR(contentsOf: nowhere) }
        let empty = #expect(throws: VolumesError.self) { try HVSMR(contentsOf: folder.url) }
        #expect(empty?.description.contains("hold no training_axial_full_pat0.nii.gz") == true)
        try folder.add(0)
        let file = #expect(throws: VolumesError.self) {
            try HVSMR(contentsOf: folder.temporary.file("training_axial_crop_pat0.nii.gz"))
        }
        #expect(file?.description.contains("it is a file") == true)
    }

    @Test("Label maps that do not fit and broken files are all listed when they are loaded")
    func broken() async throws {
        let folder = try HVSMRFolder()
        try folder.add(0, 1, 2, 3, 4, 5, 6)
        func path(_ number: Int, _ ending: String = "") -> String { "training_axial_crop_pat\(number)\(ending).nii.gz" }
        try Data("not an image".utf8).write(to: folder.temporary.file(path(0)))
        try folder.write(
            folder.file(
                extent: .init(x: 4, y: 4, slices: 6), spacing: .init(x: 0.75, y: 1, slice: 1.5), datatype: .uint16
            ) { i, _, _ in i == 0 ? 3 : 0 }, path(1, "-label"))
        try folder.write(folder.labels(blood: 5), path(2, "-label"))
        var turned = folder.labels()
        turned.geometry.affineX[2] *= -1
        try folder.write(turned, path(3, "-label"))
        try folder.write(folder.file(oriented: false), path(4))
        try folder.write(folder.file(extent: .init(x: 5, y: 4, slices: 6, frames: 2)), path(5))

        let hvsmr = try HVSMR(contentsOf: folder.url)
        let thrown = await #expect(throws: VolumesError.self) {
            try await hvsmr.scans(preparedBy: Preprocessing(spacing: 1, size: 4), workers: 3)
        }
        let found = problems(thrown)
        let expected = [
            "pat0.nii.gz: ", "pat1-label.nii.gz: dim is 4 × 4 × 6, but must be 5 × 4 × 6 as in the image",
            "pat1-label.nii.gz: pixdim is 0.75 × 1.0 × 1.5 mm, but must be 0.75 × 1.0 × 1.25 mm as in the image",
            "pat1-label.nii.gz: a label is 3.0 in 24 voxels, this one first, but must be 0, 1, 2, or 64 or 71",
            "pat2-label.nii.gz: a label is 5.0 in one voxel, but must be 0, 1, 2",
            "pat3-label.nii.gz: orientation is PIL, but must be PIR as in the image",
            "pat4.nii.gz: the affine is none, or in contradiction to pixdim, but must be an orientation",
            "pat5.nii.gz: dim[4] is 2, but must be 1",
        ]
        #expect(found.count == expected.count, "\(found)")
        for (text, part) in zip(found, expected) { #expect(text.contains(part)) }

        // Who names the axis needs no affine.
        var single = hvsmr
        single.patients = [hvsmr.patients[4]]
        let scans = try await single.scans(preparedBy: Preprocessing(spacing: 1, size: 4), slicing: .y)
        #expect(scans[0].volume.sliceCount == 4 && scans[0].order == AxisPermutation([0, 2, 1]))
    }
}
