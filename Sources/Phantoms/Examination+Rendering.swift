import Foundation
import Randomness
import Volumes

extension Examination {
    /// An image and its label map.
    struct Frame: Sendable {
        var image: Volume
        var labels: Volume
    }

    /// The images and label maps of some frames (numbers from 1).
    ///
    /// A frame looks the same whichever others are computed with it.
    func frames(_ numbers: [Int]) -> [Frame] {
        let plane = acquisition.columns * acquisition.rows
        var frames = numbers.map { Frame(image: emptyVolume, labels: labels(ofFrame: $0)) }
        for (k, slice) in slices.enumerated() {
            let background = background(of: k)
            let sensitivity = sensitivity(over: background.frame)
            for (i, number) in numbers.enumerated() {
                let contraction = contraction(ofFrame: number)
                var canvas = background
                canvas.paint(
                    HeartSection(of: heart, z: slice.z, contraction: contraction), of: heart, look: slice.look,
                    lean: lean, contraction: contraction)
                var generator = SeededGenerator(seed: noiseSeed, path: number, k)
                let stored = recorded(canvas.values, sensitivity: sensitivity, using: &generator)
                frames[i].image.voxels.replaceSubrange(k * plane..<(k + 1) * plane, with: stored)
            }
        }
        return frames
    }

    /// The label map alone of a frame.
    func labels(ofFrame number: Int) -> Volume {
        let contraction = contraction(ofFrame: number)
        var volume = emptyVolume
        volume.voxels = slices.indices.flatMap { k in
            HeartSection(of: heart, z: slices[k].z, contraction: contraction)
                .labels(over: placement(of: k), lean: lean).map(Float.init)
        }
        return volume
    }

    /// The grid, filled with zeros.
    private var emptyVolume: Volume {
        let extent = Volume.Extent(x: acquisition.columns, y: acquisition.rows, slices: slices.count)
        let spacing = Volume.Spacing(
            x: Double(acquisition.spacing), y: Double(acquisition.spacing), slice: Double(acquisition.sliceSpacing))
        return Volume(extent: extent, spacing: spacing, voxels: [Float](repeating: 0, count: extent.count))
    }

    /// The receiver coils' sensitivity, 1 at the heart: highest at the front wall of the chest; 0 where the scanner
    /// cuts the image off.
    private func sensitivity(over frame: SliceCanvas.Frame) -> [Float] {
        let (halfWidth, halfHeight) = (Float(frame.columns) / 2, Float(frame.rows) / 2)
        return (0..<frame.columns * frame.rows).map { index in
            let (x, y) = (index % frame.columns, index / frame.columns)
            if let reach = acquisition.reach {
                let (u, v) = ((Float(x) + 0.5 - halfWidth) / halfWidth, (Float(y) + 0.5 - halfHeight) / halfHeight)
                if (u * u + v * v).squareRoot() > reach * 1.4142 { return 0 }
            }
            let (p, q) = frame.point(x, y)
            let (dp, dq) = (p - acquisition.coil.p, q - acquisition.coil.q)
            let surface = acquisition.coil.strength * exp(-(dp * dp + dq * dq) / 1500)
            return exp(acquisition.style.decline * (p + 0.3 * q) / 100) * (1 + surface)
        }
    }

    /// The signal as it is stored: weighted by the coils, with Rician noise, in whole numbers.
    ///
    /// The noise comes on a grid 1.25 times as coarse, because the scanner interpolates its images.
    private func recorded(
        _ signal: [Float], sensitivity: [Float], using generator: inout SeededGenerator
    ) -> [Float] {
        let (width, height) = (acquisition.columns, acquisition.rows)
        let real = SmoothField(width: width, height: height, cell: 1.25, using: &generator).slice()
        let imaginary = SmoothField(width: width, height: height, cell: 1.25, using: &generator).slice()
        let noise = acquisition.style.noise
        let largest: Float = acquisition.style.storage == .short ? 4095 : 255
        return signal.indices.map { i in
            guard sensitivity[i] > 0 else { return 0 }
            let (a, b) = (signal[i] * sensitivity[i] + noise * real[i], noise * imaginary[i])
            let magnitude = (a * a + b * b).squareRoot() + acquisition.floor
            return min((magnitude * acquisition.unit).rounded(), largest)
        }
    }
}
