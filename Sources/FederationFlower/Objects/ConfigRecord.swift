#if Flower
import Foundation

/// Settings by name, in order: what the server asks of a client, and short answers.
///
/// Never cut into chunks: long bytes belong into an `ArrayRecord`.
public struct ConfigRecord: Sendable, Equatable {
    /// A setting or a list of settings of one kind.
    public enum Value: Sendable, Hashable {
        case double(Double)
        case signed(Int64)
        /// Python writes only integers from 2⁶³ on as unsigned.
        case unsigned(UInt64)
        case bool(Bool)
        case string(String)
        case bytes(Data)
        case doubles([Double])
        case signeds([Int64])
        case unsigneds([UInt64])
        case bools([Bool])
        case strings([String])
        case bytesList([Data])
    }

    var values: NamedValues<Value>

    /// A record of the given values, in this order.
    ///
    /// - Precondition: no name is there twice.
    public init(_ entries: [(String, Value)] = []) {
        values = NamedValues(entries)
    }

    /// The names, in order.
    public var names: [String] { values.names }

    /// The value of that name. A new name is appended, one that exists keeps its place, and `nil` removes it.
    public subscript(name: String) -> Value? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// The text of that name; `nil` if there is none.
    public func string(_ name: String) -> String? {
        if case .string(let value) = values[name] { value } else { nil }
    }

    /// The truth value of that name; `nil` if there is none.
    public func bool(_ name: String) -> Bool? {
        if case .bool(let value) = values[name] { value } else { nil }
    }

    /// The integer of that name; `nil` if there is none or it does not fit.
    public func integer(_ name: String) -> Int? {
        switch values[name] {
        case .signed(let value): Int(exactly: value)
        case .unsigned(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number of that name, whether it is whole or not; `nil` if there is none.
    public func double(_ name: String) -> Double? {
        switch values[name] {
        case .double(let value): value
        case .signed(let value): Double(value)
        case .unsigned(let value): Double(value)
        default: nil
        }
    }
}
#endif
