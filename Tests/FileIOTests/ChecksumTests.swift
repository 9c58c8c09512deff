import FileIO
import Foundation
import Testing

struct ChecksumTests {
    @Test func isTheCyclicRedundancyCheckOfZlib() {
        // The check value of the CRC-32 catalog, and that of nothing.
        #expect(Checksum.crc32(Data("123456789".utf8)) == "crc32:cbf43926")
        #expect(Checksum.crc32(Data()) == "crc32:00000000")
    }

    /// The first line of a manifest as version 0.2 wrote it, with the checksum on its second line.
    @Test func knowsTheChecksumsOfEarlierVersions() {
        let line = Data(
            """
            {"files":{"model.safetensors":{"bytes":325784,"checksum":"a8b37e8b8a1b796"},\
            "sites.safetensors":{"bytes":983232,"checksum":"bf50fb29a7c86cae"}},"journalLength":3615,"round":2}
            """.utf8)
        #expect(Checksum.matches(line, "cd09132a5ce0bca0"))
        for place in [0, 7, 8, line.count - 1] {
            var other = line
            other[place] ^= 1
            #expect(!Checksum.matches(other, "cd09132a5ce0bca0"))
        }
        #expect(!Checksum.matches(line.dropLast(), "cd09132a5ce0bca0"))
    }
}
