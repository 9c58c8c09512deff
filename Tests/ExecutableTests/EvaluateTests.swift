import Foundation
import Testing
import Volumes

@Suite("Evaluate as a process")
final class EvaluateTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "evaluate-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Runs Evaluate on two files or folders of the test's folder.
    private func run(_ predictions: String, _ references: String, _ options: String...) throws -> Executable.Result {
        try Executable(name: "Evaluate").run([path(predictions), path(references)] + options)
    }

    /// Writes a label map of one row of voxels of 2 × 3 × 10 mm, 0.06 ml each.
    private func write(
        _ voxels: [Float], spacing: Volume.Spacing = .init(x: 2, y: 3, slice: 10), frames: Int = 1,
        axes: SIMD3<Double>? = nil, datatype: NIfTI.Datatype = .float32, to name: String
    ) throws {
        let url = folder.appending(path: name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let volume = Volume(
            extent: .init(x: voxels.count / frames, y: 1, slices: 1, frames: frames), spacing: spacing, voxels: voxels)
        var image = NIfTI(volume: volume, datatype: datatype)
        if let axes {
            image.geometry.sformCode = 1
            image.geometry.affineX.x = axes.x * spacing.x
            image.geometry.affineY.y = axes.y * spacing.y
            image.geometry.affineZ.z = axes.z * spacing.slice
        }
        try image.write(to: url)
    }

    private func object(_ json: some StringProtocol) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any], "\(json)")
    }

    /// Numbers by key at a place in JSON; `null` is NaN, which is equal to nothing.
    private func numbers(_ json: Any?, _ path: String...) throws -> [String: Double] {
        var place = json
        for key in path { place = (place as? [String: Any])?[key] }
        return try #require(place as? [String: Any], "\(path)").mapValues { $0 as? Double ?? .nan }
    }

    @Test("two files: the numbers of every label")
    func files() throws {
        try write([1, 1, 0, 0, 2, 0], to: "a.nii.gz")
        try write([0, 1, 1, 0, 0, 0], datatype: .uint8, to: "other.nii")
        let outcome = try run("a.nii.gz", "other.nii", "--json")
        #expect(outcome.exitCode == 0 && outcome.errors == "", "\(outcome.errors)")
        let summary = try object(outcome.output)
        let cases = try #require(summary["metric_per_case"] as? [[String: Any]])
        #expect(cases.count == 1)
        #expect(cases[0]["prediction_file"] as? String == path("a.nii.gz"))
        #expect(cases[0]["reference_file"] as? String == path("other.nii"))
        let first = try numbers(cases[0], "metrics", "1")
        #expect(
            first == [
                "Dice": 0.5, "IoU": 1.0 / 3, "HD95": 1.9, "ASSD": 1, "TP": 1, "FP": 1, "FN": 1, "TN": 3, "n_pred": 2,
                "n_ref": 2, "volume_pred_ml": 0.12, "volume_ref_ml": 0.12,
            ])
        let second = try numbers(cases[0], "metrics", "2")
        #expect(second["Dice"] == 0 && second["IoU"] == 0 && second["HD95"]!.isNaN && second["ASSD"]!.isNaN)
        let third = try numbers(cases[0], "metrics", "3")
        #expect(third["Dice"]!.isNaN && third["TN"] == 6)
        #expect(try numbers(summary, "foreground_mean")["Dice"] == 0.25)
        #expect(try numbers(summary, "foreground_mean")["HD95"] == 1.9)
        #expect(try numbers(summary, "excluded", "2")["HD95"] == 1)
        #expect(try numbers(summary, "excluded", "3")["Dice"] == 1)
        #expect(try numbers(summary, "standard_deviation", "1")["Dice"]!.isNaN)
        #expect(try numbers(summary, "pooled", "1")["Dice"] == 0.5)
    }

    @Test("folders in the layout of ACDC are matched by name, in order, and strays are named")
    func folders() throws {
        for number in [3, 1, 2] {
            let name = "patient00\(number)"
            try write([300.5, 0, 0, 0], to: "acdc/\(name)/\(name)_frame01.nii.gz")
            try write([1, 2, 3, 0], datatype: .uint8, to: "acdc/\(name)/\(name)_frame01_gt.nii.gz")
            try write([300.5, 0], frames: 2, to: "acdc/\(name)/\(name)_4d.nii.gz")
        }
        try write([1, 2, 0, 3], to: "predicted/patient001_frame01.nii")
        try write([1, 2, 3, 0], to: "predicted/patient002_frame01.nii.gz")
        try write([1, 2, 3, 0], to: "predicted/patient009_frame01.nii.gz")
        try Data("notes".utf8).write(to: folder.appending(path: "predicted/notes.txt"))
        try Data("junk".utf8).write(to: folder.appending(path: "predicted/._patient001_frame01.nii"))

        let outcome = try run("predicted", "acdc", "--output", path("summary.json"))
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let complaints = outcome.errors.split(separator: "\n")
        #expect(complaints.count == 2)
        #expect(complaints[0].hasSuffix("predicted: left out, without a reference: patient009_frame01.nii.gz"))
        #expect(complaints[1].hasSuffix("acdc: left out, without a prediction: patient003_frame01_gt.nii.gz"))
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 1 + 6 + 1 + 3 + 1)
        #expect(lines[1].hasPrefix("patient001_frame01      1  1.0000  1.0000     0.00     0.00       0.06 "))
        #expect(lines[3].hasPrefix("patient001_frame01      3  0.0000  0.0000     2.00     2.00 "))
        #expect(lines[4].hasPrefix("patient002_frame01      1 "))
        #expect(lines[10].hasPrefix("3      0.5000 ± 0.7071  0.5000 ± 0.7071 "))
        #expect(Set(lines[7...10].map(\.count)).count == 1, "\(outcome.output)")

        let summary = try object(String(contentsOf: folder.appending(path: "summary.json"), encoding: .utf8))
        let cases = try #require(summary["metric_per_case"] as? [[String: Any]])
        #expect(
            cases.map { $0["reference_file"] as? String } == [
                path("acdc/patient001/patient001_frame01_gt.nii.gz"),
                path("acdc/patient002/patient002_frame01_gt.nii.gz"),
            ])
        #expect(summary["unmatched_predictions"] as? [String] == [path("predicted/patient009_frame01.nii.gz")])
        #expect(try numbers(summary, "mean", "3")["Dice"] == 0.5)
        #expect(
            Set(summary.keys) == [
                "foreground_mean", "mean", "metric_per_case", "standard_deviation", "excluded", "pooled",
                "unmatched_predictions", "unmatched_references",
            ])
    }

    @Test("a folder of ACDC is perfect compared with itself")
    func itself() throws {
        try write([500, 9, 9], to: "acdc/patient001/patient001_frame01.nii")
        try write([1, 2, 3], to: "acdc/patient001/patient001_frame01_gt.nii")
        let outcome = try run("acdc", "acdc", "--json")
        #expect(outcome.exitCode == 0 && outcome.errors == "")
        let mean = try numbers(object(outcome.output), "foreground_mean")
        #expect(mean["Dice"] == 1 && mean["HD95"] == 0 && mean["ASSD"] == 0)
    }

    @Test("what Segment writes is compared with ACDC's references")
    func segmented() throws {
        try write([500, 9, 9], to: "acdc/patient001/patient001_frame01.nii")
        try write([1, 2, 3], to: "acdc/patient001/patient001_frame01_gt.nii")
        // Label maps beside the image, with their uncertainty.
        try write([500, 9, 9], to: "labels/patient001_frame01.nii")
        try write([1, 2, 3], to: "labels/patient001_frame01_seg.nii.gz")
        try write([0.5, 0.5, 0.5], to: "labels/patient001_frame01_seg_uncertainty.nii.gz")
        for (predictions, references) in [("labels", "acdc"), ("labels", "labels")] {
            let outcome = try run(predictions, references, "--json")
            #expect(outcome.exitCode == 0 && outcome.errors == "", "\(outcome.errors)")
            #expect(try numbers(object(outcome.output), "foreground_mean")["Dice"] == 1)
        }
    }

    @Test("links to folders of patients are followed, but not in circles")
    func links() throws {
        try write([1, 2, 3], to: "elsewhere/patient001/patient001_frame01_gt.nii")
        try FileManager.default.createDirectory(at: folder.appending(path: "linked"), withIntermediateDirectories: true)
        for (link, target) in [
            ("linked/patient001", "elsewhere/patient001"), ("elsewhere/patient001/circle", "linked"),
        ] {
            try FileManager.default.createSymbolicLink(
                at: folder.appending(path: link), withDestinationURL: folder.appending(path: target))
        }
        let outcome = try run("linked", "linked", "--json")
        #expect(outcome.exitCode == 0 && outcome.errors == "", "\(outcome.errors)")
        #expect(try numbers(object(outcome.output), "foreground_mean")["Dice"] == 1)
    }

    @Test("maps that do not lie on one grid are errors that name both files and say what to do")
    func geometry() throws {
        try write([1, 0, 0, 0], axes: [1, 1, 1], to: "reference/a.nii")
        let moved = Volume.Spacing(x: 2, y: 3.01, slice: 10)
        for (index, words) in [
            ["extent (dim)", "5 × 1 × 1", "4 × 1 × 1", "bring"],
            ["spacing (pixdim)", "2 × 3.01 × 10 mm", "2 × 3 × 10 mm", "header"],
            ["orientation", "LAS", "RAS", "turn"],
        ].enumerated() {
            switch index {
            case 0: try write([1, 0, 0, 0, 0], to: "bad/a.nii")
            case 1: try write([1, 0, 0, 0], spacing: moved, to: "bad/a.nii")
            default: try write([1, 0, 0, 0], axes: [-1, 1, 1], to: "bad/a.nii")
            }
            let outcome = try run("bad", "reference", "--output", path("none.json"))
            #expect(outcome.exitCode == 65 && outcome.output == "")
            for word in words + [path("bad/a.nii"), path("reference/a.nii")] {
                #expect(outcome.errors.contains(word), "\(word): \(outcome.errors)")
            }
        }
        #expect(!FileManager.default.fileExists(atPath: path("none.json")))
        // Without an orientation, or with spacings that differ by rounding, there is nothing to complain of.
        try write([1, 0, 0, 0], spacing: .init(x: 2.0005, y: 3, slice: 10), to: "bad/a.nii")
        #expect(try run("bad", "reference").exitCode == 0)
    }

    @Test("what is no label is named with its place, every bad case at once")
    func labels() throws {
        for (name, value) in [("a", 1.5), ("b", -1), ("c", Float.nan), ("d", 70_000)] as [(String, Float)] {
            try write([0, 1, value], to: "bad/\(name).nii")
            try write([0, 1, 1], to: "good/\(name).nii")
        }
        let outcome = try run("bad", "good")
        #expect(outcome.exitCode == 65)
        let complaints = outcome.errors.split(separator: "\n")
        #expect(complaints.count == 4)
        for (complaint, value) in zip(
            complaints, ["a.nii: the label of voxel (2, 0, 0) is 1.5", "-1.0", "nan", "70000"])
        {
            #expect(complaint.contains(value), "\(complaint)")
        }
    }

    @Test("labels that were not asked for are background, with a warning")
    func strayLabels() throws {
        try write([1, 7, 9, 4], to: "a.nii")
        try write([1, 7, 0, 4], to: "b.nii")
        let outcome = try run("a.nii", "b.nii", "--labels", "4,1")
        #expect(outcome.exitCode == 0)
        #expect(outcome.errors.contains("labels 7, 9 count as background"), "\(outcome.errors)")
        #expect(outcome.errors.contains("--labels 4,1; 7 is in \(path("a.nii"))"), "\(outcome.errors)")
        #expect(outcome.output.split(separator: "\n")[1].hasPrefix("b         4  1.0000"), "\(outcome.output)")
        let quiet = try run("a.nii", "b.nii", "--labels", "1", "--quiet")
        #expect(quiet.exitCode == 0 && quiet.output == "" && quiet.errors == "")
    }

    @Test("the exit status says what was wrong")
    func exitCodes() throws {
        try write([1, 0], to: "one/a.nii")
        try write([1, 0], to: "one/b.nii")
        try write([1, 0], to: "two/a.nii")
        try write([1, 0], to: "three/c.nii")
        try write([1, 0], to: "four/x/a.nii")
        try write([1, 0], to: "four/a.nii.gz")
        try write([1, 0], frames: 2, to: "cine.nii")
        try FileManager.default.createDirectory(at: folder.appending(path: "empty"), withIntermediateDirectories: true)
        try Data([1]).write(to: folder.appending(path: "bad.nii"))
        func check(_ code: Int32, _ arguments: (String, String), _ options: [String] = [], _ words: String...) throws {
            let outcome = try Executable(name: "Evaluate").run([path(arguments.0), path(arguments.1)] + options)
            #expect(outcome.exitCode == code, "\(arguments) \(options): \(outcome.errors)")
            for word in words { #expect(outcome.errors.contains(word), "\(word): \(outcome.errors)") }
        }
        try check(0, ("one", "two"))
        try check(64, ("one", "two/a.nii"), [], "is a folder", "is a file")
        for labels in ["", "0", "1,,2", "1,1", "70000", "left"] { try check(64, ("one", "two"), ["--labels", labels]) }
        try check(65, ("one", "three"), [], "have no file in common", "a.nii", "c.nii")
        try check(65, ("one", "four"), [], "four/a.nii.gz", "four/x/a.nii", "one case")
        try check(65, ("bad.nii", "two/a.nii"), [], "bad.nii: ends after 1 of")
        try check(65, ("cine.nii", "two/a.nii"), [], "dim[4] is 2, but must be 1")
        try check(66, ("missing", "two"), [], "missing")
        try check(66, ("one", "empty"), [], "empty: there is no .nii")
        try check(73, ("one", "two"), ["--output", path("missing/summary.json")], "missing; make it first")
        try check(74, ("one", "two"), ["--output", path("empty")], "empty cannot be written")
    }

    @Test("many cases come out in order, and the same each time")
    func order() throws {
        for number in 0..<40 {
            let voxels = (0..<50).map { Float(($0 * 7 + number) % 4) }
            try write(voxels, to: "a/case\(number).nii.gz")
            try write(voxels.reversed(), to: "b/case\(number).nii.gz")
        }
        let outcomes = try (0..<2).map { _ in try run("a", "b", "--json") }
        #expect(outcomes[0].exitCode == 0 && outcomes[0].output == outcomes[1].output)
        let cases = try #require(try object(outcomes[0].output)["metric_per_case"] as? [[String: Any]])
        let files = cases.compactMap { $0["reference_file"] as? String }
        #expect(files.count == 40 && files == files.sorted())
    }

    @Test("help explains every option, the rule for empty structures and the exit codes")
    func help() throws {
        let outcome = try Executable(name: "Evaluate").run(["--help"])
        #expect(outcome.exitCode == 0)
        for word in ["--labels", "--json", "--output", "--quiet", "_gt", "neither", "64", "65", "66", "73", "74"] {
            #expect(outcome.output.contains(word), "\(word)")
        }
    }
}
