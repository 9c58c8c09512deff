import Tensor

/// A rule that turns the models of the clients into the next global model.
///
/// An aggregator is a value; one with memory, such as server momentum, keeps it in itself between rounds.
public protocol Aggregator: Sendable {
    /// The minimum number of updates that the rule can combine.
    var minimumUpdates: Int { get }

    /// Replaces `parameters`, from which the clients started, with the next global model.
    ///
    /// The updates have been validated: they have the slots of `parameters`, are finite, and have positive sample
    /// counts. If this method throws, the federation keeps its model.
    ///
    /// - Precondition: At least ``minimumUpdates`` updates.
    mutating func aggregate(_ updates: [LocalUpdate], into parameters: inout Parameters) throws

    /// The memory of the rule between rounds, to be saved with the global model.
    var memory: Safetensors { get }

    /// Continues from a saved memory.
    ///
    /// - Throws: `WeightsError` if `memory` is not that of such an aggregator for `parameters`.
    mutating func restore(_ memory: Safetensors, for parameters: Parameters) throws(WeightsError)
}

extension Aggregator {
    /// One update.
    public var minimumUpdates: Int { 1 }
    /// Nothing.
    public var memory: Safetensors { Safetensors() }
    /// Does nothing.
    public mutating func restore(_ memory: Safetensors, for parameters: Parameters) throws(WeightsError) {}
}

/// A part of a model whose coordinates are comparable with each other: the trainable weights, or the statistics.
///
/// Rules that compare whole models do so for each part separately, because statistics can be much larger than weights.
struct ModelPart {
    let range: Range<Int>

    static func all(of parameters: Parameters) -> [ModelPart] {
        [
            ModelPart(range: 0..<parameters.trainableCount),
            ModelPart(range: parameters.trainableCount..<parameters.count),
        ].filter { !$0.range.isEmpty }
    }

    /// Returns the squared Euclidean distances between all pairs of updates, `[n][n]`, summed in Double.
    ///
    /// - Complexity: O(n² · coordinates).
    func squaredDistances(_ updates: [LocalUpdate]) -> [[Double]] {
        var distances = [[Double]](repeating: Array(repeating: 0, count: updates.count), count: updates.count)
        for i in updates.indices {
            for j in 0..<i {
                let sum = updates[i].parameters.vector.withSpan { a in
                    updates[j].parameters.vector.withSpan { b in
                        range.reduce(0.0) { sum, index in
                            let difference = Double(a[index]) - Double(b[index])
                            return sum + difference * difference
                        }
                    }
                }
                (distances[i][j], distances[j][i]) = (sum, sum)
            }
        }
        return distances
    }

    /// Replaces this part of `parameters` with the weighted mean of the updates.
    func setMean(of updates: [LocalUpdate], weights: [Double], in parameters: inout Parameters) {
        let mean = Tensor.weightedMean(of: updates.map(\.parameters.vector), weights: weights)
        parameters.vector.withMutableSpan { target in
            mean.withSpan { source in
                for index in range { target[index] = source[index] }
            }
        }
    }
}

extension [LocalUpdate] {
    /// The updates in the order of the clients' names.
    var ordered: [LocalUpdate] { sorted { $0.client < $1.client } }

    /// Replaces every coordinate with a function of the updates' values there, given in ascending order.
    func combineCoordinates(into parameters: inout Parameters, _ rule: ([Double]) -> Double) {
        // Values of one block lie together, those of one update after those of another.
        let block = 2048
        var values = [Float](repeating: 0, count: count * block)
        var column = [Double](repeating: 0, count: count)
        for start in stride(from: 0, to: parameters.count, by: block) {
            let length = Swift.min(block, parameters.count - start)
            for (row, update) in enumerated() {
                update.parameters.vector.withSpan { source in
                    for place in 0..<length { values[row * block + place] = source[start + place] }
                }
            }
            parameters.vector.withMutableSpan { target in
                for place in 0..<length {
                    for row in 0..<count { column[row] = Double(values[row * block + place]) }
                    column.sort()
                    target[start + place] = Float(rule(column))
                }
            }
        }
    }
}
