import Foundation
import Volumes

extension Thorax {
    /// Paints everything but the heart into the slice at z.
    func paint(into canvas: inout SliceCanvas, z: Float) {
        let frame = canvas.frame
        var isLung = [Bool](repeating: false, count: canvas.values.count)
        var isAbdomen = isLung
        let fatTissue = SliceCanvas.Tissue(intensity: fat, mottle: 0.07, wobble: 4, edge: 2)
        let muscleTissue = SliceCanvas.Tissue(intensity: muscle, mottle: 0.25, wobble: 2.5, edge: 2, rim: 0.3)
        let lungTissue = SliceCanvas.Tissue(intensity: lung, mottle: 0.15, wobble: 2, edge: 2.5)
        let liverTissue = SliceCanvas.Tissue(intensity: liver, mottle: 0.07, wobble: 2, edge: 2)
        let (a, b) = outline.semiAxes
        for y in 0..<frame.rows {
            for x in 0..<frame.columns {
                let index = y * frame.columns + x
                let (p, q) = frame.point(x, y)
                let (u, v) = ((p - outline.centre.p) / a, (q - outline.centre.q) / b)
                // A superellipse of order 2.5: flatter than an ellipse in front and behind.
                let norm = pow(pow(abs(u), 2.5) + pow(abs(v), 2.5), 0.4)
                let skin = (1 - norm) * (a * abs(u) + b * abs(v)) / max(abs(u) + abs(v), 1e-3)
                canvas.values[index] = air
                canvas.paint(fatTissue, at: index, distance: skin)
                let direction = atan2(v, u)
                let above = max(0, sin(direction))
                let padding = fatThickness * (1 + 0.7 * cos(direction - fatAngle)) + shoulder * above * above
                canvas.paint(muscleTissue, at: index, distance: skin - padding)
                let cavity = skin - padding - muscleThickness * (1 + 0.4 * sin(direction * 9 + z * 0.1) + 2 * above)
                canvas.paint(lungTissue, at: index, distance: cavity)
                let away = p - diaphragm.crest
                let dome = diaphragm.level + diaphragm.rise * z - diaphragm.curvature * away * away
                let below = min(dome - q, cavity)
                canvas.paint(liverTissue, at: index, distance: below)
                isAbdomen[index] = below > 1
                isLung[index] = cavity > 2 && q - dome > 4
            }
        }
        for body in bodies {
            let height = (z - body.centre.z) / body.semiAxes.c
            guard abs(height) < 1 else { continue }
            let scale = (1 - height * height).squareRoot()
            let allowed: [Bool]? =
                switch body.place {
                case .anywhere: nil
                case .lung: isLung
                case .abdomen: isAbdomen
                }
            canvas.paintEllipse(
                body.tissue, p: body.centre.p, q: body.centre.q, a: body.semiAxes.a * scale,
                b: body.semiAxes.b * scale, angle: body.angle, only: allowed)
        }
    }
}
