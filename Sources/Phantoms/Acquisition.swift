import Foundation
import Randomness
import Volumes

/// The recording of one examination: grid, contrast, coils, noise, file format.
///
/// The distributions are those of the ACDC files. A scanner that several patients share fixes the ``Style``; the rest
/// varies between the patients of one scanner, too.
struct Acquisition: Sendable {
    let style: Style
    let columns: Int
    let rows: Int
    /// Between pixels, in mm.
    let spacing: Float
    /// Between slices, in mm.
    let sliceSpacing: Float
    /// The stored value of relative intensity 1, about the 99th percentile of a volume.
    let unit: Float
    /// Pixels beyond the gradient's reach are exactly 0 there: how far it reaches, in half diagonals; `nil` for all.
    let reach: Float?
    /// The relative intensity stored where there is no signal.
    let floor: Float
    /// The coil element nearest to the chest: its place in front of the heart, mm, and how much it adds there.
    let coil: (p: Float, q: Float, strength: Float)

    /// The properties shared by the patients of one scanner.
    struct Style: Sendable {
        var storage: Storage
        var spacing: Float
        var matrix: (columns: Int, rows: Int)
        var sliceSpacing: Float
        /// Brightness of blood relative to the 99th percentile, and of blood relative to muscle.
        var blood: Float
        var contrast: Float
        /// Decline of the coils' sensitivity from front to back, as the logarithm over 100 mm.
        var decline: Float
        /// Standard deviation of the noise in each channel.
        var noise: Float
    }

    /// The storage format of intensities.
    enum Storage: Sendable {
        /// Whole numbers 0 … 255 as 32-bit floating point.
        case byteAsFloat
        /// 10 to 12 bits in 16-bit integers.
        case short
        /// 8-bit integers.
        case byte
    }

    init(style: Style, using generator: inout SeededGenerator) {
        self.style = style
        (columns, rows) = style.matrix
        spacing = style.spacing
        sliceSpacing = style.sliceSpacing
        switch style.storage {
        case .short: unit = min(max(exp(generator.normal(mean: 6.05, standardDeviation: 0.5)), 200), 1200)
        case .byteAsFloat, .byte: unit = generator.uniform(in: 90...165)
        }
        reach = generator.chance(0.45) ? generator.uniform(in: 0.78...0.96) : nil
        floor = max(0, generator.normal(mean: 0.02, standardDeviation: 0.03))
        coil = (
            generator.uniform(in: 80...120), generator.uniform(in: -60...90), generator.uniform(in: 0.05...1.6)
        )
    }
}

extension Acquisition.Style {
    init(using generator: inout SeededGenerator) {
        let kind = generator.uniform()
        storage = kind < 0.75 ? .byteAsFloat : kind < 0.99 ? .short : .byte
        let spacings: [(Float, Float)] = [
            (0.25, 1.3672), (0.47, 1.5625), (0.55, 1.4844), (0.62, 1.6827), (0.68, 1.4453), (0.74, 1.4062),
        ]
        let draw = generator.uniform()
        let other = generator.uniform(in: 1.6...1.95)
        spacing = spacings.first { draw < $0.0 }?.1 ?? other
        let matrices = [(216, 256), (256, 216), (256, 256)]
        let (columns, rows) = matrices[generator.integer(below: 3)]
        matrix = (columns, rows)
        sliceSpacing = generator.chance(0.85) ? 10 : 5
        blood = Spread(0.92, 0.16, 0.6...1.2).draw(using: &generator)
        contrast = Spread(2.9, 0.7, 1.8...4.3).draw(using: &generator)
        decline = generator.uniform(in: 0.08...0.32)
        noise = generator.uniform(in: 0.01...0.035)
    }

    /// The style of one patient on this scanner: the same machine and grid, slightly different contrast.
    func varied(using generator: inout SeededGenerator) -> Self {
        var style = self
        style.blood *= generator.uniform(in: 0.95...1.05)
        style.contrast *= generator.uniform(in: 0.92...1.08)
        style.noise *= generator.uniform(in: 0.85...1.15)
        return style
    }
}
