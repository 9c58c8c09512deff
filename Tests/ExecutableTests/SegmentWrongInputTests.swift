import Foundation
import Tensor
import Testing
import Volumes

@Suite("Segment refuses or doubts what does not fit")
struct SegmentWrongInputTests {
    private let example: SegmentExample

    init() throws { example = try SegmentExample() }

    /// Segments one image of those extents and spacing, changed by `change`.
    private func outcome(
        x: Int = 20, y: Int = 18, slices: Int = 9, frames: Int = 1, spacing: [Double] = [4, 4.5, 10],
        _ change: (inout NIfTI) -> Void = { _ in }
    ) throws -> (result: Executable.Result, record: [String: Any]) {
        var image = NIfTI(
            volume: SegmentExample.volume(
                frames: frames, extent: .init(x: x, y: y, slices: slices),
                spacing: .init(x: spacing[0], y: spacing[1], slice: spacing[2])))
        change(&image)
        try example.write(image, to: "odd.nii.gz")
        let result = try example.segment(["odd.nii.gz"], "--force")
        return (result, try #require(try example.records().first))
    }

    @Test("images whose labels would mean nothing are errors with the reason")
    func errors() throws {
        func check(_ words: String..., outcome: (result: Executable.Result, record: [String: Any])) {
            #expect(outcome.result.exitCode == 65, "\(outcome.result.errors)")
            #expect(outcome.record["output"] is NSNull && (outcome.record["volumes"] as? [Any])?.isEmpty == true)
            let error = outcome.record["error"] as? String ?? ""
            for word in words + ["odd.nii.gz"] {
                #expect(error.contains(word) && outcome.result.errors.contains(word), "\(word): \(error)")
            }
        }
        check(
            "along the first axis", "10 mm", "4 mm", outcome: try outcome(x: 9, y: 20, slices: 18, spacing: [10, 4, 4]))
        check("along the second axis", outcome: try outcome(x: 20, y: 9, slices: 18, spacing: [4, 10, 4]))
        check("along the first axis", "36", outcome: try outcome(x: 9, y: 36, slices: 36, spacing: [4, 4, 4]))
        check("12 × 18 pixels", "too small", outcome: try outcome(x: 12))
        check("20 × 18 mm", "too small", outcome: try outcome(spacing: [1, 1, 10]))
        check("1e-08", "pixdim", outcome: try outcome(spacing: [1e-8, 1e-8, 10]))
        check("all its voxels are 7", outcome: try outcome { $0.volume.voxels = $0.volume.voxels.map { _ in 7 } })
        check(
            "frame 2 of 3",
            outcome: try outcome(frames: 3) {
                $0.volume.voxels.replaceSubrange(3240..<6480, with: repeatElement(0, count: 3240))
            })
        check(
            "nearly all",
            outcome: try outcome {
                $0.volume.voxels = $0.volume.voxels.indices.map { $0 == 99 ? 1 : 0 }
            })
        check("no voxel", outcome: try outcome { $0.volume.voxels = $0.volume.voxels.map { _ in .nan } })
    }

    @Test("images that fit badly are labelled with a warning")
    func warnings() throws {
        func check(_ words: String..., outcome: (result: Executable.Result, record: [String: Any])) {
            #expect(outcome.result.exitCode == 0, "\(outcome.result.errors)")
            for word in words {
                #expect(outcome.record.warnings.contains(word), "\(word): \(outcome.record.warnings)")
                #expect(outcome.result.errors.contains(word), "\(word): \(outcome.result.errors)")
            }
        }
        check(
            "3 of 3240 voxels",
            outcome: try outcome { $0.volume.voxels.replaceSubrange(5..<8, with: [.nan, .infinity, .nan]) })
        check("40 × 40.5 mm", "75 %", "padding", outcome: try outcome(spacing: [2, 2.25, 10]))
        check("80 × 80 mm", "background", "of 240 × 216 mm", outcome: try outcome(spacing: [12, 12, 12]))
        check("coarser", outcome: try outcome(spacing: [12, 12, 12]))
        check("more than the second", outcome: try outcome(slices: 19, spacing: [4, 4, 4]))
        check("square", outcome: try outcome(spacing: [4, 8, 10]))
        check("one slice", outcome: try outcome(slices: 1))
    }

    @Test("one bad input does not stop the others")
    func others() throws {
        try example.write(SegmentExample.image(), to: "in/c.nii")
        try example.write(SegmentExample.image(frames: 2), to: "in/d.nii")
        try Data("no image".utf8).write(to: example.folder.file("in/a.nii"))
        try Data([0x1f, 0x8b]).write(to: example.folder.file("in/b.nii.gz"))
        // Five dimensions.
        var bytes = try Data(contentsOf: example.folder.file("in/d.nii"))
        bytes[40] = 5
        try bytes.write(to: example.folder.file("in/e.nii"))
        let outcome = try example.segment(["in"], "--ed", "1", "--es", "3")
        #expect(outcome.exitCode == 65)
        let records = try example.records()
        #expect(records.count == 5)
        for (name, index) in [("a.nii", 0), ("b.nii.gz", 1), ("d.nii", 3), ("e.nii", 4)] {
            #expect((records[index]["error"] as? String)?.contains(name) == true, "\(records[index])")
            #expect(outcome.errors.contains("error: " + example.path("in/" + name)))
        }
        #expect((records[3]["error"] as? String)?.contains("no frame 3") == true)
        #expect((records[4]["error"] as? String)?.contains("dim[0] is 5") == true)
        #expect(records[2]["error"] is NSNull && records[2].warnings.contains("no cine"))
        #expect(try NIfTI(contentsOf: example.folder.file("out/c_seg.nii.gz")).datatype == .uint8)
    }

    @Test("nothing is replaced unless the user says so")
    func force() throws {
        try example.write(SegmentExample.image(), to: "scan.nii")
        try FileManager.default.createDirectory(at: example.folder.file("out"), withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: example.folder.file("out/scan_seg.nii.gz"))
        let refused = try example.segment(["scan.nii"])
        #expect(
            refused.exitCode == 73 && refused.errors.contains("scan_seg.nii.gz") && refused.errors.contains("--force"))
        #expect(try Data(contentsOf: example.folder.file("out/scan_seg.nii.gz")) == Data("mine".utf8))
        #expect(try example.segment(["scan.nii"], "--force").exitCode == 0)
        #expect(try FileManager.default.contentsOfDirectory(atPath: example.path("out")).count == 2)
    }

