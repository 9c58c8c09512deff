extension FCLLoss {
    /// What the loss of some queries consists of; those of several batches are added.
    public struct Statistics: Hashable, Sendable {
        /// L_local.
        public internal(set) var local = Term()
        /// L_remote, of the queries that have remote positives.
        public internal(set) var remote = Term()
        /// The similarities of queries and their keys in the batch, P(q).
        public internal(set) var keys = Similarity()
        /// The similarities of queries and entries of the bank in the same partition, Λ(q).
        public internal(set) var positives = Similarity()
        /// The similarities of queries and entries of the bank in other partitions.
        public internal(set) var negatives = Similarity()

        /// No queries yet.
        public init() {}

        /// L, the mean of L_q; not a number without queries.
        public var mean: Double { (local.sum + remote.sum) / Double(local.queries) }
        /// What `mean` is when all features are equal.
        public var constant: Double { (local.constantSum + remote.constantSum) / Double(local.queries) }

        /// Adds those of other queries.
        public static func += (a: inout Statistics, b: Statistics) {
            a.local += b.local
            a.remote += b.remote
            a.keys += b.keys
            a.positives += b.positives
            a.negatives += b.negatives
        }
    }
}

extension FCLLoss.Statistics {
    /// One of the two parts of the loss, over some queries.
    public struct Term: Hashable, Sendable {
        /// The sum over the queries.
        public internal(set) var sum = 0.0
        /// The number of queries.
        public internal(set) var queries = 0
        var constantSum = 0.0

        /// The mean over the queries; not a number without any.
        public var mean: Double { sum / Double(queries) }
        /// The mean of ln(1 + |N|), which `mean` is when all features are equal.
        public var constant: Double { constantSum / Double(queries) }

        mutating func add(_ loss: Double, constant: Double) {
            sum += loss
            constantSum += constant
            queries += 1
        }

        static func += (a: inout Term, b: Term) {
            a.sum += b.sum
            a.constantSum += b.constantSum
            a.queries += b.queries
        }
    }

    /// Cosine similarities of some pairs.
    public struct Similarity: Hashable, Sendable {
        /// The sum over the pairs.
        public internal(set) var sum = 0.0
        /// The number of pairs.
        public internal(set) var pairs = 0

        /// The mean over the pairs; not a number without any.
        public var mean: Double { sum / Double(pairs) }

        mutating func add(_ similarity: Double) {
            sum += similarity
            pairs += 1
        }

        static func += (a: inout Similarity, b: Similarity) {
            a.sum += b.sum
            a.pairs += b.pairs
        }
    }
}
