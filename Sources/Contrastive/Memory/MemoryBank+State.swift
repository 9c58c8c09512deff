import Tensor

extension MemoryBank {
    /// The bank as tensors that are saved with a run: `features [count, dimension]`, `partitions [count]` and
    /// `origins [count]`, the oldest first.
    public var state: Safetensors {
        let contents = contents
        return Safetensors(
            tensors: ["features": contents.features],
            integers: [
                "partitions": .init(contents.partitions.map(Int64.init), shape: [count]),
                "origins": .init(contents.origins.map(Int64.init), shape: [count]),
            ])
    }

    /// The bank that was saved: it holds the same bits, and goes on as that one would have.
    ///
    /// - Throws: `WeightsError.mismatch` if `state` is not that of a bank of these extents, or holds a feature that is
    ///   not of unit length.
    public init(restoring state: Safetensors, capacity: Int, dimension: Int) throws(WeightsError) {
        self.init(capacity: capacity, dimension: dimension)
        func mismatch(_ tensor: String, _ field: String, _ expected: String, _ found: String) -> WeightsError {
            .mismatch(file: state.source, tensor: tensor, field: field, expected: expected, found: found)
        }
        guard let partitions = state.integers["partitions"], partitions.shape.rank == 1,
            partitions.values.count <= capacity
        else {
            throw mismatch(
                "partitions", "shape", "at most [\(capacity)]",
                state.integers["partitions"].map { "\($0.shape)" } ?? "missing")
        }
        let count = partitions.values.count
        let features = try state.tensor("features", shape: [count, dimension])
        guard let origins = state.integers["origins"], origins.shape == [count] else {
            throw mismatch(
                "origins", "shape", "[\(count)]", state.integers["origins"].map { "\($0.shape)" } ?? "missing")
        }
        let tags = partitions.values.compactMap(UInt8.init(exactly:))
        let sites = origins.values.compactMap(UInt16.init(exactly:))
        guard tags.count == count else { throw mismatch("partitions", "values", "0 to 255", "others") }
        guard sites.count == count else { throw mismatch("origins", "values", "0 to 65,535", "others") }
        for row in 0..<count {
            let norm = features.rows(row..<row + 1).norm
            guard abs(norm - 1) <= 1e-3 else {
                throw mismatch("features", "the length of row \(row)", "1", "\(norm)")
            }
        }
        push(FeatureSet(features: features, partitions: tags, origins: sites))
    }
}
