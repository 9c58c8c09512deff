/// A plot of points in the plane, colored by category.
public struct ScatterPlot: Drawing {
    /// The heading.
    public let title: String
    /// The quantities on the two axes, with their units.
    public let xTitle: String, yTitle: String
    /// The categories.
    public let categories: [Category]
    /// The points.
    public let points: [Point]
    private static let heights = 225.0...470.0

    /// A category of points.
    public struct Category: Sendable {
        let name: String
        let ink: Ink
        let mark: Mark

        /// Returns a category that has no order, such as a site.
        public static func kind(_ name: String, _ index: Int) -> Category {
            Category(name: name, ink: .kind(index), mark: Mark(kind: index))
        }

        /// Returns one of `count` ordered categories, such as a partition along the heart.
        public static func level(_ name: String, _ index: Int, of count: Int) -> Category {
            Category(name: name, ink: .level(index, of: count), mark: .circle)
        }
    }

    /// One point.
    public struct Point: Sendable {
        let x: Double, y: Double
        let category: Int

        /// Creates a point of the category with the given index; it is not drawn if a coordinate is not finite.
        public init(x: Double, y: Double, category: Int) { (self.x, self.y, self.category) = (x, y, category) }
    }

    /// Creates a plot.
    ///
    /// A unit has the same length on both axes, unless one range is a small fraction of the other.
    ///
    /// - Precondition: Every point belongs to one of the categories.
    public init(_ title: String, xTitle: String, yTitle: String, categories: [Category], _ points: [Point]) {
        for point in points {
            precondition(
                categories.indices.contains(point.category), "category \(point.category) of \(categories.count)")
        }
        (self.title, self.xTitle, self.yTitle, self.categories) = (title, xTitle, yTitle, categories)
        self.points = points
    }

    /// The drawing as SVG.
    public var svg: Markup {
        let shown = points.filter { abs($0.x) < 1e100 && abs($0.y) < 1e100 }
        let (x, y) = (Scale(shown.map(\.x), tickCount: 6), Scale(shown.map(\.y), tickCount: 6))
        let entries = categories.map { Legend.Entry(name: $0.name, ink: $0.ink, sample: .mark($0.mark)) }
        let width = Plot.width - 80
        let height = min(
            max(width * (y.upper - y.lower) / (x.upper - x.lower), Self.heights.lowerBound),
            Self.heights.upperBound)
        let plot = Plot(title: title, legend: Legend(entries), x: x, y: y, height: height)
        var marks = plot.frame(yTitle: yTitle) + plot.lowerAxis(title: xTitle)
        let radius = shown.count > 600 ? 2.5 : shown.count > 150 ? 3 : 4.0
        for index in Self.mixed(shown.count) {
            let (point, category) = (shown[index], categories[shown[index].category])
            marks.append(
                category.mark.markup(
                    x: plot.position(x: point.x), y: plot.position(y: point.y), radius: radius, ink: category.ink))
        }
        if shown.isEmpty { marks.append(plot.emptyNote()) }
        return .svg(width: Plot.width, height: plot.end, label: "\(title): \(yTitle) against \(xTitle)", marks)
    }

    /// Returns the numbers below `count` in a mixed order, so that no category hides the ones before it.
    private static func mixed(_ count: Int) -> [Int] {
        let stride = max(1, Int((Double(count) * 0.381966).rounded()))
        return (0..<stride).flatMap { first in Swift.stride(from: first, to: count, by: stride) }
    }
}
