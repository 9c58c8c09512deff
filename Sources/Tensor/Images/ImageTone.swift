import Foundation

/// A change to the intensities of one image: resolution, blur, bias field, contrast, brightness, gamma, and noise.
struct ImageTone {
    /// Whether the image is reduced to half its resolution and interpolated again.
    var hasLowResolution = false
    /// The standard deviation of the blur, in pixels.
    var blur: Float = 0
    /// The natural logarithm of a smooth factor.
    var biasField: SmoothField?
    /// The factor applied to each intensity's distance from the mean.
    var contrast: Float = 1
    /// The offset added to intensities.
    var brightness: Float = 0
    /// The power to which intensities are raised.
    var gamma: Float = 1
    /// The standard deviation of the noise.
    var noise: Float = 0

    /// Applies the change to an image in place.
    func apply(
        to image: UnsafeMutablePointer<Float>, _ extents: ImageExtents, using generator: inout SeededGenerator
    ) {
        if hasLowResolution { LowResolution.apply(to: image, extents) }
        // A narrower Gaussian puts all its weight on a single pixel.
        if blur > 0.2 { GaussianBlur(deviation: blur).apply(to: image, extents) }
        if let biasField { multiply(image, extents, byExponentialOf: biasField) }
        if contrast != 1 || brightness != 0 { shift(image, extents.count) }
        if gamma != 1 { raise(image, extents.count) }
        if noise > 0 { add(noise, to: image, extents.count, using: &generator) }
    }

    /// Multiplies each pixel by `exp(field)`.
    private func multiply(
        _ image: UnsafeMutablePointer<Float>, _ extents: ImageExtents, byExponentialOf field: SmoothField
    ) {
        let (width, channels) = (extents.width, extents.channels)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { line in
            for row in 0..<extents.height {
                line.update(repeating: 0)
                field.add(row: row, to: line.baseAddress!)
                let pixels = image + row * width * channels
                for column in 0..<width {
                    let factor = exp(line[column])
                    for channel in 0..<channels { pixels[column * channels + channel] *= factor }
                }
            }
        }
    }

    /// Scales contrast about the mean of the image and shifts brightness, clamping negative values to 0.
    private func shift(_ image: UnsafeMutablePointer<Float>, _ count: Int) {
        var partial = SIMD8<Float>.zero
        var position = 0
        while position + 8 <= count {
            for lane in 0..<8 { partial[lane] += image[position + lane] }
            position += 8
        }
        var sum = partial.sum()
        for rest in position..<count { sum += image[rest] }
        let offset = sum / Float(count) * (1 - contrast) + brightness
        for i in 0..<count {
            let value = image[i] * contrast + offset
            image[i] = value > 0 ? value : 0
        }
    }

    /// Computes `x^gamma` from a table of `t^(2 gamma)` at t = √x, which is smooth at 0; x is clamped to 4.
    private func raise(_ image: UnsafeMutablePointer<Float>, _ count: Int) {
        let nodes = 256
        let scale = Float(nodes) / 2
        withUnsafeTemporaryAllocation(of: Float.self, capacity: nodes + 2) { table in
            for node in 0..<nodes + 2 { table[node] = pow(Float(node) / scale, 2 * gamma) }
            for i in 0..<count {
                let value = image[i]
                let place = (value > 0 ? (value < 4 ? value : 4) : 0).squareRoot() * scale
                let node = Int(place)
                image[i] = table[node] + (place - Float(node)) * (table[node + 1] - table[node])
            }
        }
    }

    /// Adds approximately normal noise: the sum of four uniform 8-bit numbers. One random number serves two pixels.
    private func add(
        _ deviation: Float, to image: UnsafeMutablePointer<Float>, _ count: Int,
        using generator: inout SeededGenerator
    ) {
        // The sum of four uniform numbers in 0 … 255 has mean 510 and variance 4 (256² − 1) / 12.
        let scale = deviation / (Float(256 * 256 - 1) / 3).squareRoot()
        var position = 0
        while position < count {
            let bits = generator.next()
            // Add neighboring bytes, then neighboring pairs: four sums of two, then two sums of four.
            let pairs = (bits & 0x00FF_00FF_00FF_00FF) &+ ((bits >> 8) & 0x00FF_00FF_00FF_00FF)
            let sums = (pairs & 0x0000_FFFF_0000_FFFF) &+ ((pairs >> 16) & 0x0000_FFFF_0000_FFFF)
            image[position] += (Float(UInt32(truncatingIfNeeded: sums)) - 510) * scale
            if position + 1 < count {
                image[position + 1] += (Float(UInt32(truncatingIfNeeded: sums >> 32)) - 510) * scale
            }
            position += 2
        }
    }
}
