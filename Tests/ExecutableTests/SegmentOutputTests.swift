import FederatedContrastive
import Foundation
import Segmentation
import Tensor
import Testing
import Volumes
import _TestSupport

@testable import Segment

#if canImport(FoundationXML)
import FoundationXML
#endif

/// What `Segment` writes for people and for other programs.
@Suite struct SegmentOutputTests {
    private let example: SegmentExample

    init() throws { example = try SegmentExample() }

    @Test("the page has outlines, a curve, and the function, and is one well-formed file")
    func report() throws {
        try example.write(SegmentExample.image(frames: 3), to: "patient001_4d.nii")
        try example.write(SegmentExample.image(), to: "odd <name>.nii")
        let outcome = try example.segment(
            ["patient001_4d.nii", "odd <name>.nii"], "--report", "--ed", "1", "--es", "2", "--height", "170",
            "--weight",
            "70")
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let page = try String(contentsOf: example.folder.file("out/report.html"), encoding: .utf8)
        #expect(page.components(separatedBy: "<image ").count == 1 + 3 * 2 + 3)
        #expect(page.contains("Left ventricle") && page.contains("ED, slice") && page.contains("ES, slice"))
        #expect(page.contains("EDV ml/m²") && page.contains("1.81 m²") && page.contains("not a medical device"))
        #expect(page.contains("odd &lt;name&gt;.nii") && !page.contains("<name>") && !page.contains("http://"))
        let parser = XMLParser(data: Data(page.dropFirst("<!DOCTYPE html>".count).utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        let again = try example.segment(["patient001_4d.nii"], "--report")
        #expect(again.exitCode == 73)
    }

    @Test("the function per body surface is by Du Bois' formula, from the options or from Info.cfg")
    func bodySurface() throws {
        // A published worked example: 170 cm and 60 kg have about 1.69 m².
        let body = try #require(Body(height: 170, weight: 60))
        #expect(abs(body.surfaceArea - 1.69) < 0.006)
        #expect(Body(height: 0, weight: 0) == nil && Body(height: nil, weight: 70) == nil)
        try example.write(SegmentExample.image(frames: 2), to: "patient001/patient001_4d.nii")
        try Data("ED: 1\nES: 2\nGroup: NOR\nHeight: 170\nNbFrame: 2\nWeight: 60\n".utf8)
            .write(to: example.folder.file("patient001/Info.cfg"))
        let outcome = try example.segment(["patient001/patient001_4d.nii"])
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let record = try example.records()[0]
        let area = try #require(record.number("function", "bodySurfaceArea"))
        #expect(abs(area - body.surfaceArea) < 1e-12)
        let volume = try #require(record.number("function", "leftVentricle", "endDiastolicVolume"))
        let indexed = try #require(record.number("function", "indexed", "leftEndDiastolicVolume"))
        #expect(abs(indexed - volume / area) < 1e-9)
    }

    @Test("an ensemble tells the function of each model, and where the models are unsure")
    func ensemble() throws {
        let other = try InitialWeights("random").model(
            width: 2, preprocessing: example.model.preprocessing, classes: ACDC.classNames, seed: 4711)
        try other.write(to: example.folder.file("other.safetensors"), provenance: "a test")
        try example.write(SegmentExample.image(frames: 2), to: "a.nii.gz")
        let outcome = try example.segment(
            ["a.nii.gz"], "--with", example.path("other.safetensors"), "--uncertainty", "--ed", "1", "--es", "2")
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        let function = try #require(try example.records()[0]["function"] as? [String: Any])
        let models = try #require(function["models"] as? [[String: Any]])
        #expect(models.count == 2)
        let image = try NIfTI(contentsOf: example.folder.file("a.nii.gz")).volume
        for (member, found) in zip([example.model, other], models) {
            let labels = (0..<2).map { member.labels(of: member.preprocessing(image.frame($0))) }
            let own = CardiacFunction(endDiastole: labels[0], endSystole: labels[1])
            let volume = try #require(found.number("leftVentricle", "endDiastolicVolume"))
            #expect(abs(volume - own.leftVentricle.endDiastolicVolume) < 1e-9)
        }
        let map = try NIfTI(contentsOf: example.folder.file("out/a_seg_uncertainty.nii.gz"))
        #expect(map.datatype == .float32 && map.volume.extent == image.extent)
        #expect(map.volume.voxels.allSatisfy { (0...1.0001).contains($0) } && map.volume.voxels.max()! > 0.1)
        let labels = try NIfTI(contentsOf: example.folder.file("out/a_seg.nii.gz")).volume
        let both = try #require(example.model.joined(with: other))
        let expected = (0..<2).flatMap { both.labels(of: both.preprocessing(image.frame($0))).voxels }
        #expect(zip(labels.voxels, expected).count { $0 != $1 } <= 1)
    }

    @Test("a certain pixel has no entropy, and equal probabilities have all of it")
    func entropy() throws {
        let volume = example.model.preprocessing(SegmentExample.volume(frames: 1))
        var sure = example.model
        sure.inference = Inference()
        let detail = sure.detailed(volume)
        #expect(detail.memberLabels == [detail.labels] && detail.labels == sure.labels(of: volume))
        var weights = sure.parameters
        weights.vector = Tensor(zeros: weights.vector.shape)
        sure.parameters = weights
        let flat = sure.detailed(volume).uncertainty.voxels
        #expect(abs((flat.max() ?? 0) - 1) < 1e-5)
    }

    @Test("names follow a pattern, such as the one of the challenge")
    func names() throws {
        try example.write(SegmentExample.image(), to: "patient101/patient101_frame01.nii.gz")
        try example.write(SegmentExample.image(), to: "patient101/patient101_frame14.nii.gz")
        try Data("ED: 1\nES: 14\nHeight: 0\nNbFrame: 30\nWeight: 0\n".utf8)
            .write(to: example.folder.file("patient101/Info.cfg"))
        let outcome = try example.segment(["patient101"], "--name", "{patient}_{phase}.nii.gz", "--colors")
        #expect(outcome.exitCode == 0, "\(outcome.errors)")
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: example.path("out"))) == [
                "patient101_ED.nii.gz", "patient101_ES.nii.gz", "segmentation.json", "labels.txt", "labels.ctbl",
            ])
        let table = try String(contentsOf: example.folder.file("out/labels.ctbl"), encoding: .utf8)
        #expect(table.contains("3 left_ventricle 0 158 115 255\n"))
        let snap = try String(contentsOf: example.folder.file("out/labels.txt"), encoding: .utf8)
        #expect(
            snap.contains("0 0 0 0 0 0 0 \"background\"\n") && snap.contains("1 0 114 178 1 1 1 \"right ventricle\"\n"))
        try example.write(SegmentExample.image(), to: "b.nii.gz")
        for (pattern, word) in [
            ("{phase}", "no Info.cfg"), ("{who}", "{who}"), ("../{case}", "file name"), ("fixed", "{case}"),
        ] {
            let wrong = try example.segment(["b.nii.gz"], to: "other", "--name", pattern)
            #expect(wrong.exitCode == 64 && wrong.errors.contains(word), "\(pattern): \(wrong.errors)")
        }
    }

    @Test("3D Slicer gets a description, one file, and progress")
    func slicer() throws {
        let program = Executable(name: "Segment")
        let description = try program.run(["--xml"])
        #expect(description.exitCode == 0)
        let parser = XMLParser(data: Data(description.output.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        for flag in description.output.matches(of: /<longflag>(.*)<\/longflag>/).map(\.output.1) {
            // The long name of an option of this program.
            #expect(Segment.helpMessage(includeHidden: true).contains("--" + flag), "\(flag)")
        }
        try example.write(SegmentExample.image(), to: "a.nii.gz")
        try example.write(SegmentExample.image(), to: "b.nii.gz")
        let model = example.path("model.safetensors")
        let result = try program.run(
            [model, example.path("a.nii.gz"), "--label-map", example.path("made/labels.nii.gz"), "--filter-progress"])
        #expect(result.exitCode == 0, "\(result.errors)")
        #expect(result.output.contains("<filter-progress>1.0</filter-progress>\n<filter-end>"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: example.path("made")) == ["labels.nii.gz"])
        #expect(
            try NIfTI(contentsOf: example.folder.file("made/labels.nii.gz")).volume.voxels
                == example.expected("a.nii.gz")[0].voxels)
        let two = try program.run(
            [model, example.path("a.nii.gz"), example.path("b.nii.gz"), "--label-map", example.path("x.nii.gz")])
        #expect(two.exitCode == 64 && two.errors.contains("for one image"))
        let there = try program.run([model, example.path("a.nii.gz"), "--label-map", example.path("b.nii.gz")])
        #expect(there.exitCode == 73)
        for wrong in [["--label-map", "x.txt"], ["--height", "170"], ["--height", "1.7", "--weight", "70"]] {
            #expect(
                try program.run([model, example.path("a.nii.gz"), "--output", example.path("y")] + wrong).exitCode == 64
            )
        }
    }
}
