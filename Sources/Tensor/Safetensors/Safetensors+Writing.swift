import FileIO
import Foundation

extension Safetensors {
    /// Writes a file: F32 for floating-point tensors, I64 for integers, in the order and with the padding of the
    /// reference implementation.
    ///
    /// The file appears complete or not at all, and what stood under that name is replaced at once.
    ///
    /// - Throws: `WeightsError.unwritable`.
    /// - Precondition: no name is used by a floating-point and an integer tensor both.
    public func write(to url: URL) throws(WeightsError) {
        do throws(FileError) {
            var file = try DurableFile(url)
            try forEachPiece { bytes throws(FileError) in try file.append(bytes) }
            try file.commit()
        } catch {
            throw WeightsError(error)
        }
    }

    /// The bytes of the file that `write` would write.
    public var data: Data {
        var data = Data()
        forEachPiece { data.append(contentsOf: $0) }
        return data
    }

    private func forEachPiece<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        // Types of wider elements first, then by name, so that every tensor is aligned to its elements.
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
                .map { JSONScanner.quoted($0.key) + ":" + JSONScanner.quoted($0.value) }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        func append(_ name: String, _ type: SafetensorsHeader.ElementType, _ shape: Tensor.Shape) {
            precondition(name != "__metadata__", "a tensor cannot be named __metadata__")
            let end = offset + shape.count * type.size
            let extents = shape.array.map(String.init).joined(separator: ",")
            members.append(
                JSONScanner.quoted(name)
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

    /// The order of bytes, which the reference implementation sorts by.
    private static func precedes(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }
}
