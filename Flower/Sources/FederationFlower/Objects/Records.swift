/// Values by name, in the order in which they were added: what a Python dictionary with text keys is.
///
/// Names are equal if their Unicode scalars are, as in Python: "é" as one scalar and as two are two names, which
/// Swift's own comparison of strings would take for one.
struct NamedValues<Value: Sendable & Equatable>: Sendable, Equatable {
    private(set) var names: [String] = []
    private(set) var values: [Value] = []
    private var positions: [Key: Int] = [:]

    /// A name that is compared scalar by scalar.
    struct Key: Hashable {
        let name: String

        static func == (left: Key, right: Key) -> Bool { left.name.utf8.elementsEqual(right.name.utf8) }

        func hash(into hasher: inout Hasher) {
            for byte in name.utf8 { hasher.combine(byte) }
        }
    }

    /// No values.
    init() {}

    /// The entries, in their order.
    ///
    /// - Precondition: no name is there twice.
    init(_ entries: [(String, Value)]) {
        for (name, value) in entries {
            precondition(insert(value, as: name), "the name \(name) is there twice")
        }
    }

    /// Appends a value; `false`, and no change, if its name is taken.
    mutating func insert(_ value: Value, as name: String) -> Bool {
        guard positions[Key(name: name)] == nil else { return false }
        self[name] = value
        return true
    }

    /// The value of that name. A new name is appended, one that exists keeps its place, and `nil` removes it.
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

/// The content of a message: records by name, in order.
///
/// Python strategies call the weights `arrays`, the settings `config` and what was measured `metrics`.
public struct RecordDict: Sendable, Equatable {
    /// A record of one of the three kinds.
    public enum Record: Sendable, Equatable {
        case arrays(ArrayRecord)
        case metrics(MetricRecord)
        case config(ConfigRecord)
    }

    var records: NamedValues<Record>

    /// The given records, in this order.
    ///
    /// - Precondition: no name is there twice.
    public init(_ entries: [(String, Record)] = []) {
        records = NamedValues(entries)
    }

    /// The names, in order.
    public var names: [String] { records.names }

    /// The record of that name. A new name is appended, one that exists keeps its place, and `nil` removes it.
    public subscript(name: String) -> Record? {
        get { records[name] }
        set { records[name] = newValue }
    }

    /// The arrays of that name; `nil` if there is no such record or it is of another kind.
    public func arrays(_ name: String) -> ArrayRecord? {
        if case .arrays(let record) = records[name] { record } else { nil }
    }

    /// The metrics of that name; `nil` if there is no such record or it is of another kind.
    public func metrics(_ name: String) -> MetricRecord? {
        if case .metrics(let record) = records[name] { record } else { nil }
    }

    /// The settings of that name; `nil` if there is no such record or it is of another kind.
    public func config(_ name: String) -> ConfigRecord? {
        if case .config(let record) = records[name] { record } else { nil }
    }
}
