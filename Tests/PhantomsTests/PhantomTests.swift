import Foundation
@testable import Phantoms
import Tensor
import Testing
import _TestSupport

@testable import Volumes

extension Phantom {
    /// Patients on a coarse grid, so that tests are quick.
    static func small(seed: UInt64, storage: Acquisition.Storage = .byteAsFloat) -> Phantom {
        var phantom = Phantom(seed: seed)
        phantom.style = Acquisition.Style(
            storage: storage, spacing: 4.5, matrix: (48, 56), sliceSpacing: 20, blood: 0.9, contrast: 2.8, decline: 0.2,
            noise: 0.02)
        return phantom
    }
}

@Suite struct PhantomTests {
    @Test("A patient depends on the seed and the number alone")
    func determinism() {
        let phantom = Phantom.small(seed: 3)
        let (a, b) = (phantom.patient(4), Phantom.small(seed: 3).patient(4))
        #expect(a.frames.map(\.image) == b.frames.map(\.image) && a.frames.map(\.labels) == b.frames.map(\.labels))
        #expect(a.info == b.info)
        #expect(phantom.patient(9).frames[0].image != a.frames[0].image)
        #expect(Phantom.small(seed: 4).patient(4).frames[0].image != a.frames[0].image)
    }

    @Test("Groups take turns, so that five patients have five diseases")
    func groups() {
        #expect((1...5).map(Phantom.group(ofPatient:)) == ACDC.Group.allCases)
        #expect(Phantom.group(ofPatient: 11) == .dilatedCardiomyopathy)
    }

    @Test("Images are whole numbers within their format, labels are 0 … 3, and both share a grid")
    func values() {
        for (storage, limit) in [(Acquisition.Storage.byteAsFloat, Float(255)), (.short, 4095), (.byte, 255)] {
            let patient = Phantom.small(seed: 1, storage: storage).patient(1)
            for frame in patient.frames {
                #expect(frame.image.voxels.allSatisfy { $0 >= 0 && $0 <= limit && $0 == $0.rounded() })
                #expect(Set(frame.labels.voxels) == [0, 1, 2, 3])
                #expect(frame.image.extent == frame.labels.extent && frame.image.spacing == frame.labels.spacing)
            }
        }
    }

    @Test("The heart is full in end diastole and empty in end systole")
    func contraction() {
        let examination = Phantom(seed: 1).examination(4)
        #expect(examination.contraction(ofFrame: examination.endDiastole) == 0)
        #expect(examination.contraction(ofFrame: examination.endSystole) == 1)
        let curve = (1...examination.frameCount).map(examination.contraction)
        #expect(curve.allSatisfy { $0 >= 0 && $0 <= 1 })
        #expect(zip(curve, curve.dropFirst()).allSatisfy { abs($0 - $1) < 0.4 })
    }

    @Test("The labelled frames are frames of the cine")
    func cine() throws {
        let phantom = Phantom.small(seed: 12)
        let (alone, all) = (phantom.patient(2), phantom.patient(2, includingCine: true))
        let cine = try #require(all.cine)
        #expect(cine.extent.frames == all.info.frameCount)
        for (i, frame) in all.frames.enumerated() {
            #expect(cine.frame(frame.number - 1) == frame.image)
            #expect(alone.frames[i].image == frame.image && alone.frames[i].labels == frame.labels)
        }
        #expect(alone.cine == nil)
    }

    @Test("The myocardium separates the left ventricle from everything else in every slice")
    func closedRing() {
        for number in 1...5 {
            let examination = Phantom(seed: 6).examination(number)
            let labels = examination.labels(ofFrame: examination.endDiastole)
            let (nx, plane) = (labels.extent.x, labels.extent.x * labels.extent.y)
            var open = 0
            for (i, label) in labels.voxels.enumerated() where label == 3 {
                #expect(i % nx > 0 && i % plane >= nx)
                for j in [i - 1, i + 1, i - nx, i + nx] where labels.voxels[j] < 2 { open += 1 }
            }
            #expect(open == 0, "patient \(number)")
        }
    }

    @Test("Patients of one scanner share its grid; each scanner sees every group")
    func scanners() {
        let phantom = Phantom(seed: 2, scannerCount: 2)
        func grid(_ number: Int) -> [Float] {
            let acquisition = phantom.examination(number).acquisition
            return [acquisition.spacing, Float(acquisition.columns), Float(acquisition.rows), acquisition.sliceSpacing]
        }
        #expect(Set((1...5).map(grid)).count == 1)
        #expect(grid(11) == grid(1) && grid(6) == grid(16) && grid(6) != grid(1))
        #expect(phantom.examination(1).acquisition.style.blood != phantom.examination(2).acquisition.style.blood)
    }

