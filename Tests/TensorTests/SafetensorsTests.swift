import Foundation
import Testing
import _TestSupport

@testable import Tensor

@Suite struct SafetensorsTests {
    private func fixture(_ name: String) throws -> URL {
        try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "safetensors"))
    }

    @Test func rewritesAFileOfTheReferenceImplementationByteForByte() throws {
        let url = try fixture("written")
        let file = try Safetensors(contentsOf: url)
        #expect(file.metadata == ["format": "pt"])
        #expect(file.integers["inc.double_conv.1.num_batches_tracked"] == .init(9_007_199_254_740_993))
        #expect(file.tensors["scalar"]?.shape == [])
        #expect(file.tensors["empty"]?.shape == [0, 3])
        #expect(file.tensors["quo\"te\\ \n\u{1} é"]?.elements == [1.5])
        #expect(file.tensors["outc.conv.weight"]?[2, 1, 0, 0] == Float(5) / 7)
        #expect(file.data == (try Data(contentsOf: url)))
    }

    @Test func readsEveryType() throws {
        let file = try Safetensors(contentsOf: fixture("types"))
        for name in ["float16", "bfloat16", "float32", "float64"] {
            #expect(file.tensors[name]?.elements == [0, -1, -2, -100], "\(name)")
        }
        for name in ["int8", "int16", "int32", "int64"] {
            #expect(file.integers[name]?.values == [0, -1, -2, -100], "\(name)")
        }
        for name in ["uint8", "uint16", "uint32", "uint64"] {
            #expect(file.integers[name]?.values == [0, 1, 2, 100], "\(name)")
        }
        #expect(file.integers["bool"]?.values == [0, 1, 1, 1])
        #expect(file.tensors.count + file.integers.count == 13)
    }

    #if !os(macOS) || arch(arm64)
    @Test func readsEveryHalf() {
        for bits in UInt16.min...UInt16.max {
            let (ours, expected) = (Float(halfBits: bits), Float(Float16(bitPattern: bits)))
            #expect(ours.bitPattern == expected.bitPattern || (ours.isNaN && expected.isNaN))
        }
    }
    #endif

    @Test func roundTripKeepsAllBits() throws {
        let folder = try TemporaryFolder()
        var values = Tensor(random: [5, 7], seed: 1).elements
        values[0] = .nan
        values[1] = Float(nan: 77, signaling: false)
        values[2] = -0.0
        values[3] = .leastNonzeroMagnitude
        values[4] = -.infinity
        let file = Safetensors(
            tensors: ["a": Tensor(values, shape: [5, 7]), "b": Tensor([1], shape: [])],
            integers: ["step": .init(12), "words": .init([.min, .max], shape: [2])],
            metadata: ["who": "we \"are\" \u{7}"])
        try file.write(to: folder.file("x.safetensors"))
        let back = try Safetensors(contentsOf: folder.file("x.safetensors"))
        #expect(back.tensors.mapValues(\.bits) == file.tensors.mapValues(\.bits))
        #expect(back.tensors.mapValues(\.shape) == file.tensors.mapValues(\.shape))
        #expect(back.integers == file.integers)
        #expect(back.metadata == file.metadata)
        #expect(try folder.contents == ["x.safetensors"])
    }

    @Test func partsKeepTheirPrefixes() throws {
        var file = Safetensors(tensors: ["outc.weight": Tensor([1])])
        file.insert(Safetensors(tensors: ["v": Tensor([2])], integers: ["step": .init(3)]), under: "optimizer.")
        #expect(file.tensors.keys.sorted() == ["optimizer.v", "outc.weight"])
        let part = file.part(under: "optimizer.")
        #expect(try part.tensor("v", shape: [1]).elements == [2])
        #expect(try part.integer("step") == 3)
        #expect(throws: WeightsError.self) { try part.integer("v") }
        #expect(throws: WeightsError.self) { try part.tensor("v", shape: [2]) }
        #expect(throws: WeightsError.self) { try part.tensor("w", shape: [1]) }
    }

    @Test func replacesAFileAtOnceAndLeavesNothingBehindOnFailure() throws {
        let folder = try TemporaryFolder()
        let url = folder.file("x.safetensors")
        try Safetensors(tensors: ["a": Tensor([1])]).write(to: url)
        try Safetensors(tensors: ["a": Tensor([2])]).write(to: url)
        #expect(try Safetensors(contentsOf: url).tensors["a"]?.elements == [2])

        let taken = folder.file("taken")
        try FileManager.default.createDirectory(at: taken, withIntermediateDirectories: false)
        #expect(throws: WeightsError.unwritable(file: taken.path, reason: "Is a directory")) {
            try Safetensors().write(to: taken)
        }
        #expect(try folder.contents.sorted() == ["taken", "x.safetensors"])
        #expect(throws: WeightsError.self) { try Safetensors().write(to: folder.file("no/such/folder")) }
    }

    @Test func namesWhatCannotBeRead() throws {
        let folder = try TemporaryFolder()
        #expect(throws: WeightsError.unreadable(file: folder.url.path, reason: "it is not a regular file")) {
            try Safetensors(contentsOf: folder.url)
        }
        let missing = folder.file("missing")
        #expect(throws: WeightsError.unreadable(file: missing.path, reason: "No such file or directory")) {
            try Safetensors(contentsOf: missing)
        }
        let error = WeightsError.mismatch(
            file: "a.safetensors", tensor: "outc\u{1B}[31m", field: "shape", expected: "[3]", found: "[4]")
        #expect(
            "\(error)" == "a.safetensors does not fit: shape of tensor outc\\u{1B}[31m should be [3] but is [4]; "
                + "use the configuration that the file was saved with.")
    }
}
