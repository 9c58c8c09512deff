import CKernels
import Foundation
import Synchronization

/// Work split over the machine's cores.
///
/// Callers cut their work by its shape alone, never by the number of threads, and add partial sums in a fixed order:
/// results have the same bits at one thread and at many. OpenBLAS itself is held to one thread.
public enum Parallel {
    /// How many threads the calling task may use; `nil` means all cores.
    @TaskLocal public static var threadLimit: Int?

    /// The number of threads that work started here will use.
    public static var threadCount: Int {
        min(threadLimit ?? .max, WorkerPool.shared.workers + 1)
    }

    /// Calls `body(0)`, …, `body(count − 1)`, each once, in any order and at the same time.
    ///
    /// Inside another `forEach`, or while another task uses the workers, all calls are made on this thread. Denormal
    /// numbers are flushed to zero in every call.
    public static func forEach(_ count: Int, _ body: (Int) -> Void) {
        let denormals = ck_flush_denormals()
        defer { ck_restore_denormals(denormals) }
        if count < 2 || threadCount < 2 || !WorkerPool.shared.run(count, threads: threadCount, body) {
            for index in 0..<count { body(index) }
        }
    }

    /// Calls `body` with consecutive ranges of at most `length` that cover `0 ..< count`.
    static func forEachRange(of count: Int, length: Int, _ body: (Range<Int>) -> Void) {
        forEach((count + length - 1) / length) { index in
            body(index * length..<min(count, (index + 1) * length))
        }
    }
}

/// Threads that wait for work, as many as there are cores beside the caller's.
///
/// A training step hands out work every hundred microseconds, and waking a sleeping thread takes tens of them: who has
/// nothing to do looks for new work for a short while before it goes to sleep.
private final class WorkerPool: @unchecked Sendable {
    static let shared = WorkerPool(workers: ProcessInfo.processInfo.activeProcessorCount - 1)

    let workers: Int
    private let busy = Atomic(false)
    private let calls: [Doorbell]
    private let finished = Doorbell()
    private let next = Atomic(0)
    private let working = Atomic(0)
    // Written by the caller while `busy` is held and every worker waits; read by workers that were called.
    private var count = 0
    private var body: ((Int) -> Void)?

    private init(workers: Int) {
        self.workers = workers
        calls = (0..<workers).map { _ in Doorbell() }
        for index in 0..<workers {
            let thread = Thread { [unowned self] in
                _ = ck_flush_denormals()
                while true {
                    calls[index].wait()
                    work()
                    if working.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { finished.ring() }
                }
            }
            thread.name = "tensor-\(index + 1)"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Runs the calls on several threads, or returns false at once if the workers are taken.
    func run(_ count: Int, threads: Int, _ body: (Int) -> Void) -> Bool {
        guard busy.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return false }
        defer { busy.store(false, ordering: .releasing) }
        let used = min(threads, count) - 1
        withoutActuallyEscaping(body) { body in
            self.count = count
            self.body = body
            next.store(0, ordering: .relaxed)
            working.store(used, ordering: .relaxed)
            for index in 0..<used { calls[index].ring() }
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

/// What one thread waits for and another one rings, once for each wait.
private final class Doorbell: Sendable {
    private enum State: Int, AtomicRepresentable { case silent, rung, asleep }
    private let state = Atomic(State.silent)
    private let alarm = DispatchSemaphore(value: 0)
    /// How often a waiting thread looks before it sleeps: some tens of microseconds.
    private static let looks = 2_000

    func ring() {
        if state.exchange(.rung, ordering: .acquiringAndReleasing) == .asleep { alarm.signal() }
    }

    /// Returns after a `ring`, one of the past or the next one.
    func wait() {
        for _ in 0..<Self.looks {
            if state.load(ordering: .acquiring) == .rung { return state.store(.silent, ordering: .relaxed) }
            ck_pause()
        }
        if state.compareExchange(expected: .silent, desired: .asleep, ordering: .acquiringAndReleasing).exchanged {
            alarm.wait()
        }
        _ = state.load(ordering: .acquiring)
        state.store(.silent, ordering: .relaxed)
    }
}

extension Parallel {
    /// The results of asynchronous pieces of work in their order, done by a few tasks at a time with one thread each.
    ///
    /// - Parameters:
    ///   - count: The number of pieces.
    ///   - workers: The maximum number of pieces at work at a time.
    ///   - work: One piece; the results of `work(0)`, `work(1)`, … are returned.
    /// - Throws: What a piece throws; the others are cancelled then.
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
