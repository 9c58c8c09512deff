import Foundation
import Tensor
import Testing

@testable import FederationFlower

struct NumPyArrayTests {
    /// A file with this header.
    private func file(
        _ header: String, version: [UInt8] = [1, 0], bytes: Data = Data(count: 24), claimed: Int? = nil
    ) -> Data {
        let count = claimed ?? header.utf8.count
        let length = (0..<(version[0] == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        return Data([0x93]) + Data("NUMPY".utf8) + Data(version) + Data(length) + Data(header.utf8) + bytes
    }

    /// Written by numpy.save; those of all types are in `FlowerMessageTests`.
    @Test(arguments: [
        ([], "(), }" + String(repeating: " ", count: 62)),
        ([0], "(0,), }" + String(repeating: " ", count: 60)),
        ([2, 3], "(2, 3), }" + String(repeating: " ", count: 58)),
        ([100_000, 1], "(100000, 1), }" + String(repeating: " ", count: 53)),
    ])
    func headersAreThoseOfNumPy(shape: [Int], rest: String) {
        let array = NumPyArray(dtype: .int8, shape: shape, bytes: Data(count: shape.reduce(1, *)))
        let header = "{'descr': '|i1', 'fortran_order': False, 'shape': " + rest + "\n"
        #expect(header.utf8.count == 118)
        #expect(array.npy == file(header, bytes: array.bytes))
    }

    /// What numpy.save writes before the elements, at the ranks where one more blank would make it 64 bytes longer.
    @Test(arguments: [(35, 192), (36, 256), (57, 256), (58, 320)])
    func headersAreAsLongAsThoseOfNumPy(rank: Int, length: Int) {
        let array = NumPyArray(dtype: .int8, shape: [Int](repeating: 1, count: rank), bytes: Data([5]))
        #expect(array.npy.count == length + 1)
    }

    @Test(arguments: NumPyArray.DType.allCases) func everyTypeAndShapeIsReadBack(dtype: NumPyArray.DType) throws {
        var generator = SeededGenerator(seed: 1)
        let long = [Int](repeating: 1, count: NumPyArray.maximumRank)
        for shape in [[], [0], [1], [7], [2, 3], [3, 0, 2], [0, Int(Int32.max)], [1, 2, 3, 4], long] {
            let bytes = Data((0..<shape.reduce(dtype.width, *)).map { _ in UInt8(generator.integer(below: 256)) })
            let array = NumPyArray(dtype: dtype, shape: shape, bytes: bytes)
            #expect(array.npy.count.isMultiple(of: 64) == bytes.count.isMultiple(of: 64))
            // A slice, whose indices begin elsewhere.
            let decoded = try NumPyArray(npy: (Data([9]) + array.npy).dropFirst())
            #expect(decoded == array)
            #expect(decoded.bytes.startIndex == 0)
        }
    }

    @Test func theNumberOfBytesIsThatOfTheShape() {
        #expect(NumPyArray.byteCount(.float64, [2, 3]) == 48)
        #expect(NumPyArray.byteCount(.bool, []) == 1)
        #expect(NumPyArray.byteCount(.int8, [-2, -3]) == nil)
        #expect(NumPyArray.byteCount(.int8, [1 << 62, 4, 4]) == nil)
    }

    @Test func floatsAreLittleEndian() {
        let array = NumPyArray([1, -2], shape: [2])
        #expect(array.bytes == Data([0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0]))
        #expect(array.floats == [1, -2])
        #expect(
            NumPyArray(dtype: .float32, shape: [2], bytes: (Data([9]) + array.bytes).dropFirst()).floats == [1, -2])
        #expect(NumPyArray(dtype: .int32, shape: [2], bytes: array.bytes).floats == nil)
    }

    @Test(arguments: [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n",
        "{'shape': (2, 3), 'descr': '<f4', 'fortran_order': False}",
        "{\"shape\":(2,3,),\"fortran_order\":False,\"descr\":\"<f4\"}  \n",
        " { 'descr' : '<f4' , 'fortran_order' : False , 'shape' : ( 2 , 3 ) } ",
    ])
    func headersOfOtherWritersAreRead(header: String) throws {
        let expected = NumPyArray([Float](repeating: 0, count: 6), shape: [2, 3])
        #expect(try NumPyArray(npy: file(header)) == expected)
        #expect(try NumPyArray(npy: file(header, version: [2, 0])) == expected)
        for version in [[0, 0], [1, 1], [2, 1], [3, 0], [255, 255]] as [[UInt8]] {
            #expect(throws: FlowerError.self) { try NumPyArray(npy: file(header, version: version)) }
        }
    }

    @Test(arguments: [
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '<f2', 'fortran_order': False, 'shape': (12,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (6), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4, 6), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387910,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } 1",
        "{'descr': '<f4', 'fortran_order': False, }",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'a': 1}",
        "{'descr': '<f4' 'fortran_order': False, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), }",
        "{'descr': '\\x3cf4', 'fortran_order': False, 'shape': (2, 3), }",
        "", "{", "{}", "{'", "{'descr", "{'descr':", "{'descr': '<f4", "{'shape': (",
    ])
    func otherHeadersAreRefused(header: String) {
        #expect(throws: FlowerError.self) { try NumPyArray(npy: file(header)) }
    }

    @Test func aHeaderIsShort() throws {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
        func padded(to count: Int) -> String { header + String(repeating: " ", count: count - header.utf8.count) }
        #expect(throws: Never.self) { try NumPyArray(npy: file(padded(to: 10_000))) }
        #expect(throws: FlowerError.self) { try NumPyArray(npy: file(padded(to: 10_001))) }
        for claimed in [header.utf8.count + 25, 65535] {
            #expect(throws: FlowerError.self) { try NumPyArray(npy: file(header, claimed: claimed)) }
        }
        #expect(throws: FlowerError.self) {
            try NumPyArray(npy: file(header, version: [2, 0], claimed: Int(UInt32.max)))
        }
        let extents = String(repeating: "1, ", count: NumPyArray.maximumRank + 1)
        #expect(throws: FlowerError.self) {
            try NumPyArray(
                npy: file("{'descr': '|i1', 'fortran_order': False, 'shape': (\(extents)), }", bytes: Data(count: 1)))
        }
    }

    @Test func truncatedAndLongerFilesAreRefused() {
        let npy = NumPyArray([1, 2, 3], shape: [3]).npy
        for count in 0..<npy.count {
            #expect(throws: FlowerError.self) { try NumPyArray(npy: npy.prefix(count)) }
        }
        #expect(throws: FlowerError.self) { try NumPyArray(npy: npy + Data([0])) }
    }

    @Test func changedBytesAreRefusedOrRead() throws {
        let npy = NumPyArray([1, 2, 3], shape: [3]).npy
        for index in npy.indices {
            for bit in 0..<8 {
                var changed = npy
                changed[index] ^= 1 << bit
                // Another type of four bytes, or other elements, is an array as well.
                if let array = try? NumPyArray(npy: changed) { #expect(array.bytes.count == 12) }
            }
        }
    }
}
