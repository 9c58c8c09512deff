/// A legend: names next to samples of how they are drawn, in as many lines as needed.
struct Legend {
    /// One name.
    struct Entry {
        let name: String
        let ink: Ink
        let sample: Sample

        /// The width reserved for the sample.
        var indent: Double {
            switch sample {
            case .line, .dashedLine: 26
            case .block, .mark: 17
            }
        }
    }

    /// The sample next to a name.
    enum Sample {
        case line, dashedLine, block
        case mark(Mark)
    }

    /// The maximum number of entries; a longer legend ends with the number of names left out.
    static let mostEntries = 24
    private static let fontSize = 12.5
    private static let lineHeight = 20.0
    private let entries: [Entry]
    private let surplus: Int

    /// Creates a legend of the entries that have a name. For a single entry it is empty, since the title says enough.
    init(_ entries: [Entry]) {
        let named = entries.filter { !$0.name.isEmpty }
        self.entries = entries.count > 1 ? Array(named.prefix(Self.mostEntries)) : []
        surplus = entries.count > 1 ? max(0, named.count - Self.mostEntries) : 0
    }

    func height(in width: Double) -> Double {
        let lines = places(in: width).last.map { $0.line + 1 } ?? 0
        return Double(lines) * Self.lineHeight
    }

    func marks(at top: Double, width: Double) -> [Markup] {
        let places = places(in: width)
        var marks = zip(entries, places).flatMap { entry, place -> [Markup] in
            let (x, y) = (place.x, top + (Double(place.line) + 0.5) * Self.lineHeight - 4)
            return [
                sample(of: entry, x: x, y: y),
                .element("text", ["x": x + entry.indent, "y": y + 4.5, "font-size": Self.fontSize], place.name),
            ]
        }
        if surplus > 0, let last = places.last {
            marks.append(
                .element(
                    "text",
                    [
                        "x": last.x, "y": top + (Double(last.line) + 0.5) * Self.lineHeight + 0.5,
                        "font-size": Self.fontSize, "class": "soft",
                    ], last.name))
        }
        return marks
    }

    /// Returns the position of every name, and of the note on the names left out, if any.
    private func places(in width: Double) -> [(name: String, x: Double, line: Int)] {
        var (x, line) = (4.0, 0)
        let names = entries.map { ($0.name, $0.indent) } + (surplus > 0 ? [("and \(surplus) more", 0)] : [])
        return names.map { name, indent in
            let name = Plot.fitted(name, into: width - 40, size: Self.fontSize)
            let room = indent + Numeral.width(of: name) * Self.fontSize
            if x > 4 && x + room > width { (x, line) = (4, line + 1) }
            defer { x += room + 16 }
            return (name, x, line)
        }
    }

    private func sample(of entry: Entry, x: Double, y: Double) -> Markup {
        let path = "M\((x + 1).attribute) \(y.attribute)h19"
        switch entry.sample {
        case .line: return .leaf("path", ["class": "line", "style": "stroke:\(entry.ink.css)", "d": path])
        case .dashedLine: return .leaf("path", ["class": "line dashed", "style": "stroke:\(entry.ink.css)", "d": path])
        case .block:
            return .leaf(
                "rect",
                ["style": "fill:\(entry.ink.css)", "x": x + 1, "y": y - 5.5, "width": 11, "height": 11, "rx": 2])
        case .mark(let mark): return mark.markup(x: x + 6, y: y, radius: 4.5, ink: entry.ink)
        }
    }
}
