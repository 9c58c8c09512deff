import Foundation
import SwiftProtobuf

/// An ordered collection of named values: one part of a message.
public struct Record<Value: Sendable & Equatable>: Sendable, Equatable {
    var entries: NamedValues<Value>

    /// Creates a record of the given values, in this order.
    ///
    /// - Precondition: No name occurs twice.
    public init(_ entries: [(String, Value)] = []) {
        self.entries = NamedValues(entries)
    }

    /// The names, in order.
    public var names: [String] { entries.names }

    /// The values, in order.
    public var values: [Value] { entries.values }

    /// The value for a name; on assignment, a new name is appended, an existing one keeps its position, and `nil`
    /// removes it.
    public subscript(name: String) -> Value? {
        get { entries[name] }
        set { entries[name] = newValue }
    }
}

/// An ordered collection of named arrays: the weights of a model, or the feature banks of several clients.
///
/// ```swift
/// let record = ArrayRecord([("model", NumPyArray(weights, shape: [weights.count]))])
/// ```
///
/// Flower's Python side converts the arrays to NumPy in this order.
public typealias ArrayRecord = Record<NumPyArray>

/// An ordered collection of named settings: the server's request to a client, and short answers.
///
/// It is never divided into chunks; large data belongs in an `ArrayRecord`.
public typealias ConfigRecord = Record<ConfigValue>

/// An ordered collection of named numbers: a client's metrics.
///
/// Python strategies weight the clients by `num-examples`.
public typealias MetricRecord = Record<MetricValue>

/// A setting or a list of settings of one kind.
public enum ConfigValue: Sendable, Hashable {
    case double(Double)
    case signed(Int64)
    /// An unsigned integer; Python writes only integers of 2⁶³ and above as unsigned.
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

/// A number or a list of numbers.
public enum MetricValue: Sendable, Hashable {
    case double(Double)
    case signed(Int64)
    /// An unsigned integer; Python writes only integers of 2⁶³ and above as unsigned.
    case unsigned(UInt64)
    case doubles([Double])
    case signeds([Int64])
    case unsigneds([UInt64])
}

/// A value that may be a single number.
public protocol NumericRecordValue: Sendable, Equatable {
    /// The number, if the value is a single number; otherwise `nil`.
    var number: RecordNumber? { get }
}

/// A single number of a record.
public enum RecordNumber: Sendable, Hashable {
    case double(Double)
    case signed(Int64)
    case unsigned(UInt64)
}

extension ConfigValue: NumericRecordValue {
    /// The number; `nil` if the value is not a single number.
    public var number: RecordNumber? {
        switch self {
        case .double(let value): .double(value)
        case .signed(let value): .signed(value)
        case .unsigned(let value): .unsigned(value)
        default: nil
        }
    }
}

extension MetricValue: NumericRecordValue {
    /// The number; `nil` if the value is not a single number.
    public var number: RecordNumber? {
        switch self {
        case .double(let value): .double(value)
        case .signed(let value): .signed(value)
        case .unsigned(let value): .unsigned(value)
        default: nil
        }
    }
}

extension Record where Value: NumericRecordValue {
    /// Returns the integer with the given name; `nil` if there is none or it does not fit.
    public func integer(_ name: String) -> Int? {
        switch self[name]?.number {
        case .signed(let value): Int(exactly: value)
        case .unsigned(let value): Int(exactly: value)
        default: nil
        }
    }

    /// Returns the number with the given name, integer or not; `nil` if there is none.
    public func double(_ name: String) -> Double? {
        switch self[name]?.number {
        case .double(let value): value
        case .signed(let value): Double(value)
        case .unsigned(let value): Double(value)
        case nil: nil
        }
    }
}

extension Record<ConfigValue> {
    /// Returns the string with the given name; `nil` if there is none.
    public func string(_ name: String) -> String? {
        if case .string(let value) = self[name] { value } else { nil }
    }

    /// Returns the Boolean with the given name; `nil` if there is none.
    public func bool(_ name: String) -> Bool? {
        if case .bool(let value) = self[name] { value } else { nil }
    }
}
