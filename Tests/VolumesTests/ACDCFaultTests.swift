import Foundation
import Testing
import Volumes

@Suite struct ACDCFaultTests {
    /// What is wrong with a folder.
    private func error(_ url: URL) -> VolumesError? {
        do throws(VolumesError) {
            _ = try ACDC(contentsOf: url)
            return nil
        } catch {
            return error
        }
    }

    private func problems(_ error: VolumesError?) -> [String] {
        guard case .incomplete(_, let problems) = error else { return [] }
        return problems
    }

    @Test("Every fault of every patient is listed in one error")
    func all() throws {
        let folder = try ACDCFolder()
        for number in 1...9 { try folder.add(number) }
        try folder.remove(1, "Info.cfg")
        try folder.remove(2, "patient002_frame12.nii.gz")
        try folder.write("ED: zero\nES: 12\nGroup: NOR\nNbFrame: 30\n", "Info.cfg", of: 3)
        try folder.write("ED: 1\nES: 31\nGroup: ABC\nNbFrame: 30\n", "Info.cfg", of: 4)
        try folder.write("ED: 1\nES: 1\nNbFrame: 30\n", "Info.cfg", of: 5)
        try folder.remove(6, "patient006_frame01_gt.nii.gz")
        try folder.write("", "patient007_frame12.nii.gz", of: 7)
        try folder.remove(8, "patient008_frame01.nii.gz")
        try FileManager.default.createDirectory(
            at: folder.url(8, "patient008_frame01.nii"), withIntermediateDirectories: true)
        try Data().write(to: folder.home.appending(path: "patient010"))

        let error = error(folder.temporary.url)
        #expect(
            problems(error) == [
                "patient001/Info.cfg is missing",
                "patient002/patient002_frame12.nii.gz is missing (end systole, frame 12 by Info.cfg)",
                "patient003/Info.cfg: ED is 'zero', but must be a whole number from 1 to NbFrame, 30",
                "patient004/Info.cfg: ES is '31', but must be a whole number from 1 to NbFrame, 30",
                "patient004/Info.cfg: Group is 'ABC', but must be one of DCM, HCM, MINF, NOR, RV",
                "patient005/Info.cfg: ED and ES are both frame 1, but must differ",
                "patient006/patient006_frame01_gt.nii.gz is missing (labels of end diastole)",
                "patient007/patient007_frame12.nii.gz is empty",
                "patient008/patient008_frame01.nii is a folder, but must be a file",
                "patient010 is a file, but must be a folder",
            ])
        let text = error?.description ?? ""
        #expect(text.contains("10 pieces of the data set missing or broken; unpack the archive again"))
        #expect(text.contains("patient010 is a file"))
    }

    @Test("The number of the end-diastolic frame is the patient's own")
    func endDiastole() throws {
        let folder = try ACDCFolder()
        try folder.add(90, endDiastole: 4, endSystole: 11, frameCount: 12)
        try FileManager.default.moveItem(
            at: folder.url(90, "patient090_frame04.nii.gz"), to: folder.url(90, "patient090_frame01.nii.gz"))
        #expect(
            problems(error(folder.home)) == [
                "patient090/patient090_frame04.nii.gz is missing (end diastole, frame 4 by Info.cfg)"
            ])
    }

    @Test("A long list is cut, and counted")
    func long() throws {
        let folder = try ACDCFolder()
        for number in 1...25 {
            try FileManager.default.createDirectory(
                at: folder.home.appending(path: folder.name(number)), withIntermediateDirectories: true)
        }
        let text = error(folder.home)?.description ?? ""
        #expect(text.contains("25 pieces") && text.hasSuffix("\n  and 5 more"))
        #expect(text.contains("patient020/Info.cfg") && !text.contains("patient021"))
    }

    @Test("Folders that are none of the data set")
    func wrongFolders() throws {
        let folder = try ACDCFolder()
        #expect(error(folder.temporary.file("nowhere")) == .missing(file: folder.temporary.file("nowhere").path))
        guard case .noDataSet(_, let empty) = error(folder.home) else {
            Issue.record("an empty folder was accepted")
            return
        }
        #expect(empty.contains("no folders patient001"))

        try folder.add(1)
        guard case .noDataSet(_, let patient) = error(folder.home.appending(path: "patient001")) else {
            Issue.record("a patient's folder was accepted")
            return
        }
        #expect(patient.contains("one patient"))
        guard case .noDataSet(_, let file) = error(folder.url(1, "Info.cfg")) else {
            Issue.record("a file was accepted")
            return
        }
        #expect(file.contains("it is a file"))
    }

    @Test("Broken images are all listed when they are loaded")
    func broken() async throws {
        let folder = try ACDCFolder()
        for number in 1...4 { try folder.add(number) }
        try folder.write("not an image", "patient001_frame01.nii.gz", of: 1)
        try folder.image(value: 0, extent: .init(x: 3, y: 4, slices: 2))
            .write(to: folder.url(2, "patient002_frame01_gt.nii.gz"))
        try folder.labels(7).write(to: folder.url(3, "patient003_frame12_gt.nii.gz"))
        try folder.image(value: 0, extent: .init(x: 4, y: 3, slices: 1, frames: 2))
            .write(to: folder.url(4, "patient004_frame12.nii.gz"))
        let acdc = try ACDC(contentsOf: folder.home)
        let thrown = await #expect(throws: VolumesError.self) {
            try await DataSet(acdc).scans(preparedBy: Preprocessing(spacing: 2, size: 4), workers: 2)
        }
        let found = problems(thrown)
        #expect(found.count == 4)
        #expect(found.first?.contains("patient001_frame01.nii.gz") == true)
        #expect(found.contains { $0.contains("patient002_frame01_gt.nii.gz: dim is 3 × 4 × 2, but must be 4 × 3 × 2") })
        #expect(
            found.contains {
                $0.contains("patient003_frame12_gt.nii.gz: a label is 7.0, but must be a whole number from 0 to 3")
            })
        #expect(found.last?.contains("patient004_frame12.nii.gz: dim[4] is 2, but must be 1") == true)

        let missing = await #expect(throws: VolumesError.self) { try await DataSet(acdc).scans(frames: .all) }
        #expect(problems(missing).contains("patient003/patient003_4d.nii.gz is missing, but every frame was asked for"))
    }
}
