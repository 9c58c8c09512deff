import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// A contiguous run of floats on a 64-byte boundary, taken from the buffer pool and returned to it when the last
/// tensor that uses it is released.
///
/// It is the only class behind tensors. It is `Sendable` because a tensor writes only to a uniquely referenced
/// buffer.
final class Buffer: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let capacity: Int

    /// Creates a buffer of at least `count` floats with arbitrary contents.
    init(count: Int) {
        (base, capacity) = BufferPool.shared.take(count)
    }

    deinit {
        BufferPool.shared.giveBack(base, capacity: capacity)
    }
}

/// A pool that keeps the memory of released tensors for the next tensor of about the same size.
///
/// Requesting 64 MiB from the system and touching it for the first time costs more than a convolution, and a training
/// step requests the same sizes again and again. Requests are rounded up to one of eight sizes between two powers of
/// two.
public final class BufferPool: Sendable {
    /// The pool that every tensor uses.
    public static let shared = BufferPool()

    /// The activity of the pool since the process started, and its contents.
    public struct Statistics: Hashable, Sendable {
        /// The number of requests served from idle memory.
        public internal(set) var hits = 0
        /// The number of requests that allocated memory from the system.
        public internal(set) var misses = 0
        /// The number of bytes in use by tensors.
        public internal(set) var liveBytes = 0
        /// The number of idle bytes kept for reuse.
        public internal(set) var idleBytes = 0
        /// The maximum number of bytes ever in use and idle together.
        public internal(set) var peakBytes = 0
    }

    /// A block of memory that nothing else points to.
    private struct Block: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<Float>
    }

    private struct State {
        var idle: [Int: [Block]] = [:]
        /// The memory from which the next small block is cut, and how many bytes of it are taken.
        var slab: (memory: Block, taken: Int)?
        var statistics = Statistics()
    }

    private let state = Mutex(State())

    private init() {}

    /// A snapshot of the counters.
    public var statistics: Statistics { state.withLock { $0.statistics } }

    func take(_ count: Int) -> (UnsafeMutablePointer<Float>, capacity: Int) {
        let capacity = Self.capacity(for: count)
        let bytes = capacity * MemoryLayout<Float>.stride
        let found = state.withLock { state -> Block? in
            state.statistics.liveBytes += bytes
            let block = state.idle[capacity]?.popLast()
            if block != nil {
                state.statistics.hits += 1
                state.statistics.idleBytes -= bytes
            } else {
                state.statistics.misses += 1
                let held = state.statistics.liveBytes + state.statistics.idleBytes
                state.statistics.peakBytes = max(state.statistics.peakBytes, held)
            }
            return block
        }
        return ((found ?? newBlock(bytes)).pointer, capacity)
    }

    func giveBack(_ pointer: UnsafeMutablePointer<Float>, capacity: Int) {
        let bytes = capacity * MemoryLayout<Float>.stride
        let block = Block(pointer: pointer)
        state.withLock { state in
            state.statistics.liveBytes -= bytes
            state.statistics.idleBytes += bytes
            state.idle[capacity, default: []].append(block)
        }
    }

    /// Returns memory from the system: small blocks are cut from slabs, large ones stand alone.
    private func newBlock(_ bytes: Int) -> Block {
        if bytes > Self.slabBytes / 8 { return Self.hugePages(bytes) }
        return state.withLock { state in
            var slab = state.slab ?? (Self.hugePages(Self.slabBytes), 0)
            if slab.taken + bytes > Self.slabBytes { slab = (Self.hugePages(Self.slabBytes), 0) }
            state.slab = (slab.memory, slab.taken + bytes)
            return Block(pointer: slab.memory.pointer + slab.taken / MemoryLayout<Float>.stride)
        }
    }

    private static let slabBytes = 8 << 20

    /// Returns memory in pages of 2 MiB where the system has them.
    ///
    /// A transform writes to 64 places at a time, and a core remembers the addresses of about as many pages.
    private static func hugePages(_ bytes: Int) -> Block {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 2 << 20)
        #if canImport(Glibc)
        madvise(memory, bytes, MADV_HUGEPAGE)
        #endif
        return Block(pointer: memory.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride))
    }

    /// Returns the smallest sufficient size of the pool: at least 32 floats, then eight steps per doubling.
    private static func capacity(for count: Int) -> Int {
        guard count > 32 else { return 32 }
        let step = max(16, 1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount - 3))
        return (count + step - 1) / step * step
    }
}
