import Foundation
import Testing
import Volumes

@Suite struct ACDCTests {
    @Test("The data set is found in the folder itself, above training and above database")
    func layouts() throws {
        let folder = try ACDCFolder("database/training")
        try folder.add(1)
        try folder.add(2)
        for place in ["database/training", "database", ""] {
            let url = place.isEmpty ? folder.temporary.url : folder.temporary.url.appending(path: place)
            #expect(try ACDC(contentsOf: url).patients.map(\.id) == ["patient001", "patient002"], "\(place)")
        }
    }

    @Test("Frame numbers come from Info.cfg, files may be compressed or not, other files are ignored")
    func patients() throws {
        let folder = try ACDCFolder("training")
        try folder.add(90, endDiastole: 4, endSystole: 11, frameCount: 12, group: "RV", ending: ".nii")
        try folder.add(7, group: "HCM", cine: true)
        try folder.write("citation", "MANDATORY_CITATION.md", of: 7)
        try folder.write("noise", "._patient007_frame01.nii.gz", of: 7)
        try Data().write(to: folder.home.appending(path: "patients.txt"))
        try FileManager.default.createDirectory(
            at: folder.home.appending(path: "patient007 copy"), withIntermediateDirectories: true)

        let patients = try ACDC(contentsOf: folder.temporary.url).patients
        #expect(patients.map(\.id) == ["patient007", "patient090"])
        #expect(patients.map(\.group) == [.hypertrophicCardiomyopathy, .abnormalRightVentricle])
        #expect(patients.map { $0.cine != nil } == [true, false])
        #expect(patients[0].height == 172 && patients[0].weight == 70 && patients[0].frameCount == 30)
        let frames = patients[1].frames
        #expect(frames.map(\.number) == [4, 11] && frames.map(\.phase) == [.endDiastole, .endSystole])
        #expect(frames[0].image.lastPathComponent == "patient090_frame04.nii")
        #expect(frames[1].labels?.lastPathComponent == "patient090_frame11_gt.nii")
    }

    @Test("Windows line ends and unknown keys in Info.cfg do no harm")
    func info() throws {
        let folder = try ACDCFolder()
        try folder.add(1)
        try folder.write(
            "Scanner: Aera: 1.5 T\r\nED: 1\r\nES: 12\r\nGroup: MINF\r\nNbFrame: 30\r\n", "Info.cfg", of: 1)
        let patient = try #require(try ACDC(contentsOf: folder.home).patients.first)
        #expect(patient.group == .myocardialInfarction && patient.height == nil)
    }

    @Test("The first release's testing part has neither groups nor labels")
    func unlabelled() async throws {
        let folder = try ACDCFolder("testing")
        try folder.add(101, group: nil, labelled: false)
        #expect(throws: VolumesError.self) { try ACDC(contentsOf: folder.home) }
        let acdc = try ACDC(contentsOf: folder.home, requiringLabels: false)
        #expect(acdc.patients[0].group == nil)
        let scans = try await DataSet(acdc).scans(preparedBy: Preprocessing(spacing: 2, size: 4))
        #expect(scans.count == 2 && scans.allSatisfy { $0.volume.labels == nil })
    }

    @Test("Label maps that are not asked for are not opened")
    func withoutLabels() async throws {
        let folder = try ACDCFolder()
        try folder.add(1)
        try folder.write("no label map", "patient001_frame01_gt.nii.gz", of: 1)
        let acdc = try ACDC(contentsOf: folder.home)
        let preprocessing = Preprocessing(spacing: 2, size: 4)
        await #expect(throws: VolumesError.self) { try await DataSet(acdc).scans(preparedBy: preprocessing) }
        let scans = try await DataSet(acdc).scans(preparedBy: preprocessing, withLabels: false)
        #expect(scans.count == 2 && scans.allSatisfy { $0.volume.labels == nil })
    }

    @Test("Scans come in order, whatever the number of workers; images meet their own labels")
    func scans() async throws {
        let folder = try ACDCFolder()
        for number in 1...5 { try folder.add(number, endSystole: 5 + number) }
        let acdc = try ACDC(contentsOf: folder.home)
        let preprocessing = Preprocessing(spacing: 2, size: 4, intensityPercentiles: 0...100)
        let one = try await DataSet(acdc).scans(preparedBy: preprocessing, workers: 1)
        let many = try await DataSet(acdc).scans(preparedBy: preprocessing, workers: 4)
        #expect(one.map(\.patient.id) == (1...5).flatMap { ["patient00\($0)", "patient00\($0)"] })
        #expect(one.map(\.image.frame) == [1, 6, 1, 7, 1, 8, 1, 9, 1, 10])
        #expect(one.map(\.image.phase) == (1...5).flatMap { _ in [ACDC.Phase.endDiastole, .endSystole] })
        #expect(one.map(\.volume) == many.map(\.volume))
        #expect(one[0].volume.sliceCount == 2)
        // Row 0 lies above the 3 rows of the image, rows 0.5 … 2.5 between them; labels take the next row.
        #expect(one[0].volume.labels?.count == 32)
        #expect(Set(one[0].volume.labels!) == [0, 1, 2, 3])
    }

    @Test("Every frame of the cine is loaded on demand, the labelled ones with their labels")
    func cine() async throws {
        let folder = try ACDCFolder()
        try folder.add(1, endDiastole: 2, endSystole: 5, frameCount: 6, cine: true)
        let acdc = try ACDC(contentsOf: folder.home)
        let scans = try await DataSet(acdc).scans(preparedBy: Preprocessing(spacing: 2, size: 4), frames: .all)
        #expect(scans.map(\.image.frame) == [1, 2, 3, 4, 5, 6])
        #expect(scans.map(\.image.phase) == [nil, .endDiastole, nil, nil, .endSystole, nil])
        #expect(scans.map { $0.volume.labels != nil } == [false, true, false, false, true, false])
    }
}
