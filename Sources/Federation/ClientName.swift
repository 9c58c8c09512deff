/// The names of clients and metrics, which go into reports, files, and terminals.
public enum ClientName {
    /// Returns whether a name consists of 1 to 64 ASCII letters, digits, periods, underscores, or hyphens.
    ///
    /// It is counted in bytes: a single character can be as long as a book.
    public static func isValid(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
