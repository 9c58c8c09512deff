import Foundation
import Reporting
import Testing

@Suite struct HTMLPageTests {
    private static let hostile = "</title><script>alert('x')</script>\"&\u{1}"

    private func page(_ name: String) -> HTMLPage {
        let statistic = Statistic(mean: 0.5, deviation: 0.1)
        let drawings: [any Drawing] = [
            LineChart(
                xTitle: name,
                [
                    .init(
                        name, yTitle: name, [.init(name, [(1, 2), (2, 3)]), .init(name, [(1, 1)])],
                        references: [.init(2, name)])
                ]),
            ErrorBarChart(
                name, xTitle: name, yTitle: name, places: [name], [.init(name, [statistic]), .init(name, [nil])]),
            BarChart(name, yTitle: name, groups: [name], [.init(name, [statistic]), .init(name, [nil])]),
            ScatterPlot(
                name, xTitle: name, yTitle: name, categories: [.kind(name, 0), .level(name, 1, of: 2)],
                [.init(x: 1, y: 2, category: 0)]),
            SliceOverlay(
                name, subtitle: name, intensities: [0, 1], width: 2, reference: [0, 1], prediction: [1, 1],
                structures: [.init(1, name)]),
        ]
        return HTMLPage(
            title: name, lead: name, facts: [(name, name)],
            sections: [
                .init(
                    name,
                    [
                        .figure(Figure(name, drawings)), .text(name),
                        .table(Table(columns: [name], rows: [[name]], caption: name)),
                    ])
            ])
    }

    @Test func aPageIsWellFormedAndAllItsPartsAreThere() {
        let page = WellFormed(page("Dice").html)
        #expect(page.fault == nil, "\(page.fault ?? "")")
        #expect(page.texts("title").first == "Dice" && page.texts("h1") == ["Dice"])
        #expect(page.all("svg").count == 6, "five drawings, and the slice inside of one")
        #expect(page.texts("td") == ["Dice"] && page.texts("dd") == ["Dice"] && page.texts("figcaption") == ["Dice"])
    }

    @Test func namesCannotBecomeMarkup() {
        let plain = WellFormed(page("Dice").html)
        let hostile = WellFormed(page(Self.hostile).html)
        #expect(hostile.fault == nil, "\(hostile.fault ?? "")")
        #expect(hostile.elements.map(\.name) == plain.elements.map(\.name))
        #expect(hostile.all("script").isEmpty)
        #expect(hostile.texts("h1") == ["</title><script>alert('x')</script>\"&\u{FFFD}"])
    }

    @Test func aPageFetchesNothingAndRunsNothing() {
        let html = page("Dice").html
        for word in ["http:", "https:", "url(", "@import", "<script", "<link", "src=", "javascript:"] {
            #expect(!html.contains(word), "\(word)")
        }
        let addresses = WellFormed(html).elements.compactMap { $0.attributes["href"] }
        #expect(addresses.count == 1 && addresses.allSatisfy { $0.hasPrefix("data:image/png;base64,") })
        #expect(html.contains("prefers-color-scheme: dark"))
    }

    @Test func anEmptyPageIsOne() {
        let page = WellFormed(HTMLPage(title: "", lead: "", sections: []).html)
        #expect(page.fault == nil && page.all("dl").isEmpty && page.all("section").isEmpty)
    }

    @Test func longTablesScroll() {
        func classes(_ count: Int) -> [String?] {
            let table = Table(columns: ["round"], rows: (0..<count).map { ["\($0)"] })
            let page = HTMLPage(title: "", lead: "", sections: [.init("", [.table(table)])])
            return WellFormed(page.html).all("div").map { $0.attributes["class"] }
        }
        #expect(classes(3) == ["scroll"] && classes(100) == ["scroll long"])
    }
}
