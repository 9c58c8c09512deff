/// The rectangle in which values are drawn, with what surrounds it: title, legend, axes and their numbers.
struct Plot {
    /// The width of every chart.
    static let width = 520.0
    private static let tickSize = 12.0
    private static let fontSize = 13.0

    let title: String
    let legend: Legend
    let x: Scale?
    let y: Scale
    /// Where values are drawn.
    let left: Double, top: Double, right: Double, bottom: Double
    /// Where the plot ends, with the numbers and the title of its lower axis.
    let end: Double

    /// A plot whose upper edge, with title and legend, lies at `start`.
    ///
    /// - Parameters:
    ///   - x: The lower axis; `nil` where it has columns instead of numbers.
    ///   - height: The height of the rectangle.
    ///   - margin: The room for the left axis, if not what this one needs.
    init(
        title: String, legend: Legend, x: Scale?, y: Scale, at start: Double = 0, height: Double = 230,
        hasTitleBelow: Bool = true, margin: Double? = nil
    ) {
        (self.title, self.legend, self.x, self.y) = (title, legend, x, y)
        left = margin ?? Self.margin(for: y)
        right = Self.width - 14
        top = start + 10 + (title.isEmpty ? 0 : 24) + legend.height(in: Self.width)
        bottom = top + height
        end = bottom + 22 + (hasTitleBelow ? 22 : 4)
    }

    /// The room that a left axis needs.
    static func margin(for y: Scale) -> Double {
        30 + (y.ticks.map { Numeral.width(of: $0.label) * tickSize }.max() ?? 0).rounded(.up)
    }

    var width: Double { right - left }
    var height: Double { bottom - top }

    /// The position of a value on the left axis.
    func position(y value: Double) -> Double { bottom - height * y.fraction(value) }

    /// The position of a value on the lower axis.
    func position(x value: Double) -> Double { left + width * (x?.fraction(value) ?? 0.5) }

    /// The middle of a column, of so many.
    func middle(ofColumn column: Int, of count: Int) -> Double {
        left + width * (Double(column) + 0.5) / Double(max(1, count))
    }

    /// Title, legend and left axis, below what is drawn.
    func frame(yTitle: String) -> [Markup] {
        var marks: [Markup] = []
        var place = top - 10 - legend.height(in: Self.width)
        if !title.isEmpty {
            marks.append(
                .element(
                    "text", ["class": "title", "x": 4, "y": place - 8],
                    Self.fitted(title, into: Self.width - 8, size: 14)))
        }
        marks += legend.marks(at: place + 2, width: Self.width)
        for tick in y.ticks {
            place = position(y: tick.value)
            marks.append(
                .leaf("path", ["class": "grid", "d": "M\(left.attribute) \(place.attribute)H\(right.attribute)"]))
            marks.append(number(tick.label, x: left - 8, y: place + 4, anchor: "end"))
        }
        let middle = (top + bottom) / 2
        marks.append(
            .element(
                "text",
                [
                    "class": "soft", "text-anchor": "middle",
                    "transform": "translate(14 \(middle.attribute)) rotate(-90)",
                ], Self.fitted(yTitle, into: height + 40, size: Self.fontSize)))
        return marks
    }

    /// The lower axis, with numbers.
    func lowerAxis(title: String) -> [Markup] {
        var marks = axis(title: title)
        // Numbers that would touch are left out.
        var free = -Double.infinity
        for tick in x?.ticks ?? [] {
            let (place, half) = (position(x: tick.value), Numeral.width(of: tick.label) * Self.tickSize / 2)
            guard place - half >= free else { continue }
            free = place + half + 6
            marks.append(
                .leaf("path", ["class": "axis", "d": "M\(place.attribute) \(bottom.attribute)v5"]))
            marks.append(number(tick.label, x: place, y: bottom + 19, anchor: "middle"))
        }
        return marks
    }

    /// The lower axis, with names of columns.
    func lowerAxis(columns: [String], title: String) -> [Markup] {
        let room = width / Double(max(1, columns.count)) - 6
        return axis(title: title)
            + columns.enumerated().map { column, name in
                number(
                    Self.fitted(name, into: room, size: Self.tickSize),
                    x: middle(ofColumn: column, of: columns.count), y: bottom + 19, anchor: "middle")
            }
    }

    /// Says that there is nothing to see, so that nobody takes an empty plot for a broken one.
    func emptyNote() -> Markup {
        .element(
            "text", ["class": "soft", "x": (left + right) / 2, "y": (top + bottom) / 2, "text-anchor": "middle"],
            "no values")
    }

    private func axis(title: String) -> [Markup] {
        let line = Markup.leaf(
            "path", ["class": "axis", "d": "M\(left.attribute) \(bottom.attribute)H\(right.attribute)"])
        guard !title.isEmpty else { return [line] }
        return [
            line,
            .element(
                "text", ["class": "soft", "x": (left + right) / 2, "y": bottom + 39, "text-anchor": "middle"],
                Self.fitted(title, into: Self.width, size: Self.fontSize)),
        ]
    }

    private func number(_ text: String, x: Double, y: Double, anchor: String) -> Markup {
        .element("text", ["x": x, "y": y, "text-anchor": anchor, "font-size": Self.tickSize], text)
    }

    /// As much of a text as fits, with an ellipsis where something is missing.
    static func fitted(_ text: String, into width: Double, size: Double) -> String {
        guard Numeral.width(of: text) * size > width else { return text }
        var shorter = text
        while !shorter.isEmpty && Numeral.width(of: shorter + "…") * size > width { shorter.removeLast() }
        return shorter + "…"
    }
}
