import Foundation
import Tensor

extension FCLLoss {
    /// The losses of one query, Eqs. (3) to (5), from its similarities q·k and q·n; these are replaced by τ ∂L_q/∂(q·k)
    /// and τ ∂L_q/∂(q·n).
    ///
    /// Everything follows from the logarithm of the negatives' sum, `ln N = ln Σ e^{q·n/τ}`, shifted by the largest term:
    /// a positive with score s = q·k/τ has the loss `ln(1 + e^{ln N − s})`, and 1 − p_k is the logistic function of
    /// `ln N − s`. Neither overflows at any temperature. In Double, since there are few scores.
    func losses(
        of partition: UInt8, toKeys: UnsafeMutableBufferPointer<Float>, of keyPartitions: [UInt8],
        toBank: UnsafeMutableBufferPointer<Float>, of bankPartitions: [UInt8]
    ) -> Statistics {
        let inverse = 1 / Double(temperature)
        var statistics = Statistics()
        var (local, remote, negativeCount) = (0, 0, 0)
        for index in keyPartitions.indices where keyPartitions[index] == partition {
            local += 1
            statistics.keys.add(Double(toKeys[index]))
        }
        precondition(local > 0, "no key lies in partition \(partition) of a query")

        var largest = -Double.infinity
        for index in bankPartitions.indices {
            let similarity = Double(toBank[index])
            if bankPartitions[index] == partition {
                remote += 1
                statistics.positives.add(similarity)
                if negatives == .otherPartitions { continue }
            } else {
                statistics.negatives.add(similarity)
            }
            negativeCount += 1
            largest = max(largest, similarity * inverse)
        }
        var sum = 0.0
        for index in bankPartitions.indices where negatives == .literal || bankPartitions[index] != partition {
            sum += exp(Double(toBank[index]) * inverse - largest)
        }
        let logNegatives = sum == 0 ? -Double.infinity : largest + log(sum)
        let constant = log1p(Double(negativeCount))

        // What all positives together pull at the negatives: Σ (1 − p_k) / |P|.
        var pull = 0.0
        /// The loss of one of `count` positives; replaces its similarity by −(1 − p_k) / |P|.
        func attract(_ similarity: inout Float, _ count: Int) -> Double {
            let margin = logNegatives - Double(similarity) * inverse
            let share = 1 / (1 + exp(-margin)) / Double(count)
            pull += share
            similarity = Float(-share)
            return (max(margin, 0) + log1p(exp(-abs(margin)))) / Double(count)
        }

        var loss = 0.0
        for index in keyPartitions.indices {
            if keyPartitions[index] == partition {
                loss += attract(&toKeys[index], local)
            } else {
                toKeys[index] = 0
            }
        }
        statistics.local.add(loss, constant: constant)

        // Remote positives first, since in the literal form their own similarity is needed once more as a negative's.
        loss = 0
        var exponentials = [Double](repeating: 0, count: bankPartitions.count)
        for index in bankPartitions.indices {
            let isPositive = bankPartitions[index] == partition
            if !isPositive || negatives == .literal {
                exponentials[index] = exp(Double(toBank[index]) * inverse - logNegatives)
            }
            if isPositive && hasRemoteLoss { loss += attract(&toBank[index], remote) } else { toBank[index] = 0 }
        }
        if remote > 0 && hasRemoteLoss { statistics.remote.add(loss, constant: constant) }
        // Σ_k w_{n|k} / |P| = pull · e^{q·n/τ} / N.
        for index in bankPartitions.indices { toBank[index] += Float(pull * exponentials[index]) }
        return statistics
    }
}
