import CKernels

/// The mean and the (biased) variance of each group.
struct Moments {
    var mean: [Float]
    var variance: [Float]
}

/// The partition of `[samples, rows, channels]` into groups that share a mean and a variance.
///
/// Each sample has `groups` runs of neighboring channels. Batch norm treats the batch as one sample, with one group
/// per channel.
struct Groups {
    let samples: Int, rows: Int, channels: Int, groups: Int

    var elementsOfGroup: Int { rows * (channels / groups) }

    /// Returns the group of a sample's channel, given `sample · channels + channel`.
    func group(of index: Int) -> Int {
        index / channels * groups + index % channels / (channels / groups)
    }

    /// The number of rows per work item: about 128 KiB.
    private var band: Int { max(16, Tensor.grain / channels) }
    private var bands: Int { (rows + band - 1) / band }

    /// The number of sums over all bands per work item.
    private static let mergedTogether = 16

    /// Calls `body` with a sample, the position of a band's first element, and the number of rows in the band.
    func forEachBand(_ body: (_ sample: Int, _ start: Int, _ rows: Int) -> Void) {
        Parallel.forEach(samples * bands) { index in
            let (sample, first) = (index / bands, index % bands * band)
            body(sample, (sample * rows + first) * channels, min(band, rows - first))
        }
    }

    /// Returns the moments of each group, computed per band relative to its first row, then merged in Double.
    ///
    /// Chan, Golub, and LeVeque, The American Statistician 37(3), 1983.
    func moments(of x: Tensor) -> Moments {
        let input = x.pointer
        let partials = Buffer(count: 2 * samples * bands * channels)
        let partial = partials.base
        defer { withExtendedLifetime(partials) {} }
        forEachBand { sample, start, count in
            let at = partial + 2 * channels * (sample * bands + (start / channels - sample * rows) / band)
            ck_moments(count, channels, input + start, at, at + channels)
        }
        let width = channels / groups
        let merged = Buffer(count: 2 * samples * groups)
        let (mean, variance) = (merged.base, merged.base + samples * groups)
        Parallel.forEachRange(of: samples * groups, length: Self.mergedTogether) { range in
            for index in range {
                let (sample, group) = (index / groups, index % groups)
                var (count, average, squares) = (0.0, 0.0, 0.0)
                for number in 0..<bands {
                    let first = number * band, rowCount = Double(min(band, rows - first))
                    let at = partial + 2 * channels * (sample * bands + number)
                    let origin = input + (sample * rows + first) * channels
                    for channel in group * width..<group * width + width {
                        let sum = Double(at[channel])
                        let bandMean = Double(origin[channel]) + sum / rowCount
                        let bandSquares = max(0, Double(at[channels + channel]) - sum * sum / rowCount)
                        let total = count + rowCount
                        let delta = bandMean - average
                        average += delta * rowCount / total
                        squares += bandSquares + delta * delta * count * rowCount / total
                        count = total
                    }
                }
                mean[index] = Float(average)
                variance[index] = Float(count > 0 ? squares / count : 0)
            }
        }
        defer { withExtendedLifetime(merged) {} }
        return Moments(
            mean: Array(UnsafeBufferPointer(start: mean, count: samples * groups)),
            variance: Array(UnsafeBufferPointer(start: variance, count: samples * groups)))
    }

    /// Returns Σ g and Σ g · (x − mean) for each sample and channel, where g is the upstream gradient after the
    /// backward pass through the ReLU.
    func gradientSums(
        x: Tensor, _ activation: DeferredImages.Activation, means: Tensor, upstream: Tensor
    ) -> (total: [Float], product: [Float]) {
        let partials = Buffer(count: 2 * samples * bands * channels)
        let partial = partials.base
        defer { withExtendedLifetime(partials) {} }
        forEachBand { sample, start, count in
            let at = partial + 2 * channels * (sample * bands + (start / channels - sample * rows) / band)
            let s = sample * channels
            ck_normalization_sums(
                count, channels, activation.slope, activation.scale.pointer + s, activation.shift.pointer + s,
                means.pointer + s, x.pointer + start, upstream.pointer + start, at, at + channels)
        }
        var total = [Float](repeating: 0, count: samples * channels)
        var product = total
        total.withUnsafeMutableBufferPointer { total in
            product.withUnsafeMutableBufferPointer { product in
                let (total, product) = (total.baseAddress!, product.baseAddress!)
                Parallel.forEachRange(of: samples * channels, length: Self.mergedTogether) { range in
                    for index in range {
                        var (sum, weighted) = (0.0, 0.0)
                        for number in 0..<bands {
                            let at = partial + 2 * channels * (index / channels * bands + number) + index % channels
                            sum += Double(at[0])
                            weighted += Double(at[channels])
                        }
                        (total[index], product[index]) = (Float(sum), Float(weighted))
                    }
                }
            }
        }
        return (total, product)
    }
}

/// A sum over many rows, split into chunks that are summed in parallel and then added in order.
///
/// The number of chunks depends only on the number of rows and the size of the result, so that the result is bitwise
/// identical for any number of threads.
struct PartialSums {
    private let rows: Int, size: Int, length: Int

    /// Creates a sum over `rows` rows whose result has `size` elements. Partial results take at most 16 MiB.
    init(of rows: Int, size: Int, minimumRows: Int = 256) {
        let pieces = max(1, min(16, rows / minimumRows, (1 << 22) / max(1, size)))
        (self.rows, self.size) = (rows, size)
        length = max(1, (rows + pieces - 1) / pieces)
    }

    /// Computes `result = Σ + beta · result`. `body` overwrites its memory with the sum over its rows.
    func reduce(
        into result: UnsafeMutablePointer<Float>, beta: Float,
        _ body: (Range<Int>, UnsafeMutablePointer<Float>) -> Void
    ) {
        let pieces = (rows + length - 1) / length
        if pieces == 1 && beta == 0 { return body(0..<rows, result) }
        let partials = Buffer(count: size * max(1, pieces))
        withExtendedLifetime(partials) {
            let base = partials.base
            Parallel.forEachRange(of: rows, length: length) { range in
                body(range, base + range.lowerBound / length * size)
            }
            Parallel.forEachRange(of: size, length: Tensor.grain) { part in
                let target = result + part.lowerBound
                for piece in 0..<pieces {
                    let source = base + piece * size + part.lowerBound
                    if piece == 0 && beta == 0 {
                        target.update(from: source, count: part.count)
                    } else {
                        ck_axpy(part.count, 1, source, target)
                    }
                }
            }
        }
    }
}
