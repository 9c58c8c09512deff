/// A chart of curves over a common axis, in one panel or in several stacked panels.
public struct LineChart: Drawing {
    /// The quantity on the lower axis, with its unit.
    public let xTitle: String
    /// The panels, from top to bottom.
    public let panels: [Panel]
    private let isWhole: Bool

    /// One curve.
    public struct Series: Sendable {
        let name: String
        let points: [(x: Double, y: Double)]
        let ink: Ink?
        let isDashed: Bool

        /// Creates a curve.
        ///
        /// A point whose value is not finite leaves a gap, as does a value on a logarithmic axis that is not positive.
        ///
        /// - Parameter ink: The color; if `nil`, it follows from the index of the curve in its panel.
        public init(_ name: String, _ points: [(x: Double, y: Double)], ink: Ink? = nil, isDashed: Bool = false) {
            (self.name, self.points, self.ink, self.isDashed) = (name, points, ink, isDashed)
        }
    }

    /// A reference value for the curves, drawn as a horizontal line.
    public struct Reference: Sendable {
        let value: Double
        let label: String

        /// Creates a line with a label.
        public init(_ value: Double, _ label: String) { (self.value, self.label) = (value, label) }
    }

    /// A panel of curves that share an axis of values.
    public struct Panel: Sendable {
        let title: String
        let yTitle: String
        let series: [Series]
        let references: [Reference]
        let isLogarithmic: Bool
        let limits: ClosedRange<Double>?

        /// Creates a panel.
        ///
        /// - Parameters:
        ///   - yTitle: The quantity on the axis of values, with its unit.
        ///   - limits: The minimum range of the axis.
        public init(
            _ title: String, yTitle: String, _ series: [Series], references: [Reference] = [],
            isLogarithmic: Bool = false, limits: ClosedRange<Double>? = nil
        ) {
            (self.title, self.yTitle, self.series, self.references) = (title, yTitle, series, references)
            (self.isLogarithmic, self.limits) = (isLogarithmic, limits)
        }
    }

    /// Creates a chart.
    ///
    /// - Parameter isWhole: Whether the values on the lower axis are counts, such as rounds.
    public init(xTitle: String, _ panels: [Panel], isWhole: Bool = true) {
        (self.xTitle, self.panels, self.isWhole) = (xTitle, panels, isWhole)
    }

    /// The drawing as SVG.
    public var svg: Markup {
        let shown = panels.flatMap(\.series).flatMap(\.points).filter { $0.y.isFinite }.map(\.x)
        let x = Scale(shown, isTight: true, isWhole: isWhole, tickCount: 7)
        // A common left margin puts a value of the lower axis at the same position in all panels.
        let margin = panels.map { Plot.margin(for: $0.scale) }.max() ?? 0
        var (marks, end) = ([Markup](), 0.0)
        for (index, panel) in panels.enumerated() {
            let isLast = index == panels.count - 1
            let plot = panel.plot(
                over: x, at: index == 0 ? 0 : end + 8, margin: margin, isOnly: panels.count == 1, isLast: isLast)
            marks += panel.marks(in: plot) + plot.lowerAxis(title: isLast ? xTitle : "")
            end = plot.end
        }
        return .svg(
            width: Plot.width, height: end, label: panels.map(\.title).joined(separator: "; ") + " by \(xTitle)", marks)
    }
}

extension LineChart.Panel {
    /// The number of points above which a curve is drawn without marks.
    private static let mostMarks = 40

    fileprivate var scale: Scale {
        let values = series.flatMap { $0.points.map(\.y) } + references.map(\.value)
        return Scale(values, limits: limits, isLogarithmic: isLogarithmic)
    }

    fileprivate func plot(over x: Scale, at start: Double, margin: Double, isOnly: Bool, isLast: Bool) -> Plot {
        let entries = series.enumerated().map { index, series in
            Legend.Entry(name: series.name, ink: ink(of: index), sample: series.isDashed ? .dashedLine : .line)
        }
        return Plot(
            title: title, legend: Legend(entries), x: x,
            y: scale, at: start, height: isOnly ? 230 : 170,
            hasTitleBelow: isLast, margin: margin)
    }

