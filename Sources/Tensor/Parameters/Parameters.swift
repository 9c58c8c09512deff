/// All weights of a model: one contiguous vector and the slots that name its parts.
///
/// Trainable slots come first, then statistics. An optimizer, a moving average, an average over clients, and a
/// checkpoint each make a single pass over `vector`, and no weight can be forgotten.
public struct Parameters: Sendable, Equatable {
    /// The named parts, in the order of registration.
    public let slots: [ParameterSlot]
    /// All weights: the trainable ones, then the statistics. Shape `[count]`.
    public var vector: Tensor {
        get { storage }
        // An observer (`didSet`) would make every change from another module copy the vector first.
        _modify {
            yield &storage
            precondition(storage.shape == [count], "\(storage.shape) cannot replace the \(count) parameters")
        }
    }
    private var storage: Tensor
    /// The number of trainable weights, which come first in `vector`.
    public let trainableCount: Int
    /// The total number of weights.
    public let count: Int

    /// Creates empty parameters.
    public init() {
        self.init(slots: [], vector: Tensor([]))
    }

    init(slots: [ParameterSlot], vector: Tensor) {
        self.slots = slots
        storage = vector
        trainableCount = slots.reduce(0) { $0 + ($1.role == .trainable ? $1.shape.count : 0) }
        count = slots.reduce(0) { $0 + $1.shape.count }
        precondition(vector.shape == [count], "\(vector.shape) cannot hold \(count) parameters")
    }

    /// Returns the offset of a slot in `vector`.
    public func offset(of slot: ParameterSlot) -> Int {
        slot.role == .trainable ? slot.position : trainableCount + slot.position
    }

    /// The weight in a slot: a view when read, copied into place when written.
    public subscript(_ slot: ParameterSlot) -> Tensor {
        get { vector.view(from: offset(of: slot), shape: slot.shape) }
        set {
            precondition(newValue.shape == slot.shape, "\(newValue.shape) does not fit \(slot.name) \(slot.shape)")
            let offset = offset(of: slot)
            vector.mutablePointer().advanced(by: offset).update(from: newValue.pointer, count: newValue.count)
        }
    }

    /// Returns the slot with the given name, if there is one.
    public func slot(named name: String) -> ParameterSlot? {
        slots.first { $0.name == name }
    }

    /// The first slot with a value that it cannot have: NaN, infinite, or below zero in a slot that forbids it; `nil` if
    /// there is none.
    public var firstInvalidSlot: ParameterSlot? {
        slots.first { slot in
            self[slot].withSpan { values in
                let lowest: Float = slot.isNonNegative ? 0 : -.greatestFiniteMagnitude
                return !values.indices.allSatisfy { values[$0] >= lowest && values[$0] <= .greatestFiniteMagnitude }
            }
        }
    }

    /// The total size of the weights, in bytes.
    public var byteCount: Int { vector.byteCount }

    /// Returns whether another model has the same slots in the same positions.
    public func matches(_ other: Parameters) -> Bool {
        slots == other.slots
    }
}

extension Parameters {
    /// The result of `take(from:)` or `load(_:)`.
    public struct Transfer: Hashable, Sendable {
        /// The names of slots that received a weight.
        public var loaded: [String] = []
        /// The names of slots that the source lacks; they kept their values.
        public var missing: [String] = []
        /// The names of weights in the source without a slot of the same name and shape.
        public var unexpected: [String] = []
    }

    /// Copies every weight whose name and shape match a slot, and reports loaded, missing, and unexpected weights.
    public mutating func take(from source: Parameters) -> Transfer {
        var transfer = Transfer()
        let offered = Dictionary(uniqueKeysWithValues: source.slots.map { ($0.name, $0) })
        for slot in slots {
            if let other = offered[slot.name], other.shape == slot.shape {
                self[slot] = source[other]
                transfer.loaded.append(slot.name)
            } else {
                transfer.missing.append(slot.name)
            }
        }
        let loaded = Set(transfer.loaded)
        transfer.unexpected = source.slots.map(\.name).filter { !loaded.contains($0) }
        return transfer
    }
}