    @Test("wrong arguments, models and folders: exit codes and words")
    func usage() throws {
        try example.write(SegmentExample.image(frames: 2), to: "scan.nii")
        try example.write(SegmentExample.image(), to: "other/scan.nii.gz")
        try FileManager.default.createDirectory(at: example.folder.file("empty"), withIntermediateDirectories: true)
        let isEncoder = { (slot: ParameterSlot) in slot.name.hasPrefix("inc") || slot.name.hasPrefix("down") }
        try example.model.parameters.safetensors(including: isEncoder, metadata: ["preprocessing": "{}"])
            .write(to: example.folder.file("encoder.safetensors"))
        func check(_ code: Int32, _ model: String, _ inputs: [String], _ options: [String], _ words: String...) throws {
            let output = options.contains("--output") ? [] : ["--output", path("out")]
            let outcome = try Executable(name: "Segment").run([path(model)] + inputs.map(path) + output + options)
            #expect(outcome.exitCode == code, "\(model) \(inputs) \(options): \(outcome.errors)")
            for word in words { #expect(outcome.errors.contains(word), "\(word): \(outcome.errors)") }
        }
        func path(_ name: String) -> String { example.path(name) }
        let model = "model.safetensors"
        try check(66, "none", ["scan.nii"], [], "none", "there is no such file")
        try check(65, "encoder.safetensors", ["scan.nii"], [], "fine-tune it first")
        try check(65, "scan.nii", ["scan.nii"], [], "scan.nii")
        try check(66, model, ["scan.nii", "none.nii"], [], "none.nii", "there is no such")
        try check(66, model, ["empty"], [], "empty", "_gt")
        try check(
            64, model, ["scan.nii", "other"], [], "scan.nii", "other/scan.nii.gz", "scan_seg.nii.gz", "two folders")
        try check(64, model, [], [], "inputs")
        for options in [["--ed", "1"], ["--es", "1"], ["--ed", "1", "--es", "1"], ["--ed", "0", "--es", "1"]] {
            try check(64, model, ["scan.nii"], options, "--ed")
        }
        for options in [["--threads", "0"], ["--output", ""]] {
            try check(64, model, ["scan.nii"], options, options[0])
        }
        try check(73, model, ["scan.nii"], ["--output", path("scan.nii")], "scan.nii", "the folder cannot be made")
        #expect(!FileManager.default.fileExists(atPath: path("out")))
        try check(65, model, ["scan.nii"], ["--ed", "1", "--es", "9"], "no frame 9")
    }

    @Test("a model may be named by the folder that holds it, and that of a run names its trials'")
    func modelFolders() throws {
        try example.write(SegmentExample.image(), to: "scan.nii")
        let trial = example.folder.file("run/trials/a")
        for folder in [trial, example.folder.file("empty")] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try FileManager.default.copyItem(
            at: example.folder.file("model.safetensors"), to: trial.appending(path: "model.safetensors"))
        for (model, exitCode, words) in [
            ("run/trials/a", 0, ""), ("run", 66, "run/trials/a/model.safetensors"),
            ("run/trials", 66, "run/trials/a/model.safetensors"), ("empty", 66, "there is no model.safetensors"),
        ] {
            let outcome = try Executable(name: "Segment").run([
                example.path(model), example.path("scan.nii"), "--output", example.path("out"), "--quiet",
            ])
            #expect(outcome.exitCode == Int32(exitCode), "\(model): \(outcome.errors)")
            if !words.isEmpty { #expect(outcome.errors.contains(words), "\(model): \(outcome.errors)") }
        }
        #expect(try Data(contentsOf: example.folder.file("out/scan_seg.nii.gz")).count > 0)
    }

    @Test("help explains every option, what is refused and what it is not for")
    func help() throws {
        let outcome = try Executable(name: "Segment").run(["--help"])
        #expect(outcome.exitCode == 0)
        for word in [
            "--output", "--ed", "--es", "--json", "--threads", "--quiet", "--force", "research only", "64", "65", "66",
            "73", "74",
        ] { #expect(outcome.output.contains(word), "\(word)") }
    }

    @Test(
        "only a model that is signed with the key is used",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")))
    func signatures() throws {
        func openssl(_ arguments: String...) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
            process.arguments = arguments
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
        }
        let (model, signature) = (
            example.folder.file("model.safetensors"), example.folder.file("model.safetensors.sig")
        )
        for name in ["own", "other"] {
            let key = example.folder.file(name).path
            try openssl("genpkey", "-algorithm", "ed25519", "-out", key)
            try openssl("pkey", "-in", key, "-pubout", "-out", key + ".pub")
        }
        func outcome(_ key: String = "own.pub") throws -> Executable.Result {
            try example.segment(["image.nii.gz"], "--force", "--require-signature", example.folder.file(key).path)
        }
        try example.write(SegmentExample.image(), to: "image.nii.gz")
        #expect(try outcome().exitCode == 66, "there is no signature")
        try openssl(
            "pkeyutl", "-sign", "-rawin", "-inkey", example.folder.file("own").path, "-in", model.path, "-out",
            signature.path)
        #expect(try outcome().exitCode == 0)
        let stranger = try outcome("other.pub")
        #expect(stranger.exitCode == 65 && stranger.errors.contains("do not use it"))
        #expect(try outcome("none.pub").exitCode == 66)
        // One bit of the model.
        var bytes = try Data(contentsOf: model)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: model)
        #expect(try outcome().exitCode == 65)
    }
}