    fileprivate func marks(in plot: Plot) -> [Markup] {
        var marks = plot.frame(yTitle: yTitle)
        for reference in references where plot.y.shows(reference.value) {
            marks += [line(reference, in: plot), label(reference, in: plot)]
        }
        // In reverse, so that the first curve is on top.
        for index in series.indices.reversed() { marks += curve(series[index], ink: ink(of: index), in: plot) }
        let isEmpty = !series.contains { $0.points.contains { plot.y.shows($0.y) } }
        return isEmpty ? marks + [plot.emptyNote()] : marks
    }

    private func ink(of index: Int) -> Ink { series[index].ink ?? .kind(index) }

    private func curve(_ series: LineChart.Series, ink: Ink, in plot: Plot) -> [Markup] {
        let runs = series.points.split { !plot.y.shows($0.y) || !$0.x.isFinite }
        let hasMarks = !series.isDashed && series.points.count <= Self.mostMarks
        var path = ""
        var marks: [Markup] = []
        for run in runs {
            for (index, point) in run.enumerated() {
                let (x, y) = (plot.position(x: point.x), plot.position(y: point.y))
                path += (index == 0 ? "M" : "L") + "\(x.attribute) \(y.attribute)"
                // Without a mark, a point between two gaps would be invisible.
                if hasMarks || run.count == 1 {
                    let value = Numeral.text(point.y, decimals: abs(point.y) < 0.01 ? 6 : 3)
                    let note = "\(series.name) at \(point.x.attribute): \(value)"
                    marks.append(Mark.circle.markup(x: x, y: y, radius: 2.75, ink: ink, note: note))
                }
            }
        }
        guard !path.isEmpty else { return [] }
        let kind = series.isDashed ? "line dashed" : "line"
        return [.leaf("path", ["class": kind, "style": "stroke:\(ink.css)", "d": path])] + marks
    }

    private func line(_ reference: LineChart.Reference, in plot: Plot) -> Markup {
        let y = plot.position(y: reference.value).attribute
        return .leaf("path", ["class": "reference", "d": "M\(plot.left.attribute) \(y)H\(plot.right.attribute)"])
    }

    /// Returns the label of a reference line, placed at one of four positions near its ends: the one that hides the
    /// least of the curves.
    private func label(_ reference: LineChart.Reference, in plot: Plot) -> Markup {
        let text = Plot.fitted(reference.label, into: plot.width - 8, size: 12)
        let (line, width) = (plot.position(y: reference.value), Numeral.width(of: text) * 12)
        let traces = traces(in: plot)
        let places = [(true, -5.0), (true, 15), (false, -5), (false, 15)].map { isRight, shift in
            let (x, y) = (isRight ? plot.right - 2 : plot.left + 4, line + shift)
            let (left, isOutside) = (isRight ? x - width : x, y - 10 < plot.top || y > plot.bottom)
            let hidden = traces.count { left - 4...left + width + 4 ~= $0.x && y - 14...y + 5 ~= $0.y }
            return (isRight: isRight, x: x, y: y, cost: isOutside ? Int.max : hidden)
        }
        let place = places.min { $0.cost < $1.cost }!
        return .element(
            "text",
            [
                "class": "soft halo", "x": place.x, "y": place.y, "text-anchor": place.isRight ? "end" : "start",
                "font-size": 12,
            ], text)
    }

    /// Returns positions along all curves.
    private func traces(in plot: Plot) -> [(x: Double, y: Double)] {
        series.flatMap { series in
            zip(series.points, series.points.dropFirst()).flatMap { a, b -> [(x: Double, y: Double)] in
                guard plot.y.shows(a.y), plot.y.shows(b.y), a.x.isFinite, b.x.isFinite else { return [] }
                let (from, to) = (
                    (plot.position(x: a.x), plot.position(y: a.y)), (plot.position(x: b.x), plot.position(y: b.y))
                )
                return [0.0, 0.25, 0.5, 0.75, 1].map {
                    (from.0 + (to.0 - from.0) * $0, from.1 + (to.1 - from.1) * $0)
                }
            }
        }
    }
}
