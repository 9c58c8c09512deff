/// A chart of means and standard deviations at a few named places, with one curve per method, such as Dice against the
/// number of annotated patients.
public struct ErrorBarChart: Drawing {
    /// The heading.
    public let title: String
    /// The quantities on the two axes, with their units.
    public let xTitle: String, yTitle: String
    /// The names of the places, from left to right.
    public let places: [String]
    /// The curves.
    public let methods: [Method]
    private let limits: ClosedRange<Double>?

    /// One curve.
    public struct Method: Sendable {
        let name: String
        let values: [Statistic?]

        /// Creates a curve with a value or `nil` for every place. A mean that is not finite leaves a gap.
        public init(_ name: String, _ values: [Statistic?]) { (self.name, self.values) = (name, values) }
    }

    /// Creates a chart.
    ///
    /// - Parameter limits: The minimum range of the axis of values.
    /// - Precondition: Every method has a value or `nil` for every place.
    public init(
        _ title: String, xTitle: String, yTitle: String, places: [String], _ methods: [Method],
        limits: ClosedRange<Double>? = nil
    ) {
        for method in methods {
            precondition(method.values.count == places.count, "\(method.values.count) values at \(places.count) places")
        }
        (self.title, self.xTitle, self.yTitle, self.places) = (title, xTitle, yTitle, places)
        (self.methods, self.limits) = (methods, limits)
    }

    /// The drawing as SVG.
    public var svg: Markup {
        let present = methods.flatMap(\.values).compactMap { $0 }.filter { $0.mean.isFinite }
        let y = Scale(present.flatMap(\.ends), limits: limits)
        let entries = methods.enumerated().map { Legend.Entry(name: $1.name, ink: .kind($0), sample: .line) }
        let plot = Plot(title: title, legend: Legend(entries), x: nil, y: y, height: 260)
        var marks = plot.frame(yTitle: yTitle) + plot.lowerAxis(columns: places, title: xTitle)
        for index in methods.indices.reversed() { marks += curve(index, in: plot) }
        if present.isEmpty { marks.append(plot.emptyNote()) }
        return .svg(width: Plot.width, height: plot.end, label: "\(title): \(yTitle) by \(xTitle)", marks)
    }

    private func curve(_ index: Int, in plot: Plot) -> [Markup] {
        let (method, ink) = (methods[index], Ink.kind(index))
        // Points are shifted next to each other so that no whisker hides another.
        let gap = min(12, plot.width / Double(max(1, places.count)) * 0.7 / Double(methods.count))
        let shift = (Double(index) - Double(methods.count - 1) / 2) * gap
        let stroke = "stroke:\(ink.css)"
        var (path, marks, isOpen) = ("", [Markup](), false)
        for (place, value) in method.values.enumerated() {
            guard let value, plot.y.shows(value.mean) else {
                isOpen = false
                continue
            }
            let (x, y) = (plot.middle(ofColumn: place, of: places.count) + shift, plot.position(y: value.mean))
            path += (isOpen ? "L" : "M") + "\(x.attribute) \(y.attribute)"
            isOpen = true
            if value.ends.count == 2 {
                marks.append(Self.whisker(value, x: x, in: plot, style: stroke))
            }
            let note = "\(method.name), \(places[place]): \(value.text())"
            marks.append(Mark(kind: index).markup(x: x, y: y, radius: 4, ink: ink, note: note))
        }
        return path.isEmpty ? [] : [.leaf("path", ["class": "line", "style": stroke, "d": path])] + marks
    }

    /// Returns a whisker: a vertical line between the ends, with caps.
    static func whisker(_ value: Statistic, x: Double, in plot: Plot, style: String) -> Markup {
        let (low, high) = (plot.position(y: value.ends[0]), plot.position(y: value.ends[1]))
        let (left, right) = ((x - 3.5).attribute, (x + 3.5).attribute)
        let d =
            "M\(x.attribute) \(low.attribute)V\(high.attribute)M\(left) \(low.attribute)H\(right)"
            + "M\(left) \(high.attribute)H\(right)"
        return .leaf("path", ["class": "whisker", "style": style, "d": d])
    }
}
