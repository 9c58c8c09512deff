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

    @Test func theWayOfLabelingIsInTheFile() throws {
        let folder = try TemporaryFolder()
        let url = folder.file("model.safetensors")
        var model = try InitialWeights("random").model(
            width: 2, preprocessing: SyntheticCases.preprocessing, classes: ACDC.classNames, seed: 5)
        model.inference = Inference(testTimeViews: true, cleanUp: true)
        try model.write(to: url, provenance: "a test")
        #expect(try SegmentationModel(contentsOf: url).inference == model.inference)
        // Files of earlier versions label plainly, with intensities that were prepared as at that time.
        var old = try Safetensors(contentsOf: url)
        old.metadata["inference"] = nil
        old.metadata["preprocessing"] = #"{"intensityPercentiles":[1,99],"size":16,"spacing":1}"#
        try old.write(to: url)
        let known = try SegmentationModel(contentsOf: url)
        #expect(known.inference == Inference())
        #expect(
            known.preprocessing
                == Preprocessing(spacing: 1, size: 16, intensityWindow: nil, intensityRange: 0...1))
        // What cleans up hearts cannot clean up anything else.
        old.metadata["inference"] = #"{"cleanUp":true,"testTimeViews":false}"#
        old.metadata["classes"] = #"["background","a","b","c"]"#
        try old.write(to: url)
        #expect { try SegmentationModel(contentsOf: url) } throws: { "\($0)".contains("inference.cleanUp") }
    }

    @Test func meanProbabilitiesAreThoseOfTheViewsMappedBack() throws {
        var model = try model()
        let volume = SyntheticCases.make(["p"])["p"]![0].volume
        let single = model.probabilities(of: volume)
        model.inference.testTimeViews = true
        let mean = model.probabilities(of: volume)
        // The oracle: bilinear sampling in Double, forward for the image and backward for the probabilities.
        let (size, slices, classes) = (16, volume.sliceCount, 2)
        func sampled(
            _ value: (Int, Int) -> Double, _ row: Int, _ column: Int, angle: Double, scale: Double
        ) -> Double {
            let (down, across) = (Double(row) - 7.5, Double(column) - 7.5)
            let y = (cos(angle) * down - sin(angle) * across) / scale + 7.5
            let x = (sin(angle) * down + cos(angle) * across) / scale + 7.5
            var sum = 0.0
            for i in [Int(y.rounded(.down)), Int(y.rounded(.down)) + 1] {
                for j in [Int(x.rounded(.down)), Int(x.rounded(.down)) + 1] {
                    guard (0..<size).contains(i), (0..<size).contains(j) else { continue }
                    sum += (1 - abs(y - Double(i))) * (1 - abs(x - Double(j))) * value(i, j)
                }
            }
            return sum
        }
        var expected = single.map { Double($0) / 6 }
        for (degrees, scale, gamma) in [(12.0, 1.0, 1.0), (-12, 1, 1), (0, 0.9, 1), (0, 1.1, 1), (0, 1, 0.8)] {
            let angle = degrees * .pi / 180
            var view = volume
            for place in volume.pixels.indices {
                let (slice, row, column) = (place / 256, place / 16 % 16, place % 16)
                let value = sampled(
                    { Double(volume.pixels[slice * 256 + $0 * 16 + $1]) }, row, column, angle: angle, scale: scale)
                view.pixels[place] = Float(gamma == 1 ? value : pow(value, gamma))
            }
            model.inference.testTimeViews = false
            let own = model.probabilities(of: view)
            for slice in 0..<slices {
                for pixel in 0..<256 {
                    for c in 0..<classes {
                        expected[(slice * 256 + pixel) * classes + c] +=
                            sampled(
                                { Double(own[(slice * 256 + $0 * 16 + $1) * classes + c]) }, pixel / 16, pixel % 16,
                                angle: -angle, scale: 1 / scale) / 6
                    }
                }
            }
        }
        #expect(difference(Tensor(mean), expected, relative: 2e-3, absolute: 2e-3) == nil)
    }

    @Test func anEnsembleHasTheMeanProbabilitiesOfItsModels() throws {
        let first = try model()
        let second = try InitialWeights("random").model(
            width: 2, preprocessing: SyntheticCases.preprocessing, classes: SyntheticCases.classes, seed: 6)
        let volume = SyntheticCases.make(["p"])["p"]![0].volume
        let mean = zip(first.probabilities(of: volume), second.probabilities(of: volume)).map {
            0.5 * (Double($0) + Double($1))
        }
        let ensemble = try #require(first.joined(with: second))
        #expect(difference(Tensor(ensemble.probabilities(of: volume)), mean, absolute: 1e-6) == nil)
        let map = ensemble.classMap(of: volume)
        #expect(map.enumerated().allSatisfy { mean[2 * $0.offset + Int($0.element)] >= 0.5 - 1e-6 })
        let wide = try InitialWeights("random").model(
            width: 4, preprocessing: SyntheticCases.preprocessing, classes: SyntheticCases.classes, seed: 6)
        #expect(first.joined(with: wide) == nil)
        let coarse = try InitialWeights("random").model(
            width: 2, preprocessing: Preprocessing(spacing: 2, size: 16), classes: SyntheticCases.classes, seed: 6)
        #expect(first.joined(with: coarse) == nil)
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
            #expect(text.contains("preprocessing") && text.contains(wrong) || text.contains("preprocessing.size"))
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
        // Six gigabytes of weights that the file does not have are not allocated.
        let start = ContinuousClock.now
        let promise = try fault {
            $0.metadata["configuration"] = $0.metadata["configuration"]!
                .replacingOccurrences(of: "\"depth\":4", with: "\"depth\":6")
                .replacingOccurrences(of: "\"width\":2", with: "\"width\":256")
            $0.metadata["preprocessing"] = $0.metadata["preprocessing"]!
                .replacingOccurrences(of: "\"size\":16", with: "\"size\":64")
        }
        #expect(promise.contains("width 256 and depth 6") && promise.contains("has no more than"), "\(promise)")
        #expect(ContinuousClock.now - start < .seconds(5))
    }
}
