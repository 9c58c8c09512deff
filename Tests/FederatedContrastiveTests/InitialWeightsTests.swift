import Foundation
import Tensor
import Testing
import Volumes
import _TestSupport

@testable import FederatedContrastive

@Suite struct InitialWeightsTests {
    private func encoder(width: Int, in folder: TemporaryFolder, named name: String, size: Int = 32) throws {
        let model = try InitialWeights("random").model(
            width: width, preprocessing: Preprocessing(spacing: 3, size: size), classes: ["background", "disc"], seed: 8
        )
        let isEncoder = { (slot: ParameterSlot) in slot.name.hasPrefix("inc") || slot.name.hasPrefix("down") }
        let recipe = String(decoding: try JSONEncoder().encode(model.preprocessing), as: UTF8.self)
        try model.parameters.safetensors(including: isEncoder, metadata: ["preprocessing": recipe])
            .write(to: folder.file(name))
    }

    @Test func anEncoderIsLoadedAndTheDecoderIsThatOfTheSeed() throws {
        let folder = try TemporaryFolder()
        try encoder(width: 2, in: folder, named: "pretrained.safetensors")
        let start = try InitialWeights(folder.file("pretrained.safetensors").path)
        #expect(start.name == "pretrained" && start.width == 2 && start.preprocessing?.size == 32)
        func parameters(_ start: InitialWeights, seed: UInt64) throws -> [String: Tensor] {
            try start.model(width: 2, preprocessing: Preprocessing(), classes: ["a", "b"], seed: seed)
                .parameters.safetensors().tensors
        }
        let file = try Safetensors(contentsOf: folder.file("pretrained.safetensors"))
        let (loaded, random) = (try parameters(start, seed: 1), try parameters(InitialWeights("random"), seed: 1))
        for (name, tensor) in loaded {
            #expect(tensor == (file.tensors[name] ?? random[name]), "\(name)")
        }
        #expect(loaded["outc.conv.weight"] != (try parameters(start, seed: 2))["outc.conv.weight"])
    }

    @Test func theCommonShapeFollowsFromTheEncoders() throws {
        let folder = try TemporaryFolder()
        try encoder(width: 2, in: folder, named: "one.safetensors")
        try encoder(width: 3, in: folder, named: "wide.safetensors")
        try encoder(width: 2, in: folder, named: "small.safetensors", size: 16)
        func shape(_ names: [String], width: Int? = nil, size: Int? = nil) throws -> (width: Int, size: Int) {
            let arguments = names.map { $0 == "random" ? $0 : folder.file($0 + ".safetensors").path }
            var settings = FineTuningSettings()
            (settings.width, settings.size) = (width, size)
            let shape = try settings.shape(of: InitialWeights.all(arguments))
            return (shape.width, shape.preprocessing.size)
        }
        #expect(try shape(["random"]) == (16, 144))
        #expect(try shape(["random", "one"]) == (2, 32))
        #expect(try shape(["one"], size: 64) == (2, 64))
        for (names, width) in [(["one", "wide"], nil), (["one", "small"], nil), (["one"], 4)] as [([String], Int?)] {
            #expect(throws: RunError.self) { try shape(names, width: width) }
        }
        #expect(throws: RunError.self) { try InitialWeights.all(["random", "random"]) }
        #expect(throws: RunError.self) { try InitialWeights.all(["../x=random"]) }
        #expect(throws: RunError.self) { try InitialWeights(folder.file("nothing").path) }
    }

    @Test func aPathBecomesAbsolute() {
        #expect(InitialWeights.absolute("random") == "random" && InitialWeights.absolute("a=random") == "a=random")
        #expect(
            InitialWeights.absolute("a=runs/x").hasPrefix("a=/") && InitialWeights.absolute("runs/x").hasPrefix("/"))
    }
}
