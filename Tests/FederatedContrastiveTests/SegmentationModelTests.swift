import Foundation
import Segmentation
import Tensor
import Testing
import Volumes
import _TestSupport

@testable import FederatedContrastive

@Suite struct SegmentationModelTests {
    private func model() throws -> SegmentationModel {
        try InitialWeights("random").model(
            width: 2, preprocessing: SyntheticCases.preprocessing, classes: SyntheticCases.classes, seed: 5)
    }

    @Test func comesBackFromItsFile() throws {
        let folder = try TemporaryFolder()
        let model = try model()
        try model.write(to: folder.file("model.safetensors"), provenance: "a test")
        let known = try SegmentationModel(contentsOf: folder.file("model.safetensors"))
        #expect(known.parameters == model.parameters)
        #expect(known.preprocessing == model.preprocessing && known.classes == model.classes)
        let volume = SyntheticCases.make(["p"])["p"]![0].volume
        #expect(known.labels(of: volume) == model.labels(of: volume))
    }

    @Test func theLabelsAreThoseOfTheHighestScoreWhereTheGridsAgree() throws {
        let model = try model()
        let volume = SyntheticCases.make(["p"])["p"]![0].volume
        let scores = model.scores(of: volume)
        let labels = model.labels(of: volume)
        #expect(labels.extent == volume.grid.native)
        // Both grids are the same here.
        for (place, label) in labels.voxels.enumerated() {
            #expect(label == (scores[2 * place + 1] > scores[2 * place] ? 1 : 0))
        }
    }

    @Test func aFileThatIsNoModelIsNamedWithItsFault() throws {
        let folder = try TemporaryFolder()
        let whole = folder.file("whole.safetensors")
        try model().write(to: whole, provenance: "a test")
        let file = try Safetensors(contentsOf: whole)
        func fault(_ change: (inout Safetensors) -> Void) throws -> String {
            var changed = file
            change(&changed)
            let url = folder.file("changed.safetensors")
            try changed.write(to: url)
            do {
                _ = try SegmentationModel(contentsOf: url)
                return ""
            } catch { return "\(error)" }
        }
        #expect(try fault { $0.metadata["classes"] = nil }.contains("fine-tune"))
        #expect(try fault { $0.metadata["preprocessing"] = "{" }.contains("'preprocessing'"))
        #expect(try fault { $0.tensors["outc.conv.bias"] = nil }.contains("'outc.conv.bias'"))
        #expect(try fault { $0.metadata["classes"] = "[\"one\"]" }.contains("classes"))
        for wrong in ["\"size\":-16", "\"size\":17", "\"size\":160000"] {
            let text = try fault {
                $0.metadata["preprocessing"] = $0.metadata["preprocessing"]!
                    .replacingOccurrences(of: "\"size\":16", with: wrong)
            }
            #expect(text.contains("preprocessing.size"), "\(wrong): \(text)")
        }
        for wrong in ["\"width\":0", "\"width\":100000", "\"width\":-2"] {
            let text = try fault {
                $0.metadata["configuration"] = $0.metadata["configuration"]!
                    .replacingOccurrences(of: "\"width\":2", with: wrong)
            }
            #expect(text.contains("configuration.width"), "\(wrong): \(text)")
        }
        let text = try fault {
            $0.metadata["configuration"] = $0.metadata["configuration"]!
                .replacingOccurrences(of: "\"depth\":4", with: "\"depth\":63")
        }
        #expect(text.contains("configuration.depth"))
    }
}
