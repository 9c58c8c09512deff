/// Rows of text and numbers. The first column is aligned to the left, the others, which hold numbers, to the right.
public struct Table: Sendable {
    /// The heads of the columns.
    public let columns: [String]
    /// The rows, each with a cell for every column.
    public let rows: [[String]]
    /// A sentence below the table, or nothing.
    public let caption: String
    /// Longer tables scroll.
    static let visibleRows = 24

    /// A table.
    ///
    /// - Precondition: every row has as many cells as there are columns.
    public init(columns: [String], rows: [[String]], caption: String = "") {
        for row in rows {
            precondition(row.count == columns.count, "a row of \(row.count) cells under \(columns.count) columns")
        }
        (self.columns, self.rows, self.caption) = (columns, rows, caption)
    }

    var markup: Markup {
        let head = Markup.element("thead", [.element("tr", columns.map { .element("th", ["scope": "col"], $0) })])
        let body = Markup.element(
            "tbody", rows.map { row in .element("tr", row.map { .element("td", $0) }) })
        let isLong = rows.count > Self.visibleRows
        let table = Markup.element(
            "div", ["class": isLong ? "scroll long" : "scroll"], [.element("table", [head, body])])
        return caption.isEmpty ? table : .joined([table, .element("p", ["class": "caption"], caption)])
    }
}
