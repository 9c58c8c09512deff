import Foundation

/// A change to the intensities of one image: blur, contrast, brightness, gamma, and noise.
struct ImageTone {
    /// The standard deviation of the blur, in pixels.
    var blur: Float = 0
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
        // A narrower Gaussian puts all its weight on a single pixel.
        if blur > 0.2 { GaussianBlur(deviation: blur).apply(to: image, extents) }
        if contrast != 1 || brightness != 0 { shift(image, extents.count) }
        if gamma != 1 { raise(image, extents.count) }
        if noise > 0 { add(noise, to: image, extents.count, using: &generator) }
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

/// A separable Gaussian blur, truncated at three standard deviations, with edge replication.
struct GaussianBlur {
    /// The symmetric weights, which sum to 1.
    private let weights: [Float]
    private var radius: Int { weights.count / 2 }

    /// Creates a blur with a standard deviation of `deviation` pixels.
    init(deviation: Float) {
        let radius = max(1, Int((3 * deviation).rounded(.up)))
        let raw = (-radius...radius).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
        let sum = raw.reduce(0, +)
        weights = raw.map { $0 / sum }
    }

    /// Replaces an image with its blurred version.
    func apply(to image: UnsafeMutablePointer<Float>, _ extents: ImageExtents) {
        let (height, width, channels) = (extents.height, extents.width, extents.channels)
        let line = width * channels
        withUnsafeTemporaryAllocation(of: Float.self, capacity: extents.count + line + 2 * radius * channels) {
            memory in
            let blurred = memory.baseAddress!
            let extended = blurred + extents.count
            // Blur along the columns, processing whole rows at a time.
            for row in 0..<height {
                let target = blurred + row * line
                target.update(repeating: 0, count: line)
                for (k, weight) in weights.enumerated() {
                    let source = image + max(0, min(height - 1, row + k - radius)) * line
                    for i in 0..<line { target[i] += weight * source[i] }
                }
            }
            // Blur along the rows, using a copy extended by the radius at both ends.
            for row in 0..<height {
                let source = blurred + row * line
                for end in 0..<radius {
                    for channel in 0..<channels {
                        extended[end * channels + channel] = source[channel]
                        extended[(radius + width + end) * channels + channel] = source[line - channels + channel]
                    }
                }
                (extended + radius * channels).update(from: source, count: line)
                let target = image + row * line
                target.update(repeating: 0, count: line)
                for (k, weight) in weights.enumerated() {
                    let moved = extended + k * channels
                    for i in 0..<line { target[i] += weight * moved[i] }
                }
            }
        }
    }
}
