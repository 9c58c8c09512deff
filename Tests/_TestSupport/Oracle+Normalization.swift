import Tensor

extension Oracle {
    /// `[samples, rows, channels]` normalised over groups of neighbouring channels of each sample, scaled, shifted and
    /// rectified, with the moments of each group.
    public static func normalize(
        _ x: Oracle, groups: Int, scale: Oracle, shift: Oracle, epsilon: Double = 1e-5, slope: Double = 1
    ) -> (result: Oracle, mean: [Double], variance: [Double]) {
        let (samples, rows, channels) = (x.shape[0], x.shape[1], x.shape[2])
        let width = channels / groups
        var result = x
        var (means, variances): ([Double], [Double]) = ([], [])
        for sample in 0..<samples {
            for group in 0..<groups {
                let members = group * width..<(group + 1) * width
                let values = (0..<rows).flatMap { row in members.map { x[sample, row, $0] } }
                let mean = values.reduce(0, +) / Double(values.count)
                let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
                means.append(mean)
                variances.append(variance)
                for row in 0..<rows {
                    for c in members {
                        let y = (x[sample, row, c] - mean) / (variance + epsilon).squareRoot() * scale[c] + shift[c]
                        result[sample, row, c] = y > 0 ? y : slope * y
                    }
                }
            }
        }
        return (result, means, variances)
    }
}
