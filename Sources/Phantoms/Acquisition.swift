import Foundation
import Randomness
import Volumes

/// The acquisition parameters of one examination: grid, contrast, coils, noise, and file format.
///
/// The distributions are those of the ACDC files. The scanner determines the ``Style``, which several patients may
/// share; the other parameters vary even among the patients of one scanner.
struct Acquisition: Sendable {
    let style: Style
    let columns: Int
    let rows: Int
    /// The pixel spacing, in mm.
    let spacing: Float
    /// The slice spacing, in mm.
    let sliceSpacing: Float
    /// The stored value of relative intensity 1, about the 99th percentile of a volume.
    let unit: Float
    /// The reach of the gradient in half diagonals, beyond which pixels are exactly 0; `nil` if it includes all pixels.
    let reach: Float?
    /// The relative intensity stored where there is no signal.
    let floor: Float
    /// The coil element nearest to the chest: its position relative to the heart, in mm, and the sensitivity it adds.
    let coil: (p: Float, q: Float, strength: Float)

    /// The properties shared by the patients of one scanner.
    struct Style: Sendable {
        var storage: Storage
        var spacing: Float
        var matrix: (columns: Int, rows: Int)
        var sliceSpacing: Float
        /// The brightness of blood relative to the 99th percentile, and relative to muscle.
        var blood: Float
        var contrast: Float
        /// The decline of coil sensitivity from front to back, as a logarithm per 100 mm.
        var decline: Float
        /// The standard deviation of the noise in each channel.
        var noise: Float
    }

    /// The storage format of intensities.
    enum Storage: Sendable {
        /// Integers 0 … 255 stored as 32-bit floating-point numbers.
        case byteAsFloat
        /// Values of 10 to 12 bits stored as 16-bit integers.
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

    /// Returns the style for one patient on this scanner: the same scanner and grid, with slightly different contrast.
    func varied(using generator: inout SeededGenerator) -> Self {
        var style = self
        style.blood *= generator.uniform(in: 0.95...1.05)
        style.contrast *= generator.uniform(in: 0.92...1.08)
        style.noise *= generator.uniform(in: 0.85...1.15)
        return style
    }
}
