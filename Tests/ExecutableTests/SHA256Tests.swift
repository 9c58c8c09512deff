import Testing

@testable import VolumeInfo

/// The examples of NIST, and every length around the ends of blocks.
struct SHA256Tests {
    private func digest(_ pieces: [UInt8]...) -> String {
        var sha256 = SHA256()
        for piece in pieces { sha256.update(piece) }
        return sha256.finalized()
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func hasTheDigestsOfTheStandard(text: String, expected: String) {
        #expect(digest(Array(text.utf8)) == expected)
    }

    @Test func aMillionLetters() {
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        #expect(digest(Array(repeating: UInt8(ascii: "a"), count: 1_000_000)) == expected)
    }

    @Test(arguments: [54, 55, 56, 57, 63, 64, 65, 119, 120, 128])
    func piecesGiveTheDigestOfTheWhole(length: Int) {
        let bytes = (0..<length).map { UInt8($0) }
        #expect(digest(Array(bytes[..<17]), Array(bytes[17...])) == digest(bytes))
        #expect(digest(bytes) != digest(bytes + [0]))
    }
}
