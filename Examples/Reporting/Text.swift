import Foundation

/// A table for terminals.
public enum TextTable {
    /// Lines of columns, two spaces apart; rows may end early.
    ///
    /// - Parameter left: The columns that are aligned on the left; numbers are easier to compare on the right.
    public static func text(_ rows: [[String]], left: Set<Int> = [0]) -> String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let line = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return left.contains(column) ? cell + padding : padding + cell
            }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

/// The JSON that programs write for people and other programs.
public enum ReadableJSON {
    /// Indented, with sorted keys, slashes as they are, and a line feed at the end.
    ///
    /// - Throws: `EncodingError` if a number is not finite.
    public static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value) + Data("\n".utf8)
    }
}
