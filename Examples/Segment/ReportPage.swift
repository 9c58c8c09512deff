import Foundation
import Reporting
import Volumes

/// `report.html`: for each image, outlines on slices, volumes over time, function, and warnings.
struct ReportPage {
    private let summary: SegmentationSummary

    init(_ summary: SegmentationSummary) { self.summary = summary }

    /// The contents of the page.
    var html: String {
        let done = summary.images.filter { $0.error == nil }
        let failed = summary.images.count - done.count
        let lead =
            "\(done.count) image\(done.count == 1 ? "" : "s") with labels by "
            + (summary.models.count > 1
                ? "\(summary.models.count) trained networks, whose probabilities are averaged" : "a trained network")
            + (failed > 0 ? "; \(failed) could not be labeled" : "")
            + ". For research only: this is not a medical device. Look at every outline before you use a number."
        return HTMLPage(
            title: "Segmentation", lead: lead,
            facts: [
                ("Images", "\(summary.images.count)"),
                ("Structures", summary.classes.dropFirst().joined(separator: ", ")),
                ("Models", "\(summary.models.count)"), ("Version", summary.version),
            ],
            sections: summary.images.map(section)
        ).html
    }

    private func section(_ record: Record) -> HTMLPage.Section {
        let name = URL(fileURLWithPath: record.file).lastPathComponent
        if let error = record.error { return HTMLPage.Section(name, [.text("No labels: \(error)")]) }
        var items: [HTMLPage.Item] = []
        if let function = record.function { items.append(.table(table(function))) }
        if !record.pictures.isEmpty {
            items.append(
                .figure(Figure("Outlines of the labels, from base to apex as the file is ordered.", record.pictures)))
        }
        if record.volumes.count > 1 { items.append(.figure(Figure(curveCaption(record), [curve(record)]))) }
        if record.function == nil { items.append(.table(volumes(record))) }
        items += record.warnings.map { .text("Warning: \($0)") }
        return HTMLPage.Section(name, items)
    }

    private func curve(_ record: Record) -> LineChart {
        let names = Array(summary.classes.dropFirst())
        return LineChart(
            xTitle: "frame",
            [
                .init(
                    "Volumes", yTitle: "ml",
                    names.enumerated().map { index, name in
                        .init(
                            name, record.volumes.enumerated().map { (Double($0 + 1), $1[name] ?? 0) },
                            ink: .kind(index < Self.kinds.count ? Self.kinds[index] : index))
                    })
            ])
    }

    /// The colors of curves that are most like those of the outlines: blue, yellow, and red.
    private static let kinds = [0, 7, 1]

    private func curveCaption(_ record: Record) -> String {
        guard let function = record.function else { return "Volumes of the structures in every frame." }
        return
            "Volumes of the structures in every frame. End diastole is frame \(function.moments.endDiastole), end systole "
            + "frame \(function.moments.endSystole) (from \(function.source.rawValue))."
    }

    private func table(_ function: Function) -> Reporting.Table {
        let isIndexed = function.body != nil
        let columns =
            ["", "EDV ml", "ESV ml", "SV ml", "EF %"] + (function.members.count > 1 ? ["EF of the models"] : [])
            + (isIndexed ? ["EDV ml/m²", "ESV ml/m²"] : [])
        func row(_ name: String, _ part: KeyPath<CardiacFunction, CardiacFunction.Ventricle>) -> [String] {
            let own = function.heart[keyPath: part]
            var cells = [own.endDiastolicVolume, own.endSystolicVolume, own.strokeVolume].map {
                Numeral.text($0, decimals: 0)
            }
            cells.append(Numeral.text(own.ejectionFraction, decimals: 0))
            if function.members.count > 1 {
                let all = function.members.compactMap { $0[keyPath: part].ejectionFraction }
                cells.append("\(Numeral.text(all.min(), decimals: 1)) to \(Numeral.text(all.max(), decimals: 1))")
            }
            if let area = function.body?.surfaceArea {
                cells += [own.endDiastolicVolume, own.endSystolicVolume].map { Numeral.text($0 / area, decimals: 0) }
            }
            return [name] + cells
        }
        var caption =
            "Mass of the left ventricular myocardium: \(Numeral.text(function.heart.myocardialMass, decimals: 0)) g"
        if let area = function.body?.surfaceArea {
            caption +=
                ", \(Numeral.text(function.heart.myocardialMass / area, decimals: 0)) g/m² at a body surface of "
                + "\(Numeral.text(area, decimals: 2)) m²"
        }
        return Reporting.Table(
            columns: columns, rows: [row("Left ventricle", \.leftVentricle), row("Right ventricle", \.rightVentricle)],
            caption: caption + ".")
    }

    private func volumes(_ record: Record) -> Reporting.Table {
        Reporting.Table(
            columns: ["Structure", "ml"],
            rows: summary.classes.dropFirst().map { name in
                let all = record.volumes.map { $0[name] ?? 0 }
                let (low, high) = (Numeral.text(all.min(), decimals: 1), Numeral.text(all.max(), decimals: 1))
                return [name, all.count == 1 ? high : "\(low) to \(high)"]
            })
    }
}

extension SliceOverlay {
    /// Returns three slices of an image with the outlines of its labels: at a fifth, a half, and four fifths of those that
    /// have labels.
    ///
    /// - Parameter title: What precedes the number of the slice.
    static func slices(of image: Volume, labels: Volume, classes: [String], title: String) -> [SliceOverlay] {
        let extent = image.extent
        let plane = extent.x * extent.y
        let labelled = (0..<extent.slices).filter { slice in
            labels.voxels[slice * plane..<(slice + 1) * plane].contains { $0 > 0 }
        }
        let places = labelled.isEmpty ? [extent.slices / 2] : labelled
        let chosen = [0.2, 0.5, 0.8].map { places[min(places.count - 1, Int($0 * Double(places.count)))] }
        let sorted = image.voxels.filter(\.isFinite).sorted()
        let (low, high) = (sorted[sorted.count / 100], sorted[sorted.count * 199 / 200])
        let scale = high > low ? 1 / (high - low) : 0
        return Set(chosen).sorted().map { slice in
            let range = slice * plane..<(slice + 1) * plane
            return SliceOverlay(
                "\(title)slice \(slice + 1) of \(extent.slices)",
                intensities: image.voxels[range].map { ($0 - low) * scale }, width: extent.x,
                spacing: (image.spacing.x, image.spacing.y), prediction: labels.voxels[range].map { UInt8($0) },
                structures: classes.indices.dropFirst().map { SliceOverlay.Structure(UInt8($0), classes[$0]) }
            ).cropped(margin: 25)
        }
    }
}
