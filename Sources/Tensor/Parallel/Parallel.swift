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

    /// The pool whose threads do the work, for tests with more threads than cores.
    @TaskLocal static var pool = WorkerPool.shared

    /// The number of threads that work started here uses.
    public static var threadCount: Int {
        min(threadLimit ?? .max, pool.workers + 1)
    }

    /// Calls `body(0)`, …, `body(count − 1)`, each once, in any order and concurrently.
    ///
    /// Inside another `forEach`, or while other tasks use all workers, this thread makes all calls. Denormal numbers
    /// are flushed to zero in every call.
    public static func forEach(_ count: Int, _ body: (Int) -> Void) {
        let denormals = ck_flush_denormals()
        defer { ck_restore_denormals(denormals) }
        if count < 2 || threadCount < 2 || !pool.run(count, threads: threadCount, body) {
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
/// Several tasks may hand out work at the same time: each gets the workers that are idle. A training step hands out
/// work every hundred microseconds, and waking a sleeping thread takes tens of microseconds, so idle threads spin
/// briefly before they sleep.
final class WorkerPool: Sendable {
    static let shared = WorkerPool(workers: ProcessInfo.processInfo.activeProcessorCount - 1)

    let workers: Int
    /// The workers and the jobs that nobody uses.
    private let idle: Mutex<(workers: [Worker], jobs: [Job])>

    init(workers count: Int) {
        let all = (0..<count).map { _ in Worker() }
        workers = count
        idle = Mutex((all, []))
        for (index, worker) in all.enumerated() {
            let thread = Thread { [unowned self] in serve(as: worker) }
            thread.name = "tensor-\(index + 1)"
            thread.stackSize = 8 << 20
            thread.start()
        }
    }

    /// Makes the calls on this thread and up to `threads − 1` others, or returns false immediately if none is idle.
    func run(_ count: Int, threads: Int, _ body: (Int) -> Void) -> Bool {
        let claimed = idle.withLock { idle -> (helpers: ArraySlice<Worker>, job: Job)? in
            let helpers = idle.workers.suffix(min(threads, count) - 1)
            if helpers.isEmpty { return nil }
            idle.workers.removeLast(helpers.count)
            return (helpers, idle.jobs.popLast() ?? Job())
        }
        guard let (helpers, job) = claimed else { return false }
        withoutActuallyEscaping(body) { body in
            job.begin(count, helpers: helpers.count, body)
            for worker in helpers {
                worker.job = job
                worker.call.signal()
            }
            Parallel.$threadLimit.withValue(1) { job.work() }
            job.end()
        }
        idle.withLock { $0.jobs.append(job) }
        return true
    }

    private func serve(as worker: Worker) {
        _ = ck_flush_denormals()
        Parallel.$threadLimit.withValue(1) {
            while true {
                worker.call.wait()
                let job = worker.job!
                job.work()
                // Whoever waits for the job finds its workers idle.
                idle.withLock { $0.workers.append(worker) }
                job.leave()
            }
        }
    }
}

/// A thread of the pool.
private final class Worker: @unchecked Sendable {
    let call = SpinningSemaphore()
    /// Written by the thread that claimed this worker, before it signals.
    var job: Job?
}

/// The calls of one `forEach`, which its threads take one by one.
private final class Job: @unchecked Sendable {
    private let next = Atomic(0)
    private let helpers = Atomic(0)
    private let finished = SpinningSemaphore()
    // Written while no other thread knows this job.
    private var count = 0
    private var body: ((Int) -> Void)?

    func begin(_ count: Int, helpers: Int, _ body: @escaping (Int) -> Void) {
        self.count = count
        self.body = body
        next.store(0, ordering: .relaxed)
        self.helpers.store(helpers, ordering: .relaxed)
    }

    func work() {
        let body = body!
        while true {
            let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
            if index >= count { return }
            body(index)
        }
    }

    /// Called by each helper after its last call.
    func leave() {
        if helpers.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { finished.signal() }
    }

    /// Waits until all helpers have left.
    func end() {
        finished.wait()
        body = nil
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
    /// Returns the number of threads for each of some concurrent tasks.
    public static func threadsPerTask(_ tasks: Int) -> Int {
        max(1, threadCount / max(1, tasks))
    }

    /// Returns the results of asynchronous work items in order, with a limited number of concurrent tasks, which
    /// divide the threads among them.
    ///
    /// - Parameters:
    ///   - count: The number of work items.
    ///   - workers: The maximum number of concurrent work items.
    ///   - work: A closure that performs one work item; the results of `work(0)`, `work(1)`, … are returned.
    /// - Throws: The error of a work item; the others are then canceled.
    public static func map<Result: Sendable>(
        _ count: Int, workers: Int, _ work: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> [Result] {
        let threads = threadsPerTask(min(count, workers))
        return try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var next = 0
            func add() {
                guard next < count else { return }
                let index = next
                next += 1
                group.addTask {
                    try await $threadLimit.withValue(threads) { (index, try await work(index)) }
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
