import Foundation
import Reporting
import Phantoms
import Tensor
import Testing
import Volumes

/// One page with every kind of drawing, from invented numbers and a synthetic heart: to look at after a change.
///
/// `GALLERY=gallery.html swift test --disable-xctest --filter Gallery`
@Suite struct Gallery {
    @Test func everyDrawingOnAPage() throws {
        let html = HTMLPage(
            title: "Gallery", lead: "Every drawing of this module, with invented numbers.",
            facts: [("Method", "FCL"), ("Folds", "0, 1"), ("Seeds", "1, 2, 3")],
            sections: [curves, values, points, try slices]
        ).html
        let page = WellFormed(html)
        #expect(page.fault == nil, "\(page.fault ?? "")")
        #expect(page.all("image").count == 4)
        if let path = ProcessInfo.processInfo.environment["GALLERY"] {
            try html.write(toFile: path, atomically: true, encoding: .utf8)
        }
    }

    private var curves: HTMLPage.Section {
        var generator = SeededGenerator(seed: 1)
        func curve(_ name: String, _ count: Int, from start: Double, to end: Double, gap: Range<Int>)
            -> LineChart.Series
        {
            LineChart.Series(
                name,
                (0..<count).map { step in
                    let value = end + (start - end) * exp(-4 * Double(step) / Double(count))
                    let noise = 1 + 0.04 * Double(generator.normal())
                    return (Double(step + 1), gap.contains(step) ? .nan : value * noise)
                })
        }
        let long = LineChart(
            xTitle: "step",
            [
                .init(
                    "A long training", yTitle: "loss",
                    [
                        curve("training", 600, from: 2, to: 0.02, gap: 300..<340),
                        curve("validation", 600, from: 2.2, to: 0.05, gap: 0..<0),
                    ], references: [.init(0.02, "a loss of two hundredths")], isLogarithmic: true)
            ])
        let panels = LineChart(
            xTitle: "round",
            [
                .init("Dice", yTitle: "Dice", [curve("Dice", 25, from: 0.2, to: 0.85, gap: 8..<9)], limits: 0...1),
                .init("Learning rate", yTitle: "rate", [curve("", 25, from: 1e-3, to: 1e-5, gap: 0..<0)]),
            ])
        return .init("Curves", [.figure(Figure("On a logarithmic axis, with a gap; in two panels.", [long, panels]))])
    }

    private var values: HTMLPage.Section {
        let methods = ["random, local", "FCL, local", "random, federated", "FCL, federated"]
        let dice = ErrorBarChart(
            "Dice by annotated patients", xTitle: "annotated patients in each hospital", yTitle: "mean Dice",
            places: ["1", "2", "4", "8"],
            methods.enumerated().map { index, name in
                .init(
                    name,
                    (0..<4).map { place in
                        if index == 1 && place == 2 { return nil }
                        return Statistic(
                            mean: 0.3 + 0.15 * Double(index) + 0.06 * Double(place),
                            deviation: 0.08 - 0.015 * Double(place)
                        )
                    })
            }, limits: 0...1)
        let structures = ["right ventricle", "myocardium", "left ventricle"]
        let bars = BarChart(
            "Dice by structure, one annotated patient", yTitle: "Dice", groups: structures,
            methods.enumerated().map { index, name in
                .init(
                    name,
                    (0..<3).map {
                        Statistic(mean: 0.35 + 0.12 * Double(index) + 0.03 * Double($0), deviation: 0.05)
                    })
            }, limits: 0...1)
        return .init("Values", [.figure(Figure("Whiskers are one standard deviation.", [dice, bars]))])
    }

    private var points: HTMLPage.Section {
        var generator = SeededGenerator(seed: 2)
        func plot(_ title: String, _ categories: [ScatterPlot.Category]) -> ScatterPlot {
            let points = (0..<800).map { index -> ScatterPlot.Point in
                let category = index % categories.count
                let angle = 4 * Double(category) / Double(categories.count)
                return ScatterPlot.Point(
                    x: 2 * cos(angle) + 0.3 * Double(generator.normal()),
                    y: sin(angle) + 0.3 * Double(generator.normal()), category: category)
            }
            return ScatterPlot(title, xTitle: "component 1", yTitle: "component 2", categories: categories, points)
        }
        return .init(
            "Points",
            [
                .figure(
                    Figure(
                        "Levels and kinds.",
                        [
                            plot("Six levels", (0..<6).map { .level("partition \($0 + 1)", $0, of: 6) }),
                            plot("Twelve kinds", (0..<12).map { .kind("hospital \($0 + 1)", $0) }),
                        ]))
            ])
    }

    private var slices: HTMLPage.Section {
        get throws {
            let frame = Phantom(seed: 3).patient(4).frames[0]
            let (width, height) = (frame.image.extent.x, frame.image.extent.y)
            let pixels =
                width * height * (frame.image.extent.slices / 2)..<width * height * (frame.image.extent.slices / 2 + 1)
            let image = frame.image.voxels[pixels], labels = frame.labels.voxels[pixels].map { UInt8($0) }
            let brightest = image.sorted()[image.count * 99 / 100]
            let intensities = image.map { $0 / brightest }
            let structures = (1...3).map { SliceOverlay.Structure(UInt8($0), ACDC.classNames[$0]) }
            func overlay(_ title: String, shift: Int) -> SliceOverlay {
                let moved = labels.indices.map { $0 >= shift ? labels[$0 - shift] : 0 }
                return SliceOverlay(
                    title, subtitle: "patient004, frame 1, slice 5", intensities: intensities, width: width,
                    spacing: (frame.image.spacing.x, frame.image.spacing.y), reference: labels, prediction: moved,
                    structures: structures)
            }
            // Every second row only: pixels twice as high as wide.
            let rows = (0..<height / 2).flatMap { row in row * 2 * width..<(row * 2 + 1) * width }
            let anisotropic = SliceOverlay(
                "Pixels twice as high as wide", intensities: rows.map { intensities[$0] }, width: width,
                spacing: (frame.image.spacing.x, 2 * frame.image.spacing.y), prediction: rows.map { labels[$0] },
                structures: structures)
            return .init(
                "Slices",
                [
                    .figure(
                        Figure(
                            "A synthetic heart.",
                            [
                                overlay("Best: Dice 0.95", shift: 1).cropped(margin: 20),
                                overlay("Median: Dice 0.88", shift: width * 2).cropped(margin: 20),
                                overlay("Worst: Dice 0.61", shift: width * 5 + 4), anisotropic,
                            ]))
                ])
        }
    }
}
