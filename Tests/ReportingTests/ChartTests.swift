import Foundation
import Reporting
import Testing

@Suite struct ChartTests {
    private let places = ["1", "2", "4", "8"]

    @Test func anErrorBarChartLeavesGapsAndOmitsWhatIsMissing() throws {
        let values: [Statistic?] = [
            Statistic(mean: 0.5, deviation: 0.1), nil, Statistic(mean: 0.7), Statistic(mean: .nan, deviation: 0.1),
        ]
        let chart = WellFormed(
            ErrorBarChart("Dice", xTitle: "patients", yTitle: "Dice", places: places, [.init("random", values)]))
        #expect(chart.fault == nil)
        #expect(chart.all("circle").count == 2)
        #expect(chart.all("path").filter { $0.attributes["class"] == "whisker" }.count == 1)
        let curve = try #require(chart.all("path").first { $0.attributes["class"] == "line" })
        #expect(curve.numbers.count == 4 && !curve.attributes["d"]!.contains("L"))
    }

    @Test func whiskersReachOneDeviationToBothSides() throws {
        let chart = WellFormed(
            ErrorBarChart(
                "", xTitle: "", yTitle: "", places: ["1", "2", "3"],
                [
                    .init("a", [Statistic(mean: 0.5, deviation: 0.2), Statistic(mean: 0.3), Statistic(mean: 0.7)])
                ]))
        let whisker = try #require(chart.all("path").first { $0.attributes["class"] == "whisker" }).numbers
        let middles = chart.all("circle").map { Double($0.attributes["cy"]!)! }
        #expect(abs(whisker[1] - middles[1]) < 0.02 && abs(whisker[2] - middles[2]) < 0.02)
    }

    @Test func methodsStandBesideEachOther() {
        let values = places.map { _ in Optional(Statistic(mean: 0.5, deviation: 0.1)) }
        let chart = WellFormed(
            ErrorBarChart(
                "", xTitle: "", yTitle: "", places: places, [.init("a", values), .init("b", values)]))
        #expect(Set(chart.all("circle").map { $0.attributes["cx"] }).count == 8)
    }

    @Test func barsStandOnZeroAndAreAsHighAsTheirValues() throws {
        let values: [Statistic?] = [Statistic(mean: 2), Statistic(mean: -1), nil]
        let chart = WellFormed(BarChart("", yTitle: "", groups: ["a", "b", "c"], [.init("x", values)]))
        let bars = chart.all("rect").map { bar in
            ["y", "height"].map { Double(bar.attributes[$0]!)! }
        }
        #expect(bars.count == 2)
        #expect(abs(bars[0][0] + bars[0][1] - bars[1][0]) < 0.02, "both begin at zero")
        #expect(abs(bars[0][1] - 2 * bars[1][1]) < 0.03)
    }

    @Test func pointsWithoutAPlaceAreLeftOut() {
        let points = [(1.0, 2.0), (.nan, 0), (0, .infinity), (3, 4)].map {
            ScatterPlot.Point(x: $0.0, y: $0.1, category: 0)
        }
        let plot = WellFormed(
            ScatterPlot("", xTitle: "", yTitle: "", categories: [.kind("a", 0)], points))
        #expect(plot.fault == nil && plot.all("circle").count == 2)
    }

    @Test func everyPointIsDrawnOnceAndKindsDifferInColourOrForm() {
        let categories = (0..<20).map { ScatterPlot.Category.kind("client \($0)", $0) }
        let points = (0..<997).map { ScatterPlot.Point(x: Double($0 % 31), y: Double($0 / 31), category: $0 % 20) }
        let plot = WellFormed(ScatterPlot("", xTitle: "", yTitle: "", categories: categories, points))
        let marks = plot.elements.filter { $0.attributes["class"] == "mark" }
        #expect(marks.count == 997 + 20)
        // The legend's samples.
        let samples = marks.suffix(1017).prefix(20).map { $0.name + $0.attributes["style"]! }
        #expect(Set(samples.prefix(8)).count == 8)
    }

    @Test func aLongLegendSaysHowManyNamesItLeavesOut() {
        let categories = (0..<60).map { ScatterPlot.Category.kind("client \($0)", $0) }
        let plot = WellFormed(ScatterPlot("", xTitle: "", yTitle: "", categories: categories, []))
        #expect(plot.texts().contains("and 36 more") && plot.texts().contains("no values"))
    }
}
