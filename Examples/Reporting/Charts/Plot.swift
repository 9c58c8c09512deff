import Foundation

/// The rectangle in which values are drawn, and its surroundings: title, legend, axes, and their numbers.
struct Plot {
    /// The width of every chart.
    static let width = 520.0
    private static let tickSize = 12.0
    private static let fontSize = 13.0

    let title: String
    let legend: Legend
    let x: Scale?
    let y: Scale
    /// The edges of the rectangle.
    let left: Double, top: Double, right: Double, bottom: Double
    /// The lower edge of the plot, including the numbers and the title of the lower axis.
    let end: Double

    /// Creates a plot whose upper edge, including title and legend, is at `start`.
    ///
    /// - Parameters:
    ///   - x: The lower axis; `nil` if it has columns instead of numbers.
    ///   - height: The height of the rectangle.
    ///   - margin: The room for the left axis; if `nil`, as much as this one needs.
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

    /// Returns the room that a left axis needs.
    static func margin(for y: Scale) -> Double {
        30 + (y.ticks.map { Numeral.width(of: $0.label) * tickSize }.max() ?? 0).rounded(.up)
    }

    var width: Double { right - left }
    var height: Double { bottom - top }

    /// Returns the position of a value on the left axis.
    func position(y value: Double) -> Double { bottom - height * y.fraction(value) }

    /// Returns the position of a value on the lower axis.
    func position(x value: Double) -> Double { left + width * (x?.fraction(value) ?? 0.5) }

    /// Returns the horizontal center of one of `count` columns.
    func middle(ofColumn column: Int, of count: Int) -> Double {
        left + width * (Double(column) + 0.5) / Double(max(1, count))
    }

    /// Returns the title, legend, and left axis, to be drawn below the data.
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

    /// Returns the lower axis, with numbers.
    func lowerAxis(title: String) -> [Markup] {
        var marks = axis(title: title)
        // Numbers that would overlap the previous one are left out.
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

    /// Returns the lower axis, with the names of columns.
    func lowerAxis(columns: [String], title: String) -> [Markup] {
        let room = width / Double(max(1, columns.count)) - 6
        return axis(title: title)
            + columns.enumerated().map { column, name in
                number(
                    Self.fitted(name, into: room, size: Self.tickSize),
                    x: middle(ofColumn: column, of: columns.count), y: bottom + 19, anchor: "middle")
            }
    }

    /// Returns a note that there are no values, so that nobody mistakes an empty plot for a broken one.
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

    /// Returns as much of a text as fits, ending with an ellipsis if it is shortened.
    static func fitted(_ text: String, into width: Double, size: Double) -> String {
        guard Numeral.width(of: text) * size > width else { return text }
        var shorter = text
        while !shorter.isEmpty && Numeral.width(of: shorter + "…") * size > width { shorter.removeLast() }
        return shorter + "…"
    }
}

/// The shape of a point, which tells categories apart if there are more of them than colors.
enum Mark: Int, CaseIterable {
    case circle, square, triangle, diamond

    /// Creates the shape of a category; it changes when the colors repeat.
    init(kind: Int) {
        self = Self.allCases[kind / Ink.kinds % Self.allCases.count]
    }

    func markup(x: Double, y: Double, radius: Double, ink: Ink, note: String = "") -> Markup {
        let style = "fill:\(ink.css)"
        let r = radius
        let (left, right, up, down) = ((x - r).attribute, (x + r).attribute, (y - r).attribute, (y + r).attribute)
        let notes: [Markup] = note.isEmpty ? [] : [.element("title", note)]
        switch self {
        case .circle: return .element("circle", ["class": "mark", "style": style, "cx": x, "cy": y, "r": r], notes)
        case .square:
            return .element(
                "path", ["class": "mark", "style": style, "d": "M\(left) \(up)H\(right)V\(down)H\(left)z"], notes)
        case .triangle:
            return .element(
                "path", ["class": "mark", "style": style, "d": "M\(left) \(down)H\(right)L\(x.attribute) \(up)z"], notes
            )
        case .diamond:
            let d = "M\(left) \(y.attribute)L\(x.attribute) \(up)L\(right) \(y.attribute)L\(x.attribute) \(down)z"
            return .element("path", ["class": "mark", "style": style, "d": d], notes)
        }
    }
}

/// A color in a drawing; all colors can be told apart with any common form of color blindness.
///
/// Source: Okabe and Ito, Color Universal Design, 2008, for kinds; the viridis map of Smith and van der Walt, 2015, for
/// levels.
public struct Ink: Hashable, Sendable {
    /// The value in a CSS style.
    let css: String

    /// The number of kinds after which colors repeat.
    public static let kinds = 8

    /// Returns the color of a kind: the first eight differ, then they repeat.
    ///
    /// It is darker on a light page than on a dark one.
    public static func kind(_ index: Int) -> Ink { Ink(css: "var(--k\(index % kinds))") }

    /// Gray, for references.
    public static let muted = Ink(css: "var(--soft)")

    /// Returns the color of one of `count` ordered levels, from blue to yellow-green.
    public static func level(_ index: Int, of count: Int) -> Ink {
        let place = count > 1 ? Double(index) / Double(count - 1) : 0.5
        let position = place * Double(levels.count - 1)
        let below = min(Int(position), levels.count - 2)
        let channels = zip(levels[below], levels[below + 1]).map { low, high in
            Int((low + (high - low) * (position - Double(below))).rounded())
        }
        return Ink(css: "rgb(\(channels[0]) \(channels[1]) \(channels[2]))")
    }

    /// The viridis colors at 0.3, 0.45, 0.6, 0.75, and 0.9, which are legible on white and on black.
    private static let levels: [[Double]] = [
        [53, 95, 141], [38, 130, 142], [34, 168, 132], [94, 201, 98], [187, 223, 39],
    ]

    /// Returns the color of a structure drawn over a gray image: bright, and the same on light and dark pages.
    static func structure(_ index: Int) -> Ink {
        let bright = ["#56b4e9", "#f0e442", "#ff7f3f", "#2fd3a0", "#e08cc0", "#ffffff"]
        return Ink(css: bright[index % bright.count])
    }
}
