import Foundation
import Reporting
import Testing

@Suite struct LineChartTests {
    private func chart(
        _ values: [Double], references: [LineChart.Reference] = [], isLogarithmic: Bool = false
    ) -> WellFormed {
        let points = values.enumerated().map { (x: Double($0 + 1), y: $1) }
        let panel = LineChart.Panel(
            "Loss", yTitle: "loss", [.init("local", points)], references: references, isLogarithmic: isLogarithmic)
        return WellFormed(LineChart(xTitle: "round", [panel]))
    }

    private func curves(_ chart: WellFormed) -> [WellFormed.Element] {
        chart.all("path").filter { $0.attributes["class"] == "line" }
    }

    @Test func aCurveHasAPieceForEveryRunOfValues() throws {
        let chart = chart([1, 2, .nan, 3, .infinity, 4, 5, 6])
        #expect(chart.fault == nil)
        let path = try #require(curves(chart).first?.attributes["d"])
        #expect(path.filter { $0 == "M" }.count == 3 && path.filter { $0 == "L" }.count == 3)
        #expect(chart.all("circle").count == 6)
        #expect(!chart.elements.contains { $0.attributes.values.contains { $0.contains("nan") || $0.contains("inf") } })
    }

    @Test func aSingleValueBetweenGapsIsSeenInALongCurve() {
        var values = (0..<100).map { Double($0) }
        values[49] = .nan
        values[51] = .nan
        #expect(chart(values).all("circle").count == 1)
    }

    @Test func higherValuesLieHigherAndEqualStepsAreEqual() throws {
        let numbers = try #require(curves(chart([1, 2, 3])).first).numbers
        #expect(numbers.count == 6)
        #expect(numbers[1] > numbers[3] && numbers[3] > numbers[5])
        #expect(abs((numbers[1] - numbers[3]) - (numbers[3] - numbers[5])) < 0.02)
        #expect(abs((numbers[2] - numbers[0]) - (numbers[4] - numbers[2])) < 0.02)
    }

    @Test func onALogarithmicAxisEqualFactorsAreEqual() throws {
        let chart = chart([0.001, 0.1, 10, 0, -1], isLogarithmic: true)
        let numbers = try #require(curves(chart).first).numbers
        #expect(numbers.count == 6, "values without a logarithm are left out")
        #expect(abs((numbers[1] - numbers[3]) - (numbers[3] - numbers[5])) < 0.02)
        #expect(chart.texts().contains("0.1"))
    }

    @Test func aReferenceIsALineAtItsValueWithALabel() throws {
        let chart = chart([1, 2, 3], references: [.init(2, "as good as chance")])
        let line = try #require(chart.all("path").first { $0.attributes["class"] == "reference" })
        let curve = try #require(curves(chart).first)
        #expect(line.numbers[1] == curve.numbers[3])
        #expect(chart.texts().contains("as good as chance"))
    }

    @Test(arguments: [[], [.nan], [5], [5, 5, 5], [0], [1e300, -1e300], [1, 1 + 1e-15], [1e-30, 2e-30], [-3, 1e9]])
    func anyValuesGiveAChart(values: [Double]) {
        let chart = chart(values, references: [.init(.nan, "nothing")])
        #expect(chart.fault == nil)
        #expect(chart.all("path").count < 40 && chart.texts().count < 40)
        #expect(chart.texts().contains("no values") == !values.contains { abs($0) < 1e100 })
    }

    @Test func panelsLieBelowEachOther() throws {
        let series = LineChart.Series("up", [(1, 1), (2, 2)])
        let large = LineChart.Series("up", [(1, 10_000), (2, 20_000)])
        let chart = WellFormed(
            LineChart(
                xTitle: "round",
                [.init("Bytes", yTitle: "MB", [series]), .init("Time", yTitle: "seconds", [large])]))
        let curves = curves(chart)
        #expect(curves.count == 2 && chart.texts().filter { $0 == "round" }.count == 1)
        #expect(curves[1].numbers[3] > curves[0].numbers[1])
        #expect(curves[1].numbers[0] == curves[0].numbers[0] && curves[1].numbers[2] == curves[0].numbers[2])
    }

    @Test func ticksAreAtRoundNumbers() {
        let texts = chart([0.37, 0.912]).texts()
        for label in ["0.2", "0.4", "0.6", "0.8", "1.0"] {
            #expect(texts.contains(label) || texts.contains(label + "0"), "\(texts)")
        }
        #expect(!texts.contains("1.5"), "between rounds there is nothing")
    }
}
