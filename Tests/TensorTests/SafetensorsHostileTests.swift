import Foundation
import Testing
import _TestSupport

@testable import Tensor

/// Files that somebody else made: each is refused with an error that says why.
@Suite struct SafetensorsHostileTests {
    /// A file with this header and `count` bytes of data.
    private func file(_ header: String, data count: Int = 0, length: UInt64? = nil) -> Data {
        let length = length ?? UInt64(header.utf8.count)
        return Data((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }) + Data(header.utf8)
            + Data(count: count)
    }

    private func fieldAtFault(_ data: Data) -> String? {
        do throws(WeightsError) {
            _ = try Safetensors(data: data)
            return nil
        } catch {
            guard case .invalid(_, _, let field, _, _) = error else { return "\(error)" }
            return field
        }
    }

    @Test func acceptsTheSmallestFiles() {
        #expect(fieldAtFault(file("{}")) == nil)
        #expect(
            fieldAtFault(file("{ \"a\" : {\"data_offsets\":[0, 4],\"shape\":[],\"dtype\":\"F32\"}}  \n", data: 4))
                == nil)
    }

    @Test func refusesLengthsThatCannotBe() {
        #expect(fieldAtFault(Data()) == "size")
        #expect(fieldAtFault(Data(count: 7)) == "size")
        #expect(fieldAtFault(file("{}", length: 3)) == "length of the header")
        #expect(fieldAtFault(file("{}", length: .max)) == "length of the header")
        #expect(fieldAtFault(file("{}", data: 64, length: 100_000_001)) == "length of the header")
        #expect(fieldAtFault(file("{}", length: 0)) == "header")
        #expect(fieldAtFault(file("{}", data: 1)) == "number of bytes after the header")
    }

    @Test(arguments: [
        "", " {}", "[]", "{", "{\"a\"", "{\"a\":", "{\"a\":{", "{}}", "{}x", "{\"__metadata__\":{\"a\":1}}",
        "{\"__metadata__\":null}", "{\"a\u{1}\":{}}", "{\"\\x\":{}}", "{\"\\ud800\":{}}", "{\"\\ud800\\u0041\":{}}",
        "{\"\\u00g0\":{}}", "{\"a\":{\"shape\":[-1]}}", "{\"a\":{\"shape\":[01]}}", "{\"a\":{\"shape\":[1.0]}}",
        "{\"a\":{\"shape\":[9223372036854775808]}}", "{\"a\":{\"shape\":[1,1,1,1,1,1,1]}}", "{\"a\":{\"shape\":[1,]}}",
        "{\"a\":{\"shape\":[[[[[[[[[[1]]]]]]]]]]}}",
    ])
    func refusesWhatIsNotTheJSONOfAHeader(_ header: String) {
        #expect(fieldAtFault(file(header)) == "header")
    }

    @Test func refusesNamesThatAreNotUTF8() {
        var bytes = Array(file("{\"ab\":{}}"))
        bytes[10] = 0xFF
        #expect(fieldAtFault(Data(bytes)) == "header")
    }

    @Test(arguments: [
        ("\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,4]", "dtype"),
        ("\"shape\":[1],\"data_offsets\":[0,4]", "dtype"),
        ("\"dtype\":\"F32\",\"data_offsets\":[0,4]", "shape"),
        ("\"dtype\":\"F32\",\"shape\":[1]", "data_offsets"),
        ("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]", "data_offsets"),
        ("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]", "data_offsets"),
        ("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]", "data_offsets"),
        ("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]", "data_offsets"),
        ("\"dtype\":\"F32\",\"shape\":[1],\"dtype\":\"F32\",\"data_offsets\":[0,4]", "field"),
        ("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1", "field"),
        ("\"dtype\":\"F32\",\"shape\":[2147483648],\"data_offsets\":[0,8589934592]", "shape"),
        ("\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647],\"data_offsets\":[0,4]", "shape"),
        ("\"dtype\":\"F32\",\"shape\":[2147483647,2147483647,2147483647,0],\"data_offsets\":[0,0]", "shape"),
        (
            "\"dtype\":\"F32\",\"shape\":[2147483647],\"data_offsets\":[0,8589934588]",
            "number of bytes after the header"
        ),
        ("\"dtype\":\"U64\",\"shape\":[1],\"data_offsets\":[0,8]", "values"),
    ])
    func refusesTensorsThatCannotBe(_ members: String, field: String) {
        var data = file("{\"a\":{\(members)}}", data: members.contains("U64") ? 8 : 4)
        data[data.count - 1] = 0xFF
        #expect(fieldAtFault(data) == field)
    }

    @Test func refusesGapsOverlapsAndEqualNames() {
        func header(_ a: String, _ b: String, names: (String, String) = ("a", "b")) -> String {
            "{\"\(names.0)\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[\(a)]},"
                + "\"\(names.1)\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[\(b)]}}"
        }
        #expect(fieldAtFault(file(header("4,8", "0,4"), data: 8)) == nil)
        #expect(fieldAtFault(file(header("0,4", "5,9"), data: 9)) == "data_offsets")
        #expect(fieldAtFault(file(header("0,4", "2,6"), data: 6)) == "data_offsets")
        #expect(fieldAtFault(file(header("0,4", "0,4"), data: 4)) == "data_offsets")
        #expect(fieldAtFault(file(header("0,4", "4,8"), data: 9)) == "number of bytes after the header")
        #expect(fieldAtFault(file(header("0,4", "4,8", names: ("a", "a")), data: 8)) == "name")
        #expect(fieldAtFault(file(header("0,4", "4,8", names: ("a", "\\u0061")), data: 8)) == "name")
        #expect(fieldAtFault(file("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}")) == "metadata key")
    }

    /// Nothing traps, and nobody allocates what the file does not hold.
    @Test func survivesMutations() throws {
        let original = Safetensors(
            tensors: ["inc.weight": Tensor(random: [2, 3], seed: 1), "outc.bias": Tensor([1, 2])],
            integers: ["step": .init(3)], metadata: ["format": "pt"]
        ).data
        var generator = SeededGenerator(seed: 5)
        var accepted = 0
        for _ in 0..<3_000 {
            var bytes = Array(original)
            for _ in 0...generator.integer(below: 3) {
                // Mostly in the header, where damage is interesting.
                let position = generator.integer(below: generator.chance(0.8) ? min(bytes.count, 300) : bytes.count)
                switch generator.integer(below: 4) {
                case 0: bytes[position] = UInt8(truncatingIfNeeded: generator.next())
                case 1: bytes.insert(UInt8(ascii: "9"), at: position)
                case 2: bytes.remove(at: position)
                default: bytes.removeSubrange(position..<min(bytes.count, position + generator.integer(below: 40)))
                }
                if bytes.isEmpty { bytes = [0] }
            }
            if (try? Safetensors(data: Data(bytes))) != nil { accepted += 1 }
        }
        #expect(accepted > 0 && accepted < 1_500)
        #expect(BufferPool.shared.statistics.peakBytes < 4 << 30)
    }

    @Test func survivesEveryTruncation() {
        let original = Safetensors(tensors: ["a": Tensor([1, 2])], integers: ["step": .init(3)]).data
        for length in 0..<original.count {
            #expect(throws: WeightsError.self) { try Safetensors(data: original.prefix(length)) }
        }
    }
}
