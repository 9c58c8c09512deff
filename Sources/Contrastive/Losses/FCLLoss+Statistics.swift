extension FCLLoss {
    /// The components of the loss over some queries; those of several batches can be added.
    public struct Statistics: Hashable, Sendable {
        /// L_local.
        public internal(set) var local = Term()
        /// L_remote, over the queries that have remote positives.
        public internal(set) var remote = Term()
        /// The similarities between queries and their keys in the batch, P(q).
        public internal(set) var keys = Similarity()
        /// The similarities between queries and entries of the bank in the same partition, Λ(q).
        public internal(set) var positives = Similarity()
        /// The similarities between queries and entries of the bank in other partitions.
        public internal(set) var negatives = Similarity()

        /// Creates statistics of no queries.
        public init() {}

        /// L, the mean of L_q; NaN without queries.
        public var mean: Double { (local.sum + remote.sum) / Double(local.queries) }
        /// The value of `mean` when all features are equal.
        public var constant: Double { (local.constantSum + remote.constantSum) / Double(local.queries) }

        /// Adds the statistics of other queries.
        public static func += (a: inout Statistics, b: Statistics) {
            for term in [\Statistics.local, \.remote] {
                a[keyPath: term].sum += b[keyPath: term].sum
                a[keyPath: term].constantSum += b[keyPath: term].constantSum
                a[keyPath: term].queries += b[keyPath: term].queries
            }
            for kind in [\Statistics.keys, \.positives, \.negatives] {
                a[keyPath: kind].sum += b[keyPath: kind].sum
                a[keyPath: kind].pairs += b[keyPath: kind].pairs
            }
        }

        /// A component of the loss over some queries.
        public struct Term: Hashable, Sendable {
            /// The sum over the queries.
            public internal(set) var sum = 0.0
            /// The number of queries.
            public internal(set) var queries = 0
            var constantSum = 0.0

            /// The mean over the queries; NaN if there are none.
            public var mean: Double { sum / Double(queries) }
            /// The mean of ln(1 + |N|), the value of `mean` when all features are equal.
            public var constant: Double { constantSum / Double(queries) }

            mutating func add(_ loss: Double, constant: Double) {
                sum += loss
                constantSum += constant
                queries += 1
            }
        }

        /// The cosine similarities of some pairs.
        public struct Similarity: Hashable, Sendable {
            /// The sum over the pairs.
            public internal(set) var sum = 0.0
            /// The number of pairs.
            public internal(set) var pairs = 0

            /// The mean over the pairs; NaN if there are none.
            public var mean: Double { sum / Double(pairs) }

            mutating func add(_ similarity: Double) {
                sum += similarity
                pairs += 1
            }
        }
    }
}
