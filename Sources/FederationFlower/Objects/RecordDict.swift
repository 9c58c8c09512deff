#if Flower
/// The content of a message: records by name, in order.
///
/// Python strategies call the weights `arrays`, the settings `config` and what was measured `metrics`.
public struct RecordDict: Sendable, Equatable {
    /// One record, of one of the three kinds.
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
#endif
