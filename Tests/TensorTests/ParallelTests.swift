import Foundation
import Synchronization
import Testing
import _TestSupport

@testable import Tensor

@Suite struct ParallelTests {
    /// How often each index is visited.
    private func visits(_ count: Int, nested: Bool = false) -> [Int] {
        let visits = Mutex(Array(repeating: 0, count: count))
        Parallel.forEach(count) { index in
            if nested {
                Parallel.forEach(3) { _ in visits.withLock { $0[index] += 1 } }
            } else {
                visits.withLock { $0[index] += 1 }
            }
        }
        return visits.withLock { $0 }
    }

    @Test(arguments: [0, 1, 2, 3, 100])
    func visitsEachIndexOnce(count: Int) {
        #expect(visits(count) == Array(repeating: 1, count: count))
        #expect(visits(count, nested: true) == Array(repeating: 3, count: count))
    }

    @Test func rangesCoverAllExactlyOnce() {
        for (count, length) in [(0, 4), (1, 4), (4, 4), (5, 4), (12, 5)] {
            let visits = Mutex(Array(repeating: 0, count: count))
            Parallel.forEachRange(of: count, length: length) { range in
                #expect(range.count <= length)
                visits.withLock { for i in range { $0[i] += 1 } }
            }
            #expect(visits.withLock { $0 } == Array(repeating: 1, count: count))
        }
    }

    @Test func servesManyCallersAtOnce() async {
        let total = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    let sum = Mutex(0)
                    for _ in 0..<20 { Parallel.forEach(10) { index in sum.withLock { $0 += index } } }
                    return sum.withLock { $0 }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(total == 16 * 20 * 45)
    }

    @Test func callersDivideTheWorkersAmongThem() {
        let sixteen = WorkerPool(workers: 15)
        Parallel.$pool.withValue(sixteen) {
            #expect(Parallel.threadCount == 16 && Parallel.threadsPerTask(3) == 5 && Parallel.threadsPerTask(99) == 1)
        }
        // All calls of two callers wait for one another: on fewer than eight threads, they would never end.
        let arrived = Atomic(0), left = DispatchSemaphore(value: 0)
        for _ in 0..<2 {
            Thread.detachNewThread {
                Parallel.$pool.withValue(sixteen) {
                    Parallel.forEach(4) { _ in
                        #expect(Parallel.threadCount == 1)
                        arrived.add(1, ordering: .sequentiallyConsistent)
                        while arrived.load(ordering: .sequentiallyConsistent) < 8 { usleep(100) }
                    }
                }
                left.signal()
            }
        }
        for _ in 0..<2 { left.wait() }
        #expect(arrived.load(ordering: .sequentiallyConsistent) == 8)
    }

    @Test func aLimitOfOneStaysOnTheCallersThread() {
        Parallel.$threadLimit.withValue(1) {
            #expect(Parallel.threadCount == 1)
            let caller = ObjectIdentifier(Thread.current)
            Parallel.forEach(50) { _ in #expect(ObjectIdentifier(Thread.current) == caller) }
        }
        Parallel.$threadLimit.withValue(1_000) {
            #expect(Parallel.threadCount == ProcessInfo.processInfo.activeProcessorCount)
        }
    }

    @Test func flushesDenormalsInsideAndNotAfterwards() {
        let tiny = Mutex(Float.leastNormalMagnitude)
        func half() -> Float { tiny.withLock { $0 } * 0.5 }
        #expect(half() != 0)
        Parallel.forEach(4) { _ in #expect(half() == 0) }
        #expect(half() != 0)
    }

    @Test func theBitsDoNotDependOnTheNumberOfThreads() {
        let x = Tensor(random: [3, 33, 31, 5], seed: 1)
        let filter = Tensor(random: [3, 3, 5, 7], seed: 2)
        let (scale, shift) = (Tensor(random: [7], seed: 3), Tensor(random: [7], seed: 4))
        func run(_ threads: Int?) -> [[UInt32]] {
            Parallel.$threadLimit.withValue(threads) {
                var result: Tensor?
                let (_, gradients) = valueAndGradient(at: [x, filter, scale, shift]) { v in
                    let y = groupNorm(convolution(v[0], filter: v[1], padding: 1), scale: v[2], shift: v[3], groups: 1)
                    result = y.value
                    return sum(softmax(y) * averagePool(y, size: 1))
                }
                return (gradients + [result!]).map(\.bits)
            }
        }
        let alone = run(1)
        #expect(run(2) == alone)
        #expect(run(nil) == alone)
    }
}
