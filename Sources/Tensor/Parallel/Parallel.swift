import CKernels
import Foundation
import Synchronization

/// Work split across the machine's cores.
///
/// Callers split their work by its shape alone, never by the number of threads, and add partial sums in a fixed
/// order: results are bitwise identical for any number of threads. OpenBLAS itself is limited to one thread.
public enum Parallel {
    /// The maximum number of threads for the calling task; `nil` means all cores.
    @TaskLocal public static var threadLimit: Int?

    /// The number of threads that work started here uses.
    public static var threadCount: Int {
        min(threadLimit ?? .max, WorkerPool.shared.workers + 1)
    }

    /// Calls `body(0)`, …, `body(count − 1)`, each once, in any order and concurrently.
    ///
    /// Inside another `forEach`, or while another task uses the workers, this thread makes all calls. Denormal
    /// numbers are flushed to zero in every call.
    public static func forEach(_ count: Int, _ body: (Int) -> Void) {
        let denormals = ck_flush_denormals()
        defer { ck_restore_denormals(denormals) }
        if count < 2 || threadCount < 2 || !WorkerPool.shared.run(count, threads: threadCount, body) {
            for index in 0..<count { body(index) }
        }
    }

    /// Calls `body` with consecutive ranges of at most `length` elements that cover `0 ..< count`.
    static func forEachRange(of count: Int, length: Int, _ body: (Range<Int>) -> Void) {
        forEach((count + length - 1) / length) { index in
            body(index * length..<min(count, (index + 1) * length))
        }
    }
}

/// A pool of threads that wait for work, one per core in addition to the caller's.
///
/// A training step hands out work every hundred microseconds, and waking a sleeping thread takes tens of
/// microseconds, so idle threads spin briefly before they sleep.
private final class WorkerPool: @unchecked Sendable {
    static let shared = WorkerPool(workers: ProcessInfo.processInfo.activeProcessorCount - 1)

    let workers: Int
    private let busy = Atomic(false)
    private let calls: [SpinningSemaphore]
    private let finished = SpinningSemaphore()
    private let next = Atomic(0)
    private let working = Atomic(0)
    // Written by the caller while it holds `busy` and every worker waits; read by the workers that were signaled.
    private var count = 0
    private var body: ((Int) -> Void)?

    private init(workers: Int) {
        self.workers = workers
        calls = (0..<workers).map { _ in SpinningSemaphore() }
        for index in 0..<workers {
            let thread = Thread { [unowned self] in
                _ = ck_flush_denormals()
                while true {
                    calls[index].wait()
                    work()
                    if working.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { finished.signal() }
                }
            }
            thread.name = "tensor-\(index + 1)"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Runs the calls on several threads, or returns false immediately if the workers are busy.
    func run(_ count: Int, threads: Int, _ body: (Int) -> Void) -> Bool {
        guard busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return false }
        defer { busy.store(false, ordering: .releasing) }
        let used = min(threads, count) - 1
        withoutActuallyEscaping(body) { body in
            self.count = count
            self.body = body
            next.store(0, ordering: .relaxed)
            working.store(used, ordering: .relaxed)
            for index in 0..<used { calls[index].signal() }
            work()
            finished.wait()
            self.body = nil
        }
        return true
    }

    private func work() {
        let body = body!
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if index >= count { return }
            body(index)
        }
    }
}

/// A semaphore that spins for a short while before it sleeps, with one signal per wait.
private final class SpinningSemaphore: Sendable {
    private enum State: Int, AtomicRepresentable { case idle, signaled, asleep }
    private let state = Atomic(State.idle)
    private let alarm = DispatchSemaphore(value: 0)
    /// The number of spins before a waiting thread sleeps: some tens of microseconds in total.
    private static let spins = 2_000

    func signal() {
        if state.exchange(.signaled, ordering: .acquiringAndReleasing) == .asleep { alarm.signal() }
    }

    /// Waits for a `signal`, whether it has already happened or is still to come.
    func wait() {
        for _ in 0..<Self.spins {
            if state.load(ordering: .acquiring) == .signaled { return state.store(.idle, ordering: .relaxed) }
            ck_pause()
        }
        if state.compareExchange(expected: .idle, desired: .asleep, ordering: .acquiringAndReleasing).exchanged {
            alarm.wait()
        }
        _ = state.load(ordering: .acquiring)
        state.store(.idle, ordering: .relaxed)
    }
}

extension Parallel {
    /// Returns the results of asynchronous work items in order, with a limited number of concurrent tasks of one
    /// thread each.
    ///
    /// - Parameters:
    ///   - count: The number of work items.
    ///   - workers: The maximum number of concurrent work items.
    ///   - work: A closure that performs one work item; the results of `work(0)`, `work(1)`, … are returned.
    /// - Throws: The error of a work item; the others are then canceled.
    public static func map<Result: Sendable>(
        _ count: Int, workers: Int, _ work: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var next = 0
            func add() {
                guard next < count else { return }
                let index = next
                next += 1
                group.addTask {
                    try await $threadLimit.withValue(1) { (index, try await work(index)) }
                }
            }
            for _ in 0..<max(1, workers) { add() }
            var results = [Result?](repeating: nil, count: count)
            for try await (index, result) in group {
                results[index] = result
                add()
            }
            return results.map { $0! }
        }
    }
}