extension Parameters {
    /// Returns the weights in PyTorch's layout, ready to be written.
    ///
    /// `safetensors.torch.load_file` and `load_state_dict` accept the file without changes: every `running_var` is
    /// accompanied by the `num_batches_tracked` that PyTorch's batch norms expect.
    ///
    /// - Parameters:
    ///   - isIncluded: Returns whether to write a slot, for example, only those of the encoder.
    ///   - metadata: Text to store with the weights, such as the preprocessing of the images; `"format": "pt"` is
    ///     added.
    public func safetensors(
        including isIncluded: (ParameterSlot) -> Bool = { _ in true }, metadata: [String: String] = [:]
    ) -> Safetensors {
        var file = Safetensors(metadata: metadata.merging(["format": "pt"]) { given, _ in given })
        for slot in slots where isIncluded(slot) {
            file.tensors[slot.name] = slot.layout.exported(self[slot])
            if slot.name.hasSuffix("running_var") {
                file.integers[slot.name.dropLast("running_var".count) + Self.batchCounter] = .init(0)
            }
        }
        return file
    }

    /// Copies every weight of the file whose name matches a slot, and reports loaded, missing, and unexpected
    /// weights.
    ///
    /// The parameters change only if nothing is thrown.
    ///
    /// - Throws: `WeightsError.mismatch` if a weight of the same name has another shape or is not floating-point.
    public mutating func load(_ file: Safetensors) throws(WeightsError) -> Transfer {
        var transfer = Transfer()
        for slot in slots {
            guard file.tensors[slot.name] != nil || file.integers[slot.name] != nil else {
                transfer.missing.append(slot.name)
                continue
            }
            _ = try file.tensor(slot.name, shape: slot.layout.exportedShape(slot.shape))
            transfer.loaded.append(slot.name)
        }
        let loaded = Set(transfer.loaded)
        for slot in slots where loaded.contains(slot.name) {
            self[slot] = slot.layout.imported(file.tensors[slot.name]!)
        }
        let counters = file.integers.keys.filter { !$0.hasSuffix(Self.batchCounter) }
        transfer.unexpected = (Array(file.tensors.keys) + counters).filter { !loaded.contains($0) }.sorted()
        return transfer
    }

    private static let batchCounter = "num_batches_tracked"
}

extension ParameterSlot.Layout {
    /// Returns the shape in PyTorch's layout of a weight that has `shape` in this package's layout.
    public func exportedShape(_ shape: Tensor.Shape) -> Tensor.Shape {
        switch self {
        case .plain: shape
        case .convolution, .transposedConvolution: [shape[3], shape[2], shape[0], shape[1]]
        case .linear: [shape[1], shape[0]]
        }
    }

    /// Returns the weight in PyTorch's layout.
    func exported(_ weight: Tensor) -> Tensor {
        let shape = weight.shape
        return switch self {
        case .plain: weight
        // View it as a matrix of positions, each a matrix of channels: [k, a, b] becomes [b, a, k].
        case .convolution, .transposedConvolution:
            weight.reversingAxes([shape[0] * shape[1], shape[2], shape[3]]).reshaped(to: exportedShape(shape))
        case .linear: weight.reversingAxes([shape[0], 1, shape[1]]).reshaped(to: exportedShape(shape))
        }
    }

    /// Returns the weight in this package's layout.
    func imported(_ weight: Tensor) -> Tensor {
        let shape = weight.shape
        return switch self {
        case .plain: weight
        case .convolution, .transposedConvolution:
            weight.reversingAxes([shape[0], shape[1], shape[2] * shape[3]])
                .reshaped(to: [shape[2], shape[3], shape[1], shape[0]])
        case .linear: weight.reversingAxes([shape[0], 1, shape[1]]).reshaped(to: [shape[1], shape[0]])
        }
    }
}

extension Tensor {
    /// Returns the elements, viewed as `[a, b, c]`, reordered to `[c, b, a]`.
    fileprivate func reversingAxes(_ extents: Shape) -> Tensor {
        let (a, b, c) = (extents[0], extents[1], extents[2])
        var result = Tensor(uninitialized: [c, b, a])
        let (source, target) = (pointer, result.mutablePointer())
        for i in 0..<a {
            for j in 0..<b {
                for k in 0..<c { target[(k * b + j) * a + i] = source[(i * b + j) * c + k] }
            }
        }
        return result
    }
}
