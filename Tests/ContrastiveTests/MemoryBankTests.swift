import Contrastive
import Features
import Tensor
import Testing
import _TestSupport

@Suite struct MemoryBankTests {
    private func features(_ count: Int, seed: UInt64) -> FeatureSet {
        if count == 0 { return FeatureSet(dimension: 5) }
        return FeatureSet(
            features: Tensor(random: [count, 5], seed: seed),
            partitions: (0..<count).map { UInt8(($0 + Int(seed)) % 4) })
    }

    /// Three features fit; the oldest are dropped from the front of an array.
    @Test(arguments: [[2], [3], [2, 2], [1, 1, 1, 1, 1], [3, 3], [7], [2, 5, 1]])
    func isAQueue(pushes: [Int]) {
        var bank = MemoryBank(capacity: 3, dimension: 5)
        var expected: [(row: [Float], partition: UInt8)] = []
        for (index, count) in pushes.enumerated() {
            let new = features(count, seed: UInt64(index))
            bank.push(new)
            for row in 0..<count {
                expected.append((new.vectors.rows(row..<row + 1).elements, new.partitions[row]))
            }
            expected = expected.suffix(3)
            let contents = bank.contents
            #expect(bank.count == expected.count)
            #expect(contents.vectors.elements == expected.flatMap(\.row))
            #expect(contents.partitions == expected.map(\.partition))
        }
    }

    @Test func copiesAreIndependent() {
        var bank = MemoryBank(capacity: 4, dimension: 5)
        bank.push(features(4, seed: 1))
        let (copy, contents) = (bank, bank.contents)
        bank.push(features(2, seed: 2))
        #expect(copy.contents == contents)
        #expect(bank != copy)
    }

    @Test(arguments: [0, 1, 3, 5])
    func goesOnFromItsStateBitForBit(pushed: Int) throws {
        var bank = MemoryBank(capacity: 3, dimension: 5)
        bank.push(features(pushed, seed: 1))
        let saved = try Safetensors(data: bank.state.data)
        var restored = try MemoryBank(restoring: saved, capacity: 3, dimension: 5)
        #expect(restored == bank)
        #expect(restored.contents.vectors.bits == bank.contents.vectors.bits)
        bank.push(features(2, seed: 2))
        restored.push(features(2, seed: 2))
        #expect(restored == bank)
    }

    /// Banks of earlier versions also say which site a feature is from.
    @Test func readsTheStateOfAnEarlierVersion() throws {
        var bank = MemoryBank(capacity: 3, dimension: 5)
        bank.push(features(3, seed: 1))
        var state = bank.state
        state.integers["origins"] = .init([0, 0, 0], shape: [3])
        #expect(try MemoryBank(restoring: state, capacity: 3, dimension: 5) == bank)
    }

    @Test func refusesTheStateOfAnotherBank() throws {
        var bank = MemoryBank(capacity: 3, dimension: 5)
        bank.push(features(3, seed: 1))
        let state = bank.state
        func expectRefusal(_ word: String, capacity: Int = 3, dimension: Int = 5, _ damage: (inout Safetensors) -> Void)
        {
            var damaged = state
            damage(&damaged)
            do {
                _ = try MemoryBank(restoring: damaged, capacity: capacity, dimension: dimension)
                Issue.record("\(word) was accepted")
            } catch {
                #expect("\(error)".contains(word), "\(error)")
            }
        }
        expectRefusal("partitions", capacity: 2) { _ in }
        expectRefusal("features", dimension: 4) { _ in }
        expectRefusal("partitions") { $0.integers["partitions"] = nil }
        expectRefusal("partitions") { $0.integers["partitions"] = .init([0, 1, 256], shape: [3]) }
        expectRefusal("partitions") { $0.integers["partitions"] = .init([0, 1, -1], shape: [3]) }
        expectRefusal("features") { $0.integers["partitions"] = .init([0, 1], shape: [2]) }
        expectRefusal("partitions") { $0.integers["partitions"] = .init(3) }
        expectRefusal("features") { $0.tensors["features"] = nil }
        expectRefusal("row 2") { $0.tensors["features"]![2, 0] = 9 }
        expectRefusal("feature 1") { $0.tensors["features"]![1, 0] = .nan }
    }
}
