/// A map from the pixels of a transformed image to their sources: an affine map about the center and a smooth
/// deformation.
struct ImageWarp {
    /// The size of the image, and of its transformed version.
    let extents: ImageExtents
    /// The affine map: the source of a pixel is `matrix · (pixel − center) + center + shift`, in pixels, rows first.
    let matrix: (rowByRow: Float, rowByColumn: Float, columnByRow: Float, columnByColumn: Float)
    /// An offset added to every source, in pixels.
    let shift: (row: Float, column: Float)
    /// The elastic displacements in pixels, added to each source on top of the affine map.
    var elastic: (rows: SmoothField, columns: SmoothField)?

    private var isIdentity: Bool { matrix == (1, 0, 0, 1) && shift == (0, 0) && elastic == nil }

    /// Replaces an image with its transformed version.
    func apply(to image: UnsafeMutablePointer<Float>) {
        if isIdentity { return }
        let (height, width, channels) = (extents.height, extents.width, extents.channels)
        // With two pixels of zero padding on all sides, every neighbor of every source exists.
        let stride = (width + 4) * channels
        withUnsafeTemporaryAllocation(of: Float.self, capacity: (height + 4) * stride + 2 * width) { scratch in
            let padded = scratch.baseAddress!
            let sources = padded + (height + 4) * stride
            padded.update(repeating: 0, count: (height + 4) * stride)
            for row in 0..<height {
                (padded + (row + 2) * stride + 2 * channels)
                    .update(from: image + row * width * channels, count: width * channels)
            }
            for row in 0..<height {
                let line = image + row * width * channels
                locate(row: row, rows: sources, columns: sources + width)
                if channels == 1 {
                    sample(padded, stride: stride, rows: sources, columns: sources + width, into: line)
                } else {
                    sampleChannels(padded, stride: stride, rows: sources, columns: sources + width, into: line)
                }
            }
        }
    }

    /// Replaces the labels of an image with those of its transformed version, sampling the nearest source and using 0
    /// outside.
    func apply(to labels: UnsafeMutablePointer<UInt8>) {
        if isIdentity { return }
        let (height, width) = (extents.height, extents.width)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * width) { sources in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: height * width) { copy in
                _ = copy.update(fromContentsOf: UnsafeBufferPointer(start: labels, count: height * width))
                let (rows, columns) = (sources.baseAddress!, sources.baseAddress! + width)
                for row in 0..<height {
                    locate(row: row, rows: rows, columns: columns)
                    for column in 0..<width {
                        // Undo the offset by the padding of two pixels.
                        let (y, x) = (Int(rows[column] + 0.5) - 2, Int(columns[column] + 0.5) - 2)
                        let isInside = y >= 0 && y < height && x >= 0 && x < width
                        labels[row * width + column] = isInside ? copy[y * width + x] : 0
                    }
                }
            }
        }
    }

    /// Writes the sources of a row of pixels, offset by the padding of two pixels and clamped to it.
    private func locate(
        row: Int, rows: UnsafeMutablePointer<Float>, columns: UnsafeMutablePointer<Float>
    ) {
        let (height, width) = (extents.height, extents.width)
        let centre = (row: Float(height - 1) / 2, column: Float(width - 1) / 2)
        let down = Float(row) - centre.row
        let (stepY, stepX) = (matrix.rowByColumn, matrix.columnByColumn)
        let startY = matrix.rowByRow * down + centre.row + shift.row + 2
        let startX = matrix.columnByRow * down + centre.column + shift.column + 2
        for column in 0..<width {
            let across = Float(column) - centre.column
            rows[column] = startY + stepY * across
            columns[column] = startX + stepX * across
        }
        elastic?.rows.add(row: row, to: rows)
        elastic?.columns.add(row: row, to: columns)
        // One pixel beyond the image, where all is zero, stands in for everything farther out.
        let (bottom, right) = (Float(height + 2), Float(width + 2))
        for column in 0..<width {
            let (y, x) = (rows[column], columns[column])
            rows[column] = y > 1 ? (y < bottom ? y : bottom) : 1
            columns[column] = x > 1 ? (x < right ? x : right) : 1
        }
    }

    /// Interpolates bilinearly between the four pixels around each source, for single-channel images.
    private func sample(
        _ padded: UnsafePointer<Float>, stride: Int, rows: UnsafePointer<Float>, columns: UnsafePointer<Float>,
        into line: UnsafeMutablePointer<Float>
    ) {
        for column in 0..<extents.width {
            let (y, x) = (rows[column], columns[column])
            let (top, left) = (Int32(y), Int32(x))
            let (down, across) = (y - Float(top), x - Float(left))
            let source = padded + (Int(top) &* stride &+ Int(left))
            let upper = source[0] * (1 - across) + source[1] * across
            let lower = source[stride] * (1 - across) + source[stride &+ 1] * across
            line[column] = upper * (1 - down) + lower * down
        }
    }

    private func sampleChannels(
        _ padded: UnsafePointer<Float>, stride: Int, rows: UnsafePointer<Float>, columns: UnsafePointer<Float>,
        into line: UnsafeMutablePointer<Float>
    ) {
        let channels = extents.channels
        for column in 0..<extents.width {
            let (y, x) = (rows[column], columns[column])
            let (top, left) = (Int32(y), Int32(x))
            let (down, across) = (y - Float(top), x - Float(left))
            let source = padded + (Int(top) &* stride &+ Int(left) &* channels)
            for channel in 0..<channels {
                let upper = source[channel] * (1 - across) + source[channel &+ channels] * across
                let below = source + stride
                let lower = below[channel] * (1 - across) + below[channel &+ channels] * across
                line[column &* channels &+ channel] = upper * (1 - down) + lower * down
            }
        }
    }
}
