/// A dictionary with string keys that keeps insertion order, like a Python dictionary.
///
/// Names are equal if their Unicode scalars are, as in Python: "é" as one scalar and as two are two names, although
/// Swift's string comparison considers them equal.
struct NamedValues<Value: Sendable & Equatable>: Sendable, Equatable {
    private(set) var names: [String] = []
    private(set) var values: [Value] = []
    private var positions: [Key: Int] = [:]

    /// A name, compared scalar by scalar.
    struct Key: Hashable {
        let name: String

        static func == (left: Key, right: Key) -> Bool { left.name.utf8.elementsEqual(right.name.utf8) }

        func hash(into hasher: inout Hasher) {
            for byte in name.utf8 { hasher.combine(byte) }
        }
    }

    /// Creates an empty collection.
    init() {}

    /// Creates a collection of the given entries, in this order.
    ///
    /// - Precondition: No name occurs twice.
    init(_ entries: [(String, Value)]) {
        for (name, value) in entries {
            precondition(insert(value, as: name), "the name \(name) is there twice")
        }
    }

    /// Appends a value and returns `true`; returns `false` without a change if its name exists.
    mutating func insert(_ value: Value, as name: String) -> Bool {
        guard positions[Key(name: name)] == nil else { return false }
        self[name] = value
        return true
    }

    /// The value for a name; on assignment, a new name is appended, an existing one keeps its position, and `nil`
    /// removes it.
    subscript(name: String) -> Value? {
        get { positions[Key(name: name)].map { values[$0] } }
        set {
            let position = positions[Key(name: name)]
            switch (position, newValue) {
            case (let position?, let value?): values[position] = value
            case (nil, let value?):
                positions[Key(name: name)] = names.count
                names.append(name)
                values.append(value)
            case (let position?, nil):
                names.remove(at: position)
                values.remove(at: position)
                positions[Key(name: name)] = nil
                for later in position..<names.count { positions[Key(name: names[later])] = later }
            case (nil, nil): break
            }
        }
    }

    static func == (left: NamedValues, right: NamedValues) -> Bool {
        left.names.elementsEqual(right.names) { $0.utf8.elementsEqual($1.utf8) } && left.values == right.values
    }
}

/// The content of a message: an ordered collection of named records.
///
/// Python strategies name the weights `arrays`, the settings `config`, and the measurements `metrics`.
public struct RecordDict: Sendable, Equatable {
    /// A record of one of the three kinds.
    public enum Record: Sendable, Equatable {
        case arrays(ArrayRecord)
        case metrics(MetricRecord)
        case config(ConfigRecord)
    }

    var records: NamedValues<Record>

    /// Creates a collection of the given records, in this order.
    ///
    /// - Precondition: No name occurs twice.
    public init(_ entries: [(String, Record)] = []) {
        records = NamedValues(entries)
    }

    /// The names, in order.
    public var names: [String] { records.names }

    /// The record for a name; on assignment, a new name is appended, an existing one keeps its position, and `nil`
    /// removes it.
    public subscript(name: String) -> Record? {
        get { records[name] }
        set { records[name] = newValue }
    }

    /// Returns the arrays with the given name; `nil` if there is no such record or it is of another kind.
    public func arrays(_ name: String) -> ArrayRecord? {
        if case .arrays(let record) = records[name] { record } else { nil }
    }

    /// Returns the metrics with the given name; `nil` if there is no such record or it is of another kind.
    public func metrics(_ name: String) -> MetricRecord? {
        if case .metrics(let record) = records[name] { record } else { nil }
    }

    /// Returns the settings with the given name; `nil` if there is no such record or it is of another kind.
    public func config(_ name: String) -> ConfigRecord? {
        if case .config(let record) = records[name] { record } else { nil }
    }
}
