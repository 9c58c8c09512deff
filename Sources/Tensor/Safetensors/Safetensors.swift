import FileIO
import Foundation

/// Named tensors as stored in a safetensors file, the format for weights common to Hugging Face and PyTorch users.
///
/// Floating-point tensors of any width are read as `Float` and written as F32, bit for bit; integers of any width are
/// read as `Int64` and written as I64. A run saves its optimizer and memory banks in the same kind of file, each
/// under its own prefix:
///
/// ```swift
/// var file = parameters.safetensors()
/// file.insert(optimizer.state, under: "optimizer.")
/// try file.write(to: url)
/// ```
///
/// Format: github.com/huggingface/safetensors, README, "Format".
public struct Safetensors: Sendable {
    /// The floating-point tensors by name.
    public var tensors: [String: Tensor]
    /// The integer tensors by name.
    public var integers: [String: Integers]
    /// Free text by key; PyTorch users expect `"format": "pt"`.
    public var metadata: [String: String]
    /// The name of the file that this value was read from, for messages.
    public internal(set) var source = "this value"

    /// An integer tensor.
    public struct Integers: Hashable, Sendable {
        /// The elements in row-major order.
        public let values: [Int64]
        /// The shape, slowest axis first.
        public let shape: Tensor.Shape

        /// Creates a tensor with the given elements.
        ///
        /// - Precondition: `values.count == shape.count`.
        public init(_ values: [Int64], shape: Tensor.Shape) {
            precondition(values.count == shape.count, "\(values.count) integers do not fill shape \(shape)")
            (self.values, self.shape) = (values, shape)
        }

        /// Creates a scalar, shape `[]`.
        public init(_ value: Int) {
            self.init([Int64(value)], shape: [])
        }
    }

    /// Creates a file with the given contents.
    public init(
        tensors: [String: Tensor] = [:], integers: [String: Integers] = [:], metadata: [String: String] = [:]
    ) {
        (self.tensors, self.integers, self.metadata) = (tensors, integers, metadata)
    }

    /// Adds the tensors of `part`, prepending `prefix` to each name.
    public mutating func insert(_ part: Safetensors, under prefix: String) {
        for (name, tensor) in part.tensors { tensors[prefix + name] = tensor }
        for (name, integers) in part.integers { self.integers[prefix + name] = integers }
    }

    /// Returns the tensors whose names begin with `prefix`, with the prefix removed.
    public func part(under prefix: String) -> Safetensors {
        var part = Safetensors()
        part.source = source
        for (name, tensor) in tensors where name.hasPrefix(prefix) {
            part.tensors[String(name.dropFirst(prefix.count))] = tensor
        }
        for (name, integers) in integers where name.hasPrefix(prefix) {
            part.integers[String(name.dropFirst(prefix.count))] = integers
        }
        return part
    }

    /// Returns the floating-point tensor with the given name.
    ///
    /// - Throws: `WeightsError.mismatch` if it is missing or has another shape.
    public func tensor(_ name: String, shape: Tensor.Shape) throws(WeightsError) -> Tensor {
        guard let tensor = tensors[name] else {
            throw missing(name, as: "a floating-point tensor of shape \(shape)", elsewhere: integers[name] != nil)
        }
        guard tensor.shape == shape else {
            throw .mismatch(
                file: source, tensor: name, field: "shape", expected: "\(shape)", found: "\(tensor.shape)")
        }
        return tensor
    }

    /// Returns the integer scalar with the given name.
    ///
    /// - Throws: `WeightsError.mismatch` if it is missing or not a scalar.
    public func integer(_ name: String) throws(WeightsError) -> Int {
        guard let integers = integers[name] else {
            throw missing(name, as: "an integer", elsewhere: tensors[name] != nil)
        }
        guard integers.shape == [] else {
            throw .mismatch(
                file: source, tensor: name, field: "shape", expected: "[]", found: "\(integers.shape)")
        }
        return Int(integers.values[0])
    }

    private func missing(_ name: String, as kind: String, elsewhere: Bool) -> WeightsError {
        .mismatch(
            file: source, tensor: name, field: "kind", expected: kind,
            found: elsewhere ? "of the other kind" : "missing")
    }
}

extension Safetensors {
    /// Writes a file: F32 for floating-point tensors, I64 for integers, in the order and with the padding of the
    /// reference implementation.
    ///
    /// The write is atomic: the file appears complete or not at all, and replaces any existing file of that name.
    ///
    /// - Throws: `WeightsError.unwritable`.
    /// - Precondition: No name is used by both a floating-point and an integer tensor.
    public func write(to url: URL) throws(WeightsError) {
        do throws(FileError) {
            var file = try DurableFile(url)
            try forEachPiece { bytes throws(FileError) in try file.append(bytes) }
            try file.commit()
        } catch {
            throw WeightsError(error)
        }
    }

    /// The bytes that `write` would write to the file.
    public var data: Data {
        var data = Data()
        forEachPiece { data.append(contentsOf: $0) }
        return data
    }

    private func forEachPiece<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        // Wider element types come first, then names in order, so that every tensor is aligned to its elements.
        let integers = integers.sorted { Self.precedes($0.key, $1.key) }
        let tensors = tensors.sorted { Self.precedes($0.key, $1.key) }
        try Self.withBytes(of: header(integers: integers, tensors: tensors), body)
        for (_, tensor) in integers { try Self.withBytes(of: tensor.values, body) }
        for (_, tensor) in tensors {
            try tensor.withElements { elements throws(Failure) in try body(UnsafeRawBufferPointer(elements)) }
        }
    }

    private func header(
        integers: [(key: String, value: Integers)], tensors: [(key: String, value: Tensor)]
    ) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { Self.precedes($0.key, $1.key) }
                .map { JSONWriter.quoted($0.key) + ":" + JSONWriter.quoted($0.value) }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        func append(_ name: String, _ type: SafetensorsHeader.ElementType, _ shape: Tensor.Shape) {
            precondition(name != "__metadata__", "a tensor cannot be named __metadata__")
            let end = offset + shape.count * type.size
            let extents = shape.array.map(String.init).joined(separator: ",")
            members.append(
                JSONWriter.quoted(name)
                    + ":{\"dtype\":\"\(type.rawValue)\",\"shape\":[\(extents)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        for (name, value) in integers {
            precondition(self.tensors[name] == nil, "an integer and a floating-point tensor are both named \(name)")
            append(name, .i64, value.shape)
        }
        for (name, value) in tensors { append(name, .f32, value.shape) }

        var json = Array("{\(members.joined(separator: ","))}".utf8)
        json += Array(repeating: 0x20, count: (8 - json.count % 8) % 8)
        return (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json
    }

    private static func withBytes<Element: BitwiseCopyable, Failure: Error>(
        of elements: [Element], _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let outcome = elements.withUnsafeBytes { bytes -> Result<Void, Failure> in
            do throws(Failure) {
                return .success(try body(bytes))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    /// Returns whether `a` precedes `b` in byte order, the sort order of the reference implementation.
    private static func precedes(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }
}
