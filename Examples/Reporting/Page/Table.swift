import Foundation

/// A table of text and numbers; the first column is aligned left, the others, which hold numbers, right.
public struct Table: Sendable {
    /// The headings of the columns.
    public let columns: [String]
    /// The rows, each with one cell per column.
    public let rows: [[String]]
    /// The caption below the table, which may be empty.
    public let caption: String
    /// The number of rows above which a table scrolls.
    static let visibleRows = 24

    /// Creates a table.
    ///
    /// - Precondition: Every row has as many cells as there are columns.
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

/// A mean and a standard deviation.
public struct Statistic: Hashable, Sendable {
    /// The mean.
    public let mean: Double
    /// The standard deviation, drawn as a whisker on both sides unless it is not finite.
    public let deviation: Double

    /// Creates a statistic from a mean and its standard deviation.
    public init(mean: Double, deviation: Double = .nan) {
        (self.mean, self.deviation) = (mean, deviation)
    }

    /// Creates a statistic from the finite values of a sample.
    ///
    /// The deviation has one degree of freedom less than there are values. Without any finite value, the mean is NaN;
    /// with a single one, the deviation is NaN.
    public init(of values: [Double]) {
        let values = values.filter(\.isFinite)
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.init(mean: mean, deviation: (squares / Double(values.count - 1)).squareRoot())
    }

    /// Returns the statistic as text, such as `0.812 ± 0.034`.
    public func text(decimals: Int = 3) -> String {
        Numeral.text(mean, decimals: decimals)
            + (mean.isFinite && deviation.isFinite ? " ± \(Numeral.text(deviation, decimals: decimals))" : "")
    }

    /// The ends of the whisker, or the mean alone.
    var ends: [Double] { deviation.isFinite ? [mean - deviation, mean + deviation] : [mean] }
}

/// Formatting of numbers for readers.
public enum Numeral {
    /// Returns a number with the given decimals, a true minus sign, and commas between thousands; a dash for `nil` and
    /// values that are not finite.
    public static func text(_ value: Double?, decimals: Int = 3) -> String {
        guard let value, value.isFinite else { return "–" }
        let digits = String(format: "%.\(decimals)f", abs(value))
        let point = digits.firstIndex(of: ".") ?? digits.endIndex
        var whole = ""
        for (place, digit) in digits[..<point].reversed().enumerated() {
            if place > 0 && place % 3 == 0 { whole.append(",") }
            whole.append(digit)
        }
        // A number rounded to zero has no sign.
        let isZero = digits.allSatisfy { $0 == "0" || $0 == "." }
        return (value < 0 && !isZero ? "−" : "") + String(whole.reversed()) + digits[point...]
    }

    /// Returns a number in superscript, such as `⁻⁵`.
    static func superscript(_ number: Int) -> String {
        let raised: [Character: Character] = [
            "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸",
            "9": "⁹",
        ]
        return String("\(number)".map { raised[$0] ?? $0 })
    }

    /// Returns the approximate width of a text in units of its font size, on the generous side so nothing is cut off.
    static func width(of text: String) -> Double {
        text.reduce(0) { width, letter in
            switch letter {
            case "i", "j", "l", "t", "f", "r", "I", ".", ",", ":", ";", "'", "|", "!", "(", ")", " ": width + 0.34
            case "m", "w", "M", "W", "@", "%": width + 0.92
            case let letter where !letter.isASCII && letter.unicodeScalars.first!.value > 0x2E80: width + 1.05
            case let letter where letter.isUppercase: width + 0.7
            default: width + 0.59
            }
        }
    }
}
