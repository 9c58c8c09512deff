import Foundation

/// A table for terminals.
public enum TextTable {
    /// Returns rows as lines of aligned columns, two spaces apart; a row may have fewer cells than others.
    ///
    /// - Parameter left: The columns that are aligned left; numbers are easier to compare if they are aligned right.
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

/// JSON for both people and programs.
public enum ReadableJSON {
    /// Returns indented JSON with sorted keys, unescaped slashes, and a line feed at the end.
    ///
    /// - Throws: `EncodingError` if a number is not finite.
    public static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value) + Data("\n".utf8)
    }
}
