import Foundation
import Volumes

/// The records for people: volumes of every input, then the function of the heart where it is known.
enum Table {
    static func text(_ records: [Record], classes: [String]) -> String {
        let done = records.filter { $0.error == nil }
        if done.isEmpty { return "" }
        let measured = done.filter { $0.function != nil }
        return volumes(done, Array(classes.dropFirst())) + (measured.isEmpty ? "" : "\n\n" + function(measured))
    }

    /// Of a cine the smallest and the largest volume.
    private static func volumes(_ records: [Record], _ classes: [String]) -> String {
        var rows = [["file", "frames"] + classes.map { $0 + " ml" }]
        for record in records {
            rows.append(
                [name(record), "\(record.volumes.count)"]
                    + classes.map { label in
                        let all = record.volumes.map { $0[label] ?? 0 }
                        let (low, high) = (number(all.min()), number(all.max()))
                        return all.count == 1 ? high : "\(low) … \(high)"
                    })
        }
        return aligned(rows)
    }

    private static func function(_ records: [Record]) -> String {
        var rows = [
            ["file", "ED", "ES", "from", "ventricle", "EDV ml", "ESV ml", "SV ml", "EF %", "mass g"]
        ]
        for record in records {
            guard let function = record.function else { continue }
            let moments = function.moments
            func row(_ ventricle: CardiacFunction.Ventricle) -> [String] {
                [
                    ventricle.endDiastolicVolume, ventricle.endSystolicVolume, ventricle.strokeVolume,
                    ventricle.ejectionFraction,
                ].map(number)
            }
            rows.append(
                [name(record), "\(moments.endDiastole)", "\(moments.endSystole)", function.source.rawValue, "left"]
                    + row(function.heart.leftVentricle) + [number(function.heart.myocardialMass)])
            rows.append(["", "", "", "", "right"] + row(function.heart.rightVentricle) + [""])
        }
        let isDerived = records.contains { $0.function?.source == .derived }
        let note = "derived: ED and ES are the frames with the largest and the smallest left ventricle."
        return aligned(rows) + (isDerived ? "\n" + note : "")
    }

    private static func name(_ record: Record) -> String { (record.file as NSString).lastPathComponent }

    /// A number, or a dash for one that does not exist.
    private static func number(_ value: Double?) -> String { value.map { String(format: "%.1f", $0) } ?? "–" }

    /// Lines of columns: the first begins at the left, the others end at the right.
    private static func aligned(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
        return rows.map { row in
            let line = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}
