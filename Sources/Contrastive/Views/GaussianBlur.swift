import Foundation

/// A Gaussian blur along rows and columns, cut at three standard deviations, with the border repeated outside.
struct GaussianBlur {
    /// The weights, symmetric, with the sum 1.
    private let weights: [Float]
    private var radius: Int { weights.count / 2 }

    /// A blur of `deviation` pixels.
    init(deviation: Float) {
        let radius = max(1, Int((3 * deviation).rounded(.up)))
        let raw = (-radius...radius).map { exp(-Float($0 * $0) / (2 * deviation * deviation)) }
        let sum = raw.reduce(0, +)
        weights = raw.map { $0 / sum }
    }

    /// Replaces an image by its blurred version.
    func apply(to image: UnsafeMutablePointer<Float>, _ extents: ImageExtents) {
        let (height, width, channels) = (extents.height, extents.width, extents.channels)
        let line = width * channels
        withUnsafeTemporaryAllocation(of: Float.self, capacity: extents.count + line + 2 * radius * channels) {
            memory in
            let blurred = memory.baseAddress!
            let extended = blurred + extents.count
            // Down the columns, whole rows at a time.
            for row in 0..<height {
                let target = blurred + row * line
                target.update(repeating: 0, count: line)
                for (k, weight) in weights.enumerated() {
                    let source = image + max(0, min(height - 1, row + k - radius)) * line
                    for i in 0..<line { target[i] += weight * source[i] }
                }
            }
            // Along the rows, in a copy that is longer by the radius at both ends.
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
