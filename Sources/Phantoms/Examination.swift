import Foundation
import Randomness
import Volumes

/// The parameters of one synthetic examination, all sampled before the first pixel is computed.
struct Examination: Sendable {
    let heart: HeartAnatomy
    let acquisition: Acquisition
    let thorax: Thorax
    let frameCount: Int
    /// The frame numbers of end diastole and end systole, counted from 1.
    let endDiastole: Int
    let endSystole: Int
    let slices: [Slice]
    /// The pixel coordinates of the left ventricle's axis in the middle slice.
    let centre: (x: Float, y: Float)
    /// The angle from the front of the body to the right ventricle.
    let lean: Float
    /// The seed for the noise of each frame.
    let noiseSeed: UInt64
    private let wobble: SmoothField
    private let texture: SmoothField

    /// One slice of the stack.
    struct Slice: Sendable {
        /// The position along the axis of the left ventricle, in mm.
        var z: Float
        /// The displacement from the other slices, in mm, because each slice is acquired in its own breath-hold.
        var shift: (x: Float, y: Float)
        var look: HeartLook
    }

    init(
        group: ACDC.Group, style: Acquisition.Style, seed: UInt64, number: Int
    ) {
        func stream(_ purpose: Int) -> SeededGenerator { SeededGenerator(seed: seed, path: number, purpose) }
        var generator = stream(0)
        let heart = HeartAnatomy(group: group, using: &generator)
        self.heart = heart
        generator = stream(1)
        let acquisition = Acquisition(style: style, using: &generator)
        self.acquisition = acquisition

        generator = stream(2)
        let counts = [30, 30, 30, 30, 30, 30, 28, 28, 35, 35, 25, 22, 20, 12]
        frameCount = counts[generator.integer(below: counts.count)]
        endDiastole = generator.chance(0.01) ? 4 : 1
        endSystole = min(endDiastole + max(3, Int((heart.systole * Float(frameCount)).rounded())), frameCount)
        centre = (
            Spread(0.476, 0.045, 0.38...0.57).draw(using: &generator) * Float(acquisition.columns),
            Spread(0.493, 0.045, 0.40...0.59).draw(using: &generator) * Float(acquisition.rows)
        )
        lean = -Spread(0.35, 0.14, 0.05...0.65).draw(using: &generator)

        generator = stream(3)
        let section = HeartSection(of: heart, z: 0.35 * heart.length, contraction: 0)
        let style = acquisition.style
        thorax = Thorax(
            front: section.right[0], below: section.wall[HeartSection.resolution * 3 / 4], length: heart.length,
            blood: style.blood, contrast: style.contrast, using: &generator)

        generator = stream(4)
        let fatness = max(0, generator.normal(mean: 0.55, standardDeviation: 0.4))
        let rightShare = Spread(0.76, 0.1, 0.55...1).draw(using: &generator)
        let positions = Self.positions(length: heart.length, spacing: acquisition.sliceSpacing, using: &generator)
        let stray = generator.chance(0.1) ? generator.integer(below: positions.count) : -1
        let fat = thorax.fat
        slices = positions.enumerated().map { k, z in
            var shift = (x: generator.normal(standardDeviation: 1.4), y: generator.normal(standardDeviation: 1.4))
            if k == stray {
                shift.x += generator.normal(standardDeviation: 6)
                shift.y += generator.normal(standardDeviation: 6)
            }
            let look = HeartLook(
                of: heart, z: z, blood: style.blood, contrast: style.contrast, rightShare: rightShare,
                fat: fat, fatness: fatness, gain: Spread(1, 0.12, 0.72...1.28).draw(using: &generator),
                using: &generator)
            return Slice(z: z, shift: shift, look: look)
        }

        generator = stream(5)
        let (columns, rows) = (acquisition.columns, acquisition.rows)
        wobble = SmoothField(
            width: columns, height: rows, depth: 4, cell: 22 / acquisition.spacing, using: &generator)
        texture = SmoothField(
            width: columns, height: rows, depth: 9, cell: max(1, 4 / acquisition.spacing), using: &generator)
        var noise = stream(6)
        noiseSeed = noise.next()
    }

