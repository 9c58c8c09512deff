import Experiments
import Federation
import Foundation

/// `report.html`: the curves of a run on one page that needs nothing but a browser.
struct ReportPage {
    let settings: Settings
    let reports: [RoundReport]

    /// The page.
    var html: String {
        let last = reports.last?.metrics ?? [:]
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>Federated contrastive pre-training</title>
            <style>
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
            table { border-collapse: collapse; width: 100% } th, td { text-align: right; white-space: nowrap; padding: .15rem .6rem }
            th { border-bottom: 1px solid #999 } td:first-child, th:first-child { text-align: left }
            svg { width: 100%; height: auto } figcaption { font-size: .9rem; color: #555 } figure { margin: 1.5rem 0 }
            .scroll { max-height: 24rem; overflow: auto }
            </style></head><body>
            <h1>Federated contrastive pre-training</h1>
            <p>\(settings.clients) clients, \(reports.count) of \(settings.rounds) rounds, width \(settings.width), \
            \(settings.size) × \(settings.size) pixels of \(settings.spacing) mm, seed \(settings.seed).
            Last round: local loss \(number(last["localLoss"])), remote loss \(number(last["remoteLoss"])),
            separation of the bank \(number(last["separation"])).</p>
            \(figure(
                "Loss by round. The dotted lines are the values at which the features have collapsed to a single point.",
                [
                    Curve("localLoss", "local", "#1b6ca8"), Curve("remoteLoss", "remote", "#c2571a"),
                    Curve("localConstant", "", "#1b6ca8", dashes: "2 4"),
                    Curve("remoteConstant", "", "#c2571a", dashes: "2 4"),
                ]))
            \(figure(
                "Mean cosine similarity in the banks: features of the same partition, of other partitions, and the "
                    + "difference, which is what the training is after.",
                [
                    Curve("positiveSimilarity", "same partition", "#2e7d4f"),
                    Curve("negativeSimilarity", "other partitions", "#8a8a8a"),
                    Curve("separation", "separation", "#7b3fa0"),
                ]))
            <div class="scroll"><table><tr><th>round</th><th>local loss</th><th>remote loss</th><th>separation</th>\
            <th>clients</th><th>MB up</th><th>MB down</th><th>seconds</th></tr>
            \(reports.map(row).joined(separator: "\n"))
            </table></div></body></html>
            """
    }

    private struct Curve {
        let metric: String, label: String, color: String, dashes: String
        init(_ metric: String, _ label: String, _ color: String, dashes: String = "none") {
            (self.metric, self.label, self.color, self.dashes) = (metric, label, color, dashes)
        }
    }

    private func row(_ report: RoundReport) -> String {
        let clients = "\(report.participants.count) of \(report.participants.count + report.absent.count)"
        let cells = [
            "\(report.round)", number(report.metrics["localLoss"]), number(report.metrics["remoteLoss"]),
            number(report.metrics["separation"]), clients, number(Double(report.bytesUp) / 1e6, digits: 1),
            number(Double(report.bytesDown) / 1e6, digits: 1), number(report.seconds.total, digits: 1),
        ]
        return "<tr>" + cells.map { "<td>\($0)</td>" }.joined() + "</tr>"
    }

    /// Curves over the rounds, with a scale on the left and names on the right.
    private func figure(_ caption: String, _ curves: [Curve]) -> String {
        let (width, height, left, right, edge) = (720.0, 280.0, 48.0, 120.0, 16.0)
        let values = curves.flatMap { curve in reports.compactMap { $0.metrics[curve.metric] } }
        guard let least = values.min(), let most = values.max(), reports.count > 1 else { return "" }
        let (low, high) = (min(0, least), most > least ? most : least + 1)
        func x(_ round: Int) -> Double {
            left + (width - left - right) * Double(round - 1) / Double(max(1, reports.last!.round - 1))
        }
        func y(_ value: Double) -> Double { height - edge - (height - 2 * edge) * (value - low) / (high - low) }
        func point(_ x: Double, _ y: Double) -> String { "\(number(x, digits: 1)),\(number(y, digits: 1))" }

        var parts: [String] = []
        for step in 0...4 {
            let value = low + (high - low) * Double(step) / 4
            parts.append(
                "<path d='M\(point(left, y(value))) H\(width - right)' stroke='#ddd'/>"
                    + "<text x='\(left - 6)' y='\(number(y(value) + 4, digits: 1))' text-anchor='end' font-size='12'>"
                    + "\(number(value, digits: 2))</text>")
        }
        for curve in curves {
            let points = reports.compactMap { report in
                report.metrics[curve.metric].map { (x(report.round), y($0)) }
            }
            guard let end = points.last else { continue }
            parts.append(
                "<polyline fill='none' stroke='\(curve.color)' stroke-width='2' stroke-dasharray='\(curve.dashes)' "
                    + "points='\(points.map { point($0.0, $0.1) }.joined(separator: " "))'/>"
                    + "<text x='\(number(end.0 + 6, digits: 1))' y='\(number(end.1 + 4, digits: 1))' font-size='12' "
                    + "fill='\(curve.color)'>\(curve.label)</text>")
        }
        return "<figure><svg viewBox='0 0 \(Int(width)) \(Int(height))' role='img'>\(parts.joined())</svg>"
            + "<figcaption>\(caption)</figcaption></figure>"
    }

    private func number(_ value: Double?, digits: Int = 3) -> String {
        value.map { String(format: "%.\(digits)f", $0) } ?? "–"
    }
}
