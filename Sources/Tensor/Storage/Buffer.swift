/// A run of floats on a 64-byte boundary, taken from the buffer pool and given back to it when the last tensor that
/// uses it is gone.
///
/// The one class behind all tensors. It is `Sendable` because a tensor writes only to a buffer that it alone holds.
final class Buffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let capacity: Int

    /// A buffer of at least `count` floats with arbitrary contents.
    init(count: Int) {
        (base, capacity) = BufferPool.shared.take(count)
    }

    deinit {
        BufferPool.shared.giveBack(base, capacity: capacity)
    }
}
