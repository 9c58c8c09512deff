import Foundation
import Testing
import Volumes

@Suite struct HVSMRTests {
    @Test(
        "Every way of naming label maps is understood",
        arguments: ["-label", "_label", "_label_A", "-label-a"])
    func names(ending: String) throws {
        let folder = try HVSMRFolder()
        try folder.add(10, 2, release: "axial_full", labels: ending)
        let hvsmr = try HVSMR(contentsOf: folder.url)
        #expect(hvsmr.release == .axialFull)
        #expect(hvsmr.patients.map(\.id) == ["pat2", "pat10"])
        #expect(hvsmr.patients.map(\.number) == [2, 10])
        #expect(
            hvsmr.patients[1].labels?.lastPathComponent == "training_axial_full_pat10\(ending).nii.gz")
    }

    @Test(
        "Images and labels may lie in folders of their own, as in the archives",
        arguments: [
            ("axial_crop", "Axial-cropped/Training dataset", "Axial-cropped/Ground truth", ".nii.gz"),
            ("sa_crop", "HVSMR/Training_dataset_sx_cropped", "HVSMR/Ground_truth", ".nii"),
        ])
    func folders(release: String, images: String, labels: String, ending: String) throws {
        let folder = try HVSMRFolder()
        for number in [1, 0] {
            let stem = "training_\(release)_pat\(number)"
            try folder.write(folder.file(), "\(images)/\(stem)\(ending)")
            try folder.write(folder.labels(), "\(labels)/\(stem)-label\(ending)")
        }
        try Data().write(to: folder.temporary.file("readme.txt"))
        try Data().write(to: folder.temporary.file("._training_axial_crop_pat7.nii.gz"))
        try Data().write(to: folder.temporary.file("training_axial_crop_pat0-heart.nii.gz"))
        let hvsmr = try HVSMR(contentsOf: folder.url)
        #expect(hvsmr.release.rawValue == release)
        #expect(hvsmr.patients.map(\.id) == ["pat0", "pat1"])
        #expect(hvsmr.patients.allSatisfy { $0.labels?.path.contains(labels) == true })
    }

    @Test("Of two label sets the first is taken, of two forms of a file the compressed one")
    func choices() throws {
        let folder = try HVSMRFolder()
        try folder.add(0, labels: "_label_B")
        try folder.write(folder.labels(), "training_axial_crop_pat0_label_A.nii.gz")
        try folder.write(folder.file(), "training_axial_crop_pat0.nii")
        let patient = try HVSMR(contentsOf: folder.url).patients[0]
        #expect(patient.image.lastPathComponent == "training_axial_crop_pat0.nii.gz")
        #expect(patient.labels?.lastPathComponent == "training_axial_crop_pat0_label_A.nii.gz")
    }

    @Test("Of several releases one has to be chosen")
    func releases() throws {
        let folder = try HVSMRFolder()
        try folder.add(0)
        try folder.add(0, 1, release: "sa_crop")
        let error = #expect(throws: VolumesError.self) { try HVSMR(contentsOf: folder.url) }
        #expect(
            error
                == .severalReleases(folder: folder.url.path(percentEncoded: false), found: ["axial_crop", "sa_crop"]))
        #expect(error?.description.contains("axial_crop and sa_crop; choose one") == true)
        #expect(try HVSMR(contentsOf: folder.url, release: .shortAxisCropped).patients.count == 2)
        #expect(try HVSMR(contentsOf: folder.url, release: .axialCropped).patients.count == 1)
        let none = #expect(throws: VolumesError.self) { try HVSMR(contentsOf: folder.url, release: .axialFull) }
        #expect(none?.description.contains("no images of axial_full, but those of axial_crop and sa_crop") == true)
    }

    @Test("Testing images come without labels, and only where none are required")
    func testing() async throws {
        let folder = try HVSMRFolder()
        try folder.add(0)
        try folder.write(folder.file(), "testing_axial_crop_pat10.nii.gz")
        #expect(try HVSMR(contentsOf: folder.url).patients.map(\.id) == ["pat0"])
        let all = try HVSMR(contentsOf: folder.url, requiringLabels: false)
        #expect(all.patients.map(\.id) == ["pat0", "pat10"])
        let scans = try await all.scans(preparedBy: Preprocessing(spacing: 1, size: 4))
        #expect(scans.map { $0.volume.labels == nil } == [false, true])
        let without = try await all.scans(preparedBy: Preprocessing(spacing: 1, size: 4), withLabels: false)
        #expect(without.allSatisfy { $0.volume.labels == nil })
    }

    @Test("Axial slices are img[:, j, :], with the left of the patient on the right")
    func axial() async throws {
        let folder = try HVSMRFolder()
        try folder.add(0)
        let scan = try await HVSMR(contentsOf: folder.url).scans(preparedBy: Preprocessing(spacing: 1, size: 6))[0]
        #expect(scan.order == AxisPermutation([2, 0, 1], reversed: [true, false, false]))
        #expect(scan.volume.sliceCount == 4)
        #expect(scan.volume.grid.native == Volume.Extent(x: 6, y: 5, slices: 4))
        #expect(scan.volume.grid.nativeSpacing == Volume.Spacing(x: 1.25, y: 0.75, slice: 1))
        // The file's k runs to the right, and the picture's columns to the left; its rows run to the back like i.
        let slice = Array(scan.volume.slice(1))
        #expect(slice[2 * 6 + 1] > slice[2 * 6 + 4])
        #expect(slice[4 * 6 + 2] > slice[1 * 6 + 2])
        #expect(Array(scan.volume.slice(2))[2 * 6 + 2] > slice[2 * 6 + 2])
        let labels = try #require(scan.volume.labels)
        #expect((0..<4).map { labels[$0 * 36..<$0 * 36 + 36].contains { $0 > 0 } } == [false, true, false, false])
    }

    @Test("The slices' axis can be named; the short-axis release has its own")
    func sliceAxes() async throws {
        let folder = try HVSMRFolder()
        try folder.add(0)
        try folder.add(0, release: "sa_crop")
        let preprocessing = Preprocessing(spacing: 1, size: 4)
        for (axis, count, release) in [
            (HVSMR.SliceAxis.x, 5, HVSMR.Release.axialCropped), (.y, 4, .axialCropped), (.slices, 6, .axialCropped),
            (.automatic, 4, .axialCropped), (.automatic, 6, .shortAxisCropped), (.y, 4, .shortAxisCropped),
        ] {
            let hvsmr = try HVSMR(contentsOf: folder.url, release: release)
            let scans = try await hvsmr.scans(preparedBy: preprocessing, slicing: axis)
            #expect(scans[0].volume.sliceCount == count, "\(axis) \(release)")
        }
    }

    @Test("What was prepared goes back to the grid of the file, voxel by voxel")
    func restoring() async throws {
        let folder = try HVSMRFolder()
        let cube = Volume.Spacing(x: 1, y: 1, slice: 1)
        try folder.write(folder.file(spacing: cube), "training_axial_crop_pat0.nii.gz")
        let labels = folder.file(spacing: cube, datatype: .uint16) { i, j, k in Float((i + 2 * j + k) % 3) }
        try folder.write(labels, "training_axial_crop_pat0-label.nii.gz")
        let hvsmr = try HVSMR(contentsOf: folder.url)
        // Both squares hold the whole picture; the even one has its pixels between those of the odd extent.
        for axis in HVSMR.SliceAxis.allCases {
            let scan = try await hvsmr.scans(preparedBy: Preprocessing(spacing: 0.5, size: 24), slicing: axis)[0]
            let prepared = try #require(scan.volume.labels)
            #expect(scan.restored(labels: prepared) == labels.volume, "\(axis)")
            let scores = prepared.flatMap { label in (0..<3).map { $0 == Int(label) ? Float(1) : 0 } }
            #expect(scan.restored(scores: scores, classes: 3).extent == labels.volume.extent)

            let file = folder.temporary.file("prediction.nii.gz")
            try NIfTI(volume: scan.restored(labels: prepared), datatype: .uint16, geometry: scan.geometry)
                .write(to: file)
            let back = try NIfTI(contentsOf: file)
            #expect(back.volume == labels.volume && back.orientation == "PIR")
        }
    }

    @Test("Vessels of the second label set belong to the blood pool")
    func vessels() async throws {
        for blood: Float in [2, 64, 71] {
            let folder = try HVSMRFolder()
            try folder.write(folder.file(), "training_axial_crop_pat0.nii.gz")
            try folder.write(folder.labels(blood: blood), "training_axial_crop_pat0_label_B.nii.gz")
            let scan = try await HVSMR(contentsOf: folder.url).scans(preparedBy: Preprocessing(spacing: 1, size: 6))[0]
            #expect(Set(scan.volume.labels!) == [0, 1, 2])
        }
        #expect(HVSMR.classNames.count == 3)
    }

    @Test("The number of workers changes nothing")
    func workers() async throws {
        let folder = try HVSMRFolder()
        try folder.add(0, 1, 2, 3, 4)
        let hvsmr = try HVSMR(contentsOf: folder.url)
        let preprocessing = Preprocessing(spacing: 1, size: 5)
        let (one, many) = try await (
            hvsmr.scans(preparedBy: preprocessing, workers: 1), hvsmr.scans(preparedBy: preprocessing, workers: 4)
        )
        #expect(one.map(\.patient.id) == ["pat0", "pat1", "pat2", "pat3", "pat4"])
        #expect(one.map(\.volume) == many.map(\.volume) && one.map(\.patient) == many.map(\.patient))
    }
}
