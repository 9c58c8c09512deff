import Foundation
import Phantoms
import Testing
import Volumes

@Suite("Segment as a process")
struct SegmentTests {
    private let example: SegmentExample

    init() throws { example = try SegmentExample() }

    @Test("labels lie on the image's grid as uint8 and are the model's, frame by frame", arguments: [1, 4])
    func geometry(frames: Int) throws {
        try example.write(SegmentExample.image(frames: frames), to: "scan.nii")
        let outcome = try example.segment(["scan.nii"])
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let image = try NIfTI(contentsOf: example.folder.file("scan.nii"))
        let labels = try NIfTI(contentsOf: example.folder.file("out/scan_seg.nii.gz"))
        var geometry = image.geometry
        (geometry.slope, geometry.intercept) = (1, 0)
        #expect(labels.geometry == geometry && labels.datatype == .uint8)
        #expect(labels.volume.extent == image.volume.extent && labels.volume.spacing == image.volume.spacing)
        #expect(labels.orientation == image.orientation)
        #expect(labels.volume.voxels == (try example.expected("scan.nii")).flatMap(\.voxels))
        #expect(Set(labels.volume.voxels) == [0, 1, 2, 3])
    }

    @Test("a single frame of four dimensions keeps them")
    func fourDimensions() throws {
        var image = SegmentExample.image()
        image.geometry.dimensionCount = 4
        try example.write(image, to: "scan.nii.gz")
        #expect(try example.segment(["scan.nii.gz"]).exitCode == 0)
        let labels = try NIfTI(contentsOf: example.folder.file("out/scan_seg.nii.gz"))
        #expect(labels.geometry.dimensionCount == 4 && labels.volume.extent.frames == 1)
    }

