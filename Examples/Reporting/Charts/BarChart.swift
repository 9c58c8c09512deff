/// A chart of grouped bars with standard deviations, such as one group per structure and one bar per method.
public struct BarChart: Drawing {
    /// The heading.
    public let title: String
    /// The quantity on the axis of values, with its unit.
    public let yTitle: String
    /// The names of the groups, from left to right.
    public let groups: [String]
    /// The series of bars, one per color.
    public let series: [Series]
    private let limits: ClosedRange<Double>?
    /// The number of bars above which they are not labeled with their values.
    private static let mostNumbers = 12

    /// The bars of one color, one per group.
    public struct Series: Sendable {
        let name: String
        let values: [Statistic?]

        /// Creates a series with a value or `nil` for every group. A mean that is not finite leaves a gap.
        public init(_ name: String, _ values: [Statistic?]) { (self.name, self.values) = (name, values) }
    }

    /// Creates a chart.
    ///
    /// - Parameter limits: The minimum range of the axis of values, which always includes 0.
    /// - Precondition: Every series has a value or `nil` for every group.
    public init(
        _ title: String, yTitle: String, groups: [String], _ series: [Series], limits: ClosedRange<Double>? = nil
    ) {
        for series in series {
            precondition(series.values.count == groups.count, "\(series.values.count) bars in \(groups.count) groups")
        }
        (self.title, self.yTitle, self.groups, self.series) = (title, yTitle, groups, series)
        self.limits = limits
    }

    /// The drawing as SVG.
    public var svg: Markup {
        let present = series.flatMap(\.values).compactMap { $0 }.filter { $0.mean.isFinite }
        let y = Scale([0] + present.flatMap(\.ends), limits: limits)
        let entries = series.enumerated().map { Legend.Entry(name: $1.name, ink: .kind($0), sample: .block) }
        let plot = Plot(title: title, legend: Legend(entries), x: nil, y: y, height: 260, hasTitleBelow: false)
        var marks = plot.frame(yTitle: yTitle)
        for group in groups.indices {
            for index in series.indices { marks += bar(index, in: group, of: plot, hasNumber: hasNumbers) }
        }
        marks += plot.lowerAxis(columns: groups, title: "")
        if present.isEmpty { marks.append(plot.emptyNote()) }
        return .svg(width: Plot.width, height: plot.end, label: "\(title): \(yTitle) by group", marks)
    }

    private var hasNumbers: Bool { groups.count * series.count <= Self.mostNumbers }

    private func bar(_ index: Int, in group: Int, of plot: Plot, hasNumber: Bool) -> [Markup] {
        guard let value = series[index].values[group], plot.y.shows(value.mean) else { return [] }
        let room = plot.width / Double(groups.count) * 0.76 / Double(series.count)
        let width = min(46, room)
        let middle =
            plot.middle(ofColumn: group, of: groups.count)
            + (Double(index) - Double(series.count - 1) / 2) * width
        let (zero, end) = (plot.position(y: 0), plot.position(y: value.mean))
        let note = "\(groups[group]), \(series[index].name): \(value.text())"
        var marks: [Markup] = [
            .element(
                "rect",
                [
                    "style": "fill:\(Ink.kind(index).css)", "x": middle - width * 0.46, "y": min(zero, end),
                    "width": width * 0.92, "height": abs(zero - end), "rx": 1.5,
                ], [.element("title", note)])
        ]
        if value.ends.count == 2 {
            marks.append(ErrorBarChart.whisker(value, x: middle, in: plot, style: "stroke:var(--text)"))
        }
        if hasNumber {
            let top = plot.position(y: max(value.ends.max()!, 0))
            marks.append(
                .element(
                    "text", ["class": "halo", "x": middle, "y": top - 5, "text-anchor": "middle", "font-size": 11.5],
                    Numeral.text(value.mean, decimals: abs(value.mean) < 10 ? 2 : 1)))
        }
        return marks
    }
}
