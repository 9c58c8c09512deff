/// All weights of a model: one contiguous vector and the slots that name its parts.
///
/// Trainable slots come first, statistics after them. An optimizer, a moving average, an average over clients, a
/// checkpoint are each one pass over `vector`, and no weight can be forgotten.
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
    /// The number of trainable weights, which are the first of `vector`.
    public let trainableCount: Int
    /// The number of all weights.
    public let count: Int

    /// Parameters of no model.
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

    /// Where a slot begins in `vector`.
    public func offset(of slot: ParameterSlot) -> Int {
        slot.role == .trainable ? slot.position : trainableCount + slot.position
    }

    /// The weight in a slot: a view on reading, copied into place on writing.
    public subscript(_ slot: ParameterSlot) -> Tensor {
        get { vector.view(from: offset(of: slot), shape: slot.shape) }
        set {
            precondition(newValue.shape == slot.shape, "\(newValue.shape) does not fit \(slot.name) \(slot.shape)")
            let offset = offset(of: slot)
            vector.mutablePointer().advanced(by: offset).update(from: newValue.pointer, count: newValue.count)
        }
    }

    /// The slot of that name, if there is one.
    public func slot(named name: String) -> ParameterSlot? {
        slots.first { $0.name == name }
    }

    /// The size of all weights in bytes.
    public var byteCount: Int { vector.byteCount }

    /// Whether another model has the same slots in the same places.
    public func matches(_ other: Parameters) -> Bool {
        slots == other.slots
    }
}

extension Parameters {
    /// What `take(from:)` did.
    public struct Transfer: Hashable, Sendable {
        /// Slots that received a weight.
        public var loaded: [String] = []
        /// Slots that the source lacks, which kept what they had.
        public var missing: [String] = []
        /// Weights of the source that found no slot of their name and shape.
        public var unexpected: [String] = []
    }

    /// Copies every weight whose name and shape occur here too, and reports what was loaded and what stayed fresh.
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