    @Test("volumes of every frame are those of the label map")
    func volumes() throws {
        try example.write(SegmentExample.image(frames: 2), to: "scan.nii")
        let outcome = try example.segment(["scan.nii"], "--json", "--quiet")
        #expect(outcome.exitCode == 0 && outcome.errors == "")
        let text = try String(contentsOf: example.folder.file("out/segmentation.json"), encoding: .utf8)
        #expect(outcome.output == text)
        let record = try #require(example.records().first)
        #expect(record["file"] as? String == example.path("scan.nii"))
        #expect(record["output"] as? String == example.path("out/scan_seg.nii.gz"))
        #expect(record["error"] is NSNull && record.warnings == "")
        #expect(
            abs(record.number("squareFilled")! - 1) < 1e-9 && abs(record.number("imageCovered")! - 6400 / 6480) < 1e-9)
        let frames = try #require(record["volumes"] as? [[String: Any]])
        #expect(frames.count == 2)
        for (frame, map) in zip(frames, try example.expected("scan.nii")) {
            for (label, name) in ACDC.classNames.enumerated().dropFirst() {
                let millilitres = Double(map.voxels.count { $0 == Float(label) }) * 0.18
                #expect(abs(frame.number("millilitres", name)! - millilitres) < 1e-9)
            }
        }
    }

    /// The function in the only record, which must be that of the frames.
    private func check(_ diastole: Int, _ systole: Int, of name: String, from source: String) throws {
        let record = try #require(example.records().first)
        let function = try #require(record["function"] as? [String: Any], "\(record)")
        #expect(function.number("endDiastole") == Double(diastole) && function.number("endSystole") == Double(systole))
        #expect(function["framesFrom"] as? String == source)
        let maps = try example.expected(name)
        let heart = CardiacFunction(endDiastole: maps[diastole - 1], endSystole: maps[systole - 1])
        for (side, ventricle) in [("leftVentricle", heart.leftVentricle), ("rightVentricle", heart.rightVentricle)] {
            for (key, value) in [
                ("endDiastolicVolume", ventricle.endDiastolicVolume),
                ("endSystolicVolume", ventricle.endSystolicVolume),
                ("strokeVolume", ventricle.strokeVolume), ("ejectionFraction", ventricle.ejectionFraction ?? 0),
            ] { #expect(abs((function.number(side, key) ?? 0) - value) < 1e-9, "\(side) \(key)") }
        }
        #expect(abs(function.number("myocardialMass")! - heart.myocardialMass) < 1e-9)
    }

    @Test("end diastole and end systole: by options, by Info.cfg, or derived")
    func moments() throws {
        let name = "patient001/patient001_4d.nii.gz"
        try example.write(SegmentExample.image(frames: 5), to: name)
        let cavity = try example.expected(name).map { $0.voxels.count { $0 == 3 } }
        let (largest, smallest) = (cavity.firstIndex(of: cavity.max()!)! + 1, cavity.firstIndex(of: cavity.min()!)! + 1)
        try #require(largest != smallest)

        var outcome = try example.segment([name])
        #expect(outcome.output.contains("derived: ED and ES are"), "\(outcome.output)")
        try check(largest, smallest, of: name, from: "derived")

        func write(_ info: String) throws {
            try Data(info.utf8).write(to: example.folder.file("patient001/Info.cfg"))
        }
        try write("ED: 2\nES: 4\nNbFrame: 5\n")
        outcome = try example.segment(["patient001"], "--force")
        #expect(outcome.exitCode == 0 && outcome.output.contains("EF %") && !outcome.output.contains("derived"))
        try check(2, 4, of: name, from: "Info.cfg")

        outcome = try example.segment([name], "--force", "--ed", "5", "--es", "1")
        try check(5, 1, of: name, from: "options")

        for info in ["ED: 2\nES: 9\nNbFrame: 9\n", "nothing"] {
            try write(info)
            outcome = try example.segment([name], "--force")
            #expect(outcome.exitCode == 0 && outcome.errors.contains("Info.cfg"))
            try check(largest, smallest, of: name, from: "derived")
        }
    }

    @Test("two files of one patient are end diastole and end systole by Info.cfg, unless the cine is there too")
    func pairs() throws {
        let stem = "patient001/patient001"
        for (name, frame) in [("_frame03.nii.gz", 0), ("_frame01.nii", 1), ("_frame10.nii.gz", 2)] {
            var image = SegmentExample.image()
            image.volume = SegmentExample.volume(frames: 3).frame(frame)
            try example.write(image, to: stem + name)
        }
        try Data("ED: 3\nES: 1\nNbFrame: 10\n".utf8).write(to: example.folder.file("patient001/Info.cfg"))
        #expect(try example.segment(["patient001"]).exitCode == 0)
        let records = try example.records()
        #expect(records.map { $0["function"] is NSNull } == [true, false, true])
        let heart = try CardiacFunction(
            endDiastole: example.expected(stem + "_frame03.nii.gz")[0],
            endSystole: example.expected(stem + "_frame01.nii")[0])
        let found = records[1].number("function", "leftVentricle", "strokeVolume")
        #expect(abs(try #require(found) - heart.leftVentricle.strokeVolume) < 1e-9)

        try example.write(SegmentExample.image(frames: 10), to: stem + "_4d.nii.gz")
        #expect(try example.segment(["patient001"], "--force").exitCode == 0)
        #expect(try example.records().map { $0["function"] is NSNull } == [false, true, true, true])
    }

    @Test("labels and numbers have the same bits for any number of threads")
    func threads() throws {
        try example.write(SegmentExample.image(frames: 3), to: "in/a.nii.gz")
        try example.write(SegmentExample.image(), to: "in/b.nii")
        var results: [[Data]] = []
        for threads in ["1", "2", "3"] {
            let outcome = try example.segment(["in"], "--threads", threads, "--force")
            #expect(outcome.exitCode == 0, "\(outcome.errors)")
            results.append(
                try ["a_seg.nii.gz", "b_seg.nii.gz", "segmentation.json"].map {
                    try Data(contentsOf: example.folder.file("out/" + $0))
                })
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test("in folders, all images are taken but label maps")
    func folders() throws {
        for name in ["b.nii", "sub/a.nii.gz", "sub/a_gt.nii.gz", "sub/a_seg.nii.gz", ".c.nii"] {
            try example.write(SegmentExample.image(), to: "in/" + name)
        }
        try Data("notes".utf8).write(to: example.folder.file("in/notes.txt"))
        // Links to folders are followed, but not in circles.
        try FileManager.default.moveItem(at: example.folder.file("in/sub"), to: example.folder.file("elsewhere"))
        for (link, target) in [("in/sub", "elsewhere"), ("elsewhere/circle", "in")] {
            try FileManager.default.createSymbolicLink(
                at: example.folder.file(link), withDestinationURL: example.folder.file(target))
        }
        let outcome = try example.segment(["in", "in/b.nii"])
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(
            try example.records().map { $0["file"] as? String } == ["in/b.nii", "in/sub/a.nii.gz"].map(example.path))
        let files = try FileManager.default.contentsOfDirectory(atPath: example.path("out"))
        #expect(Set(files) == ["a_seg.nii.gz", "b_seg.nii.gz", "segmentation.json"])
        // Volumes alone: these are no cines.
        #expect(outcome.output.split(separator: "\n").count == 3 && !outcome.output.contains("EF"))
    }

    @Test("other classes than those of ACDC have volumes only")
    func otherClasses() throws {
        let example = try SegmentExample(classes: ["background", "blood", "muscle"])
        try example.write(SegmentExample.image(frames: 2), to: "patient001_4d.nii")
        let outcome = try example.segment(["patient001_4d.nii"])
        #expect(outcome.exitCode == 0 && outcome.output.contains("muscle ml"), "\(outcome.errors)")
        #expect(try example.records()[0]["function"] is NSNull)
        let options = try example.segment(["patient001_4d.nii"], "--force", "--ed", "1", "--es", "2")
        #expect(options.exitCode == 64 && options.errors.contains("background, blood, muscle"))
    }

    @Test("a model of two channels takes pairs of files, and says what is missing")
    func twoChannels() throws {
        let example = try SegmentExample(classes: ["background", "lesion"], channels: 2)
        for (name, power) in [("in/a_0000", 1), ("in/a_0001", 2), ("in/b_0000", 1)] {
            var image = SegmentExample.image()
            for i in image.volume.voxels.indices where power == 2 { image.volume.voxels[i].negate() }
            try example.write(image, to: name + ".nii.gz")
        }
        let missing = try example.segment(["in"])
        #expect(missing.exitCode == 66 && missing.errors.contains("b_0001.nii.gz: there is no such file"))
        let outcome = try example.segment(["in/a_0000.nii.gz"])
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let channels = try ["in/a_0000.nii.gz", "in/a_0001.nii.gz"].map {
            try NIfTI(contentsOf: example.folder.file($0))
        }
        let expected = example.model.labels(of: example.model.preprocessing(channels.map(\.volume)))
        let labels = try NIfTI(contentsOf: example.folder.file("out/a_seg.nii.gz"))
        #expect(labels.volume.voxels == expected.voxels && Set(expected.voxels).count == 2)
        let wrong = try example.segment(["in/a_0001.nii.gz"], to: "other")
        #expect(wrong.exitCode == 66 && wrong.errors.contains("none of the inputs is a first channel"))
    }

    @Test("phantoms are labelled as they are")
    func phantoms() throws {
        let made = try Executable(name: "MakePhantoms").run(
            ["--output", example.path("phantoms"), "--patients", "1", "--quiet"])
        try #require(made.exitCode == 0)
        let outcome = try example.segment(["phantoms"])
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let records = try example.records()
        #expect(records.count == 2 && records.allSatisfy { $0.warnings.contains("sform") })
        // The same doubt about both headers is printed once.
        #expect(outcome.errors.components(separatedBy: "the columns of sform").count == 2)
        #expect(outcome.errors.contains("1 more such headers"))
    }
}
