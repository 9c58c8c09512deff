import Foundation

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

/// The loss of half of an image's resolution: averages of two rows and two columns, which are then interpolated
/// linearly; beyond the outermost averages, their values are repeated.
enum LowResolution {
    /// Replaces an image with its version of low resolution.
    static func apply(to image: UnsafeMutablePointer<Float>, _ extents: ImageExtents) {
        let line = extents.width * extents.channels
        for row in 0..<extents.height {
            smooth(image + row * line, count: extents.width, stride: extents.channels, lanes: extents.channels)
        }
        smooth(image, count: extents.height, stride: line, lanes: line)
    }

    /// Averages pairs along one axis and interpolates between the averages.
    ///
    /// The averages lie between the two elements of a pair, so every element is a quarter of their distance away from
    /// that of its own pair. An odd element at the end is a pair of its own.
    private static func smooth(_ values: UnsafeMutablePointer<Float>, count: Int, stride: Int, lanes: Int) {
        let pairs = (count + 1) / 2
        withUnsafeTemporaryAllocation(of: Float.self, capacity: pairs * lanes) { averages in
            for pair in 0..<pairs {
                let (first, second) = (values + 2 * pair * stride, values + min(2 * pair + 1, count - 1) * stride)
                for lane in 0..<lanes { averages[pair * lanes + lane] = 0.5 * (first[lane] + second[lane]) }
            }
            for i in 0..<count {
                let own = i / 2
                let other = i % 2 == 0 ? max(0, own - 1) : min(pairs - 1, own + 1)
                for lane in 0..<lanes {
                    values[i * stride + lane] =
                        0.75 * averages[own * lanes + lane] + 0.25 * averages[other * lanes + lane]
                }
            }
        }
    }
}
