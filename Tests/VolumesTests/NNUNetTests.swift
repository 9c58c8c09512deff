import Foundation
import Testing
import Volumes

@Suite struct NNUNetTests {
    private let preprocessing = Preprocessing(spacing: 2, size: 4, intensityPercentiles: 0...100)

    @Test("Cases of a patient are its frames; classes and channels are those of dataset.json")
    func cases() async throws {
        let folder = try NNUNetFolder()
        for name in ["patient002_frame10", "patient002_frame09", "patient001_frame01", "la_1"] { try folder.add(name) }
        try folder.write("noise", "imagesTr/._la_1_0000.nii.gz")
        let data = try DataSet(contentsOf: folder.url)
        #expect(data.layout == .nnUNet && data.classNames == ["background", "RV", "MLV", "LVC"])
        #expect(data.channelNames == ["cine MRI"])
        #expect(data.patients.map(\.id) == ["la_1", "patient001", "patient002"])
        #expect(data.patients.map { $0.images.map(\.name) } == [[""], ["frame01"], ["frame09", "frame10"]])
        #expect(data.groups == nil && data.scanners == nil)
        let scans = try await data.scans(preparedBy: preprocessing)
        #expect(scans.map(\.patient.id) == ["la_1", "patient001", "patient002", "patient002"])
        #expect(scans.allSatisfy { Set($0.volume.labels ?? []) == [0, 1, 2, 3] && $0.volume.channelCount == 1 })
    }

    @Test("patients.csv tells groups, scanners, and phases; rows of others are ignored")
    func table() throws {
        let folder = try NNUNetFolder()
        for name in ["a_frame01", "a_frame02", "b_frame01", "b_frame02"] { try folder.add(name) }
        try folder.write(
            "scanner,patient,group,ES,ED,age\r\nS1,a,DCM,1,2,50\r\nS2,b,NOR,,,\r\n,c,,,,\r\n", "patients.csv")
        let data = try DataSet(contentsOf: folder.url)
        #expect(data.groups == ["a": "DCM", "b": "NOR"] && data.scanners == ["a": "S1", "b": "S2"])
        #expect(data.patients[0].images.map(\.name) == ["ES", "ED"])
        #expect(data.patients[0].images.map(\.phase) == [.endSystole, .endDiastole])
        #expect(data.patients[1].images.map(\.phase) == [nil, nil])
    }