    @Test("What is written is an ACDC data set, byte for byte the same each time")
    func writing() async throws {
        let folder = try TemporaryFolder()
        let phantom = Phantom.small(seed: 8, storage: .short)
        try await phantom.write(patients: 3, to: folder.url, workers: 2)
        let acdc = try ACDC(contentsOf: folder.url)
        #expect(acdc.patients.map(\.id) == ["patient001", "patient002", "patient003"])
        #expect(
            acdc.patients.map(\.group) == [.dilatedCardiomyopathy, .hypertrophicCardiomyopathy, .myocardialInfarction])
        let scans = try await DataSet(acdc).scans(preparedBy: Preprocessing(spacing: 4, size: 32))
        #expect(scans.count == 6 && scans.allSatisfy { Set($0.volume.labels!) == [0, 1, 2, 3] })

        let image = try NIfTI(contentsOf: acdc.patients[1].frames[0].image)
        #expect(image.volume == phantom.patient(2).frames[0].image)
        #expect(image.datatype == .int16)
        #expect(!image.warnings.isEmpty, "the affine should contradict pixdim, as in the real files")
        #expect(image.geometry.affineX == [-1, 0, 0, 0] && image.geometry.quaternion == [0, 0, 1])
        #expect(image.geometry.sformCode == 2 && image.geometry.qformCode == 0 && image.geometry.unitsCode == 0)
        let labels = try #require(acdc.patients[1].frames[0].labels)
        #expect(try NIfTI(contentsOf: labels).datatype == .uint8)

        // Patient 2 is the same among more patients, with more or fewer workers.
        let more = try TemporaryFolder()
        try await phantom.write(patients: 4, to: more.url, workers: 1)
        let home = "training/patient002"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.file(home).path) {
            #expect(
                try Data(contentsOf: folder.file("\(home)/\(name)")) == Data(contentsOf: more.file("\(home)/\(name)")))
        }
        let note = try String(contentsOf: folder.file("\(home)/SYNTHETIC.md"), encoding: .utf8)
        #expect(note.contains("synthetic"))
    }

    @Test("Info.cfg has the real file's keys, order and format")
    func info() {
        let info = ACDC.Info(
            endDiastole: 1, endSystole: 12, group: .dilatedCardiomyopathy, height: 184, frameCount: 30, weight: 95.5)
        #expect(info.text == "ED: 1\nES: 12\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\nWeight: 95.5\n")
        guard case .success(info) = ACDC.Info.parsing(info.text, name: "Info.cfg") else {
            Issue.record("what was written was not read back")
            return
        }
    }

    @Test("The cine is written as a 4-D file that the data set finds")
    func writtenCine() async throws {
        let folder = try TemporaryFolder()
        var phantom = Phantom.small(seed: 8)
        phantom.style?.matrix = (24, 24)
        phantom.style?.spacing = 10
        try await phantom.write(patients: 1, to: folder.url, includingCine: true)
        let acdc = try ACDC(contentsOf: folder.url)
        let scans = try await DataSet(acdc).scans(preparedBy: Preprocessing(spacing: 10, size: 16), frames: .all)
        #expect(scans.count == acdc.patients[0].frameCount)
    }

    @Test("In nnU-Net's layout, the same patients are the same data")
    func nnUNet() async throws {
        let folder = try TemporaryFolder()
        let phantom = Phantom.small(seed: 8)
        try await phantom.write(patients: 6, to: folder.file("acdc"))
        try await phantom.writeNNUNet(patients: 6, to: folder.file("nnunet"))
        let (acdc, other) = try (DataSet(contentsOf: folder.file("acdc")), DataSet(contentsOf: folder.file("nnunet")))
        #expect(other.layout == .nnUNet && other.classNames == acdc.classNames && other.groups == acdc.groups)
        #expect(other.scanners?.count == 6)
        let preprocessing = Preprocessing(spacing: 4, size: 32)
        let (a, b) = try await (acdc.scans(preparedBy: preprocessing), other.scans(preparedBy: preprocessing))
        #expect(a.map(\.volume) == b.map(\.volume) && a.map(\.patient.id) == b.map(\.patient.id))
        #expect(a.map(\.image.phase) == b.map(\.image.phase) && a.map(\.image.name) == b.map(\.image.name))
    }

    @Test("A place that cannot be written is named")
    func unwritable() async throws {
        let folder = try TemporaryFolder()
        let file = folder.file("file")
        try Data().write(to: file)
        let error = await #expect(throws: VolumesError.self) {
            try await Phantom.small(seed: 1).write(patients: 1, to: file)
        }
        guard case .unwritable(let place, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(place.hasPrefix(file.path))
    }
}
