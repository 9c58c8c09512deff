import CKernels

/// The right factor of a product in the order in which it is read: blocks of sixteen columns, each row of a block
/// contiguous, the last block filled up with zeros.
struct PackedMatrix {
    private let buffer: Buffer
    /// Floats of one block.
    let block: Int

    var base: UnsafePointer<Float> { UnsafePointer(buffer.base) }

    /// A matrix `[rows, columns]`.
    init(_ matrix: UnsafePointer<Float>, rows: Int, columns: Int) {
        block = 16 * rows
        buffer = Buffer(count: (columns + 15) / 16 * block)
        for start in stride(from: 0, to: columns, by: 16) {
            let width = min(16, columns - start)
            for row in 0..<rows {
                let target = buffer.base + start * rows + row * 16
                target.update(from: matrix + row * columns + start, count: width)
                if width < 16 { ck_fill(16 - width, 0, target + width) }
            }
        }
    }

    /// The transpose of a matrix `[columns, rows]`.
    init(transposing matrix: UnsafePointer<Float>, rows: Int, columns: Int) {
        let turned = Buffer(count: rows * columns)
        ck_transpose(columns, rows, matrix, turned.base)
        self.init(turned.base, rows: rows, columns: columns)
        withExtendedLifetime(turned) {}
    }
}