    @Test("The channels of an image are prepared one by one and lie beside each other")
    func channels() async throws {
        let folder = try NNUNetFolder(
            labels: #"{"background": 0, "a": 1, "b": 2, "c": 3}"#, channels: #"{"0": "T2", "1": "ADC"}"#)
        try folder.add("case", channels: 2)
        let data = try DataSet(contentsOf: folder.url)
        let volume = try await data.scans(preparedBy: preprocessing)[0].volume
        #expect(data.channelNames == ["T2", "ADC"] && volume.channelCount == 2 && volume.pixels.count == 64)
        for (channel, url) in data.patients[0].images[0].channels.enumerated() {
            let single = try preprocessing(NIfTI(contentsOf: url).volume)
            #expect(stride(from: channel, to: 64, by: 2).map { volume.pixels[$0] } == single.pixels)
        }
        #expect(Array(volume.slice(1)) == Array(volume.pixels[32...]))
    }

    @Test("Labels in the way of nnU-Net's first version, and uncompressed files")
    func variants() throws {
        let folder = try NNUNetFolder(labels: #"{"1": "a", "0": "background", "2": "b", "3": "c"}"#, ending: ".nii")
        try folder.add("case", ending: ".nii")
        #expect(try DataSet(contentsOf: folder.url).classNames == ["background", "a", "b", "c"])
        try folder.describe(
            #"{"modality": {"0": "CT"}, "labels": {"background": "0", "a": "1"}, "file_ending": ".nii"}"#)
        #expect(try DataSet(contentsOf: folder.url).channelNames == ["CT"])
    }

    @Test("Every fault of every case is listed in one error")
    func faults() throws {
        let folder = try NNUNetFolder(channels: #"{"0": "T2", "1": "ADC"}"#)
        try folder.add("a", channels: 2)
        try folder.add("b")
        try folder.add("c", channels: 3, labelled: false)
        try folder.write("", "imagesTr/d_0000.nii.gz")
        try folder.write("x", "imagesTr/whole.nii.gz")
        try folder.write("x", "labelsTr/e.nii.gz")
        #expect(
            folder.problems() == [
                "imagesTr/d_0000.nii.gz is empty",
                "imagesTr/whole.nii.gz does not end with the number of a channel, such as _0000; convert data of the "
                    + "Medical Segmentation Decathlon by nnUNetv2_convert_MSD_dataset",
                "imagesTr/b_0001.nii.gz is missing",
                "imagesTr/c_0002.nii.gz is a channel that dataset.json does not name",
                "labelsTr/c.nii.gz is missing",
                "imagesTr/d_0001.nii.gz is missing", "labelsTr/d.nii.gz is missing",
                "labelsTr/e.nii.gz is there, but not the image that it belongs to",
            ])
        #expect(throws: VolumesError.self) { try DataSet(contentsOf: folder.url, requiringLabels: false) }
    }

    @Test(
        "A dataset.json that this package cannot follow is explained",
        arguments: [
            ("no JSON", "dataset.json is no JSON object"),
            (#"{"channel_names": {"0": "a"}}"#, "dataset.json has no labels"),
            (#"{"labels": {"background": 0, "a": 1}}"#, "dataset.json has no channel_names"),
            (#"{"channel_names": {"1": "a"}, "labels": {"background": 0, "a": 1}}"#, "the keys of channel_names"),
            (#"{"channel_names": {"0": "a"}, "labels": {"background": 0, "a": 2}}"#, "labels must be 0, 1, 2"),
            (#"{"channel_names": {"0": "a"}, "labels": {"background": 0}}"#, "labels must be 0, 1, 2"),
            (
                #"{"channel_names": {"0": "a"}, "labels": {"background": 0, "a": 1, "b": 1}}"#,
                "'b' is not a whole number"
            ),
            (#"{"channel_names": {"0": "a"}, "labels": {"background": 0, "a": [1, 2]}}"#, "'a' is a region"),
            (#"{"channel_names": {"0": "a"}, "labels": {"background": 0, "ignore": 1}}"#, "a label to ignore"),
            (#"{"channel_names": {"0": "a"}, "labels": {"background": 0, "a": 1}, "file_ending": ".png"}"#, "'.png'"),
            (#"{"channel_names": {"0": "a"}, "labels": {"background": 0, "a": true}}"#, "something unexpected"),
        ])
    func descriptions(text: String, reason: String) throws {
        let folder = try NNUNetFolder()
        try folder.add("case")
        try folder.describe(text)
        #expect(folder.problems().contains { $0.contains(reason) }, "\(folder.problems())")
    }

    @Test("A table with faults names its lines")
    func tableFaults() throws {
        let folder = try NNUNetFolder()
        try folder.add("a")
        try folder.write("patient,group,ED\na,DCM\na,DCM,first\nb,x,1\nb,\"y\",2\nb,x,3\n", "patients.csv")
        #expect(
            folder.problems() == [
                "patients.csv: line 2 has not the 3 plain fields of the first line",
                "patients.csv: line 3: ED is 'first', but must be a number",
                "patients.csv: line 5 has not the 3 plain fields of the first line",
                "patients.csv: line 6: 'b' occurs a second time",
            ])
        try folder.write("name,group\n", "patients.csv")
        #expect(folder.problems() == ["patients.csv: the first line has no column 'patient'"])
    }

    @Test("Images that contradict each other are all listed when they are loaded")
    func contradictions() async throws {
        let folder = try NNUNetFolder(labels: #"{"background": 0, "a": 1}"#, channels: #"{"0": "T2", "1": "ADC"}"#)
        try folder.add("a", channels: 2)
        try folder.add("b", channels: 2)
        try folder.image(extent: .init(x: 3, y: 4, slices: 2)) { Float($0) }
            .write(to: folder.url.appending(path: "imagesTr/b_0001.nii.gz"))
        let data = try DataSet(contentsOf: folder.url)
        let error = await #expect(throws: VolumesError.self) { try await data.scans(preparedBy: preprocessing) }
        guard case .incomplete(_, let problems) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problems.count == 2)
        #expect(problems[0].contains("labelsTr/a.nii.gz: a label is 2.0, but must be a whole number from 0 to 1"))
        #expect(problems[1].contains("imagesTr/b_0001.nii.gz: dim is 3 × 4 × 2, but must be 4 × 3 × 2 as in the first"))
        let all = await #expect(throws: VolumesError.self) { try await data.scans(frames: .all) }
        #expect("\(String(describing: all))".contains("nnU-Net's layout has no cines"))
    }

    @Test("A folder without images")
    func empty() throws {
        let folder = try NNUNetFolder()
        #expect(folder.problems() == ["imagesTr has no file that ends with .nii.gz"])
        try FileManager.default.removeItem(at: folder.url.appending(path: "imagesTr"))
        #expect(folder.problems() == ["imagesTr is missing: the folder of the images"])
    }

    @Test("The structures of a heart are known by many names, in any order, and by no others")
    func cardiacLabels() throws {
        #expect(CardiacLabels(classNames: ACDC.classNames) == .acdc)
        #expect(CardiacLabels(classNames: ["background", "RV", "MLV", "LVC"]) == .acdc)
        let other = try #require(CardiacLabels(classNames: ["background", "LV", "LV-Myo", "RV cavity"]))
        #expect(other.leftVentricle == 1 && other.myocardium == 2 && other.rightVentricle == 3)
        #expect(CardiacLabels(classNames: ["background", "myocardium", "blood pool"]) == nil)
        #expect(CardiacLabels(classNames: ["background", "LV", "RV", "left atrium"]) == nil)
        #expect(CardiacLabels(classNames: ["background", "LV", "Myo", "RV", "aorta"]) == nil)
    }
}