    /// Samples the slice positions along the axis, base first: all slices through the ventricle, and sometimes one or
    /// two beyond it.
    private static func positions(
        length: Float, spacing: Float, using generator: inout SeededGenerator
    ) -> [Float] {
        let first = generator.uniform(in: 0.08...0.92) * spacing
        let through = Int(((length - first) / spacing).rounded(.down)) + 1
        let beyondBase = generator.chance(0.1) ? 1 : 0
        let beyondApex = generator.chance(0.08) ? 1 : 0
        return (-beyondBase..<through + beyondApex).map { first + Float($0) * spacing }
    }

    /// Returns the contraction of the heart in a frame, 0 … 1: a smooth rise to end systole, followed by a return that
    /// is fast at first and slow later.
    func contraction(ofFrame number: Int) -> Float {
        let time = Float((number - endDiastole + frameCount) % frameCount)
        let systole = Float(endSystole - endDiastole)
        if time <= systole { return 0.5 - 0.5 * cos(.pi * time / systole) }
        let rest = (time - systole) / (Float(frameCount) - systole)
        return (0.5 + 0.5 * cos(.pi * min(1, rest / 0.55))) * 0.85 + 0.15 * (1 - smoothStep(rest))
    }

    /// Returns the mapping from pixels of the slice at `index` to positions in the patient.
    func placement(of index: Int) -> SliceCanvas.Frame {
        let slice = slices[index]
        let along = slice.z - heart.length / 2
        let spacing = acquisition.spacing
        let front = Float.pi - (heart.tilt + lean)
        return SliceCanvas.Frame(
            columns: acquisition.columns, rows: acquisition.rows, spacing: spacing,
            origin: (
                centre.x + (heart.drift.x * along + slice.shift.x) / spacing,
                centre.y + (heart.drift.y * along + slice.shift.y) / spacing
            ), front: (cos(front), sin(front)))
    }

    /// Renders the static content of the slice at `index`.
    func background(of index: Int) -> SliceCanvas {
        let frame = placement(of: index)
        let height = slices.count > 1 ? Float(index) / Float(slices.count - 1) : 0
        var canvas = SliceCanvas(
            frame: frame, values: [Float](repeating: 0, count: frame.columns * frame.rows),
            wobble: wobble.slice(at: height), texture: texture.slice(at: height))
        thorax.paint(into: &canvas, z: slices[index].z)
        return canvas
    }
}

extension Examination {
    /// An image and its label map.
    struct Frame: Sendable {
        var image: Volume
        var labels: Volume
    }

    /// Renders the images and label maps of the given frames, numbered from 1.
    ///
    /// The result for a frame does not depend on which other frames are rendered.
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

    /// Computes the label map of a frame, without rendering the image.
    func labels(ofFrame number: Int) -> Volume {
        let contraction = contraction(ofFrame: number)
        var volume = emptyVolume
        volume.voxels = slices.indices.flatMap { k in
            HeartSection(of: heart, z: slices[k].z, contraction: contraction)
                .labels(over: placement(of: k), lean: lean).map(Float.init)
        }
        return volume
    }

    /// A volume on the grid, filled with zeros.
    private var emptyVolume: Volume {
        let extent = Volume.Extent(x: acquisition.columns, y: acquisition.rows, slices: slices.count)
        let spacing = Volume.Spacing(
            x: Double(acquisition.spacing), y: Double(acquisition.spacing), slice: Double(acquisition.sliceSpacing))
        return Volume(extent: extent, spacing: spacing, voxels: [Float](repeating: 0, count: extent.count))
    }

    /// Returns the sensitivity of the receiver coils: about 1 at the heart, highest at the anterior chest wall, and 0
    /// where the scanner truncates the image.
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

    /// Returns the signal as stored: weighted by coil sensitivity, with Rician noise, rounded to integers.
    ///
    /// The noise is sampled on a grid that is coarser by a factor of 1.25, because scanners interpolate their images.
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
