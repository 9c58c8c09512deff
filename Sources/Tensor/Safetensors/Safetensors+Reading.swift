import FileIO
import Foundation

extension Safetensors {
    /// Reads a file.
    ///
    /// Memory is allocated only after verifying that the bytes exist.
    ///
    /// - Throws: `WeightsError.unreadable` and `.invalid`.
    public init(contentsOf url: URL) throws(WeightsError) {
        let file: ReadableFile
        do throws(FileError) { file = try ReadableFile(url) } catch { throw WeightsError(error) }
        try self.init(size: file.size, source: url.path) { offset, memory throws(WeightsError) in
            let count: Int
            do throws(FileError) { count = try file.read(at: offset, into: memory) } catch { throw WeightsError(error) }
            guard count == memory.count else {
                throw .unreadable(file: url.path, reason: "it became shorter while it was read")
            }
        }
    }

    /// Reads the bytes of a file.
    ///
    /// - Parameters:
    ///   - data: The contents of the file.
    ///   - source: The name to use in messages.
    /// - Throws: `WeightsError.invalid`.
    public init(data: Data, source: String = "the data") throws(WeightsError) {
        try self.init(size: data.count, source: source) { offset, memory throws(WeightsError) in
            let start = data.startIndex + offset
            data.copyBytes(to: memory, from: start..<start + memory.count)
        }
    }

    private init(
        size: Int, source: String,
        read: (_ offset: Int, _ memory: UnsafeMutableRawBufferPointer) throws(WeightsError) -> Void
    ) throws(WeightsError) {
        guard size >= 8 else {
            throw .invalid(file: source, tensor: "", field: "size", expected: "8 bytes or more", found: "\(size)")
        }
        let length = UInt64(littleEndian: Self.loadElements(try Self.bytes(8, at: 0, read))[0])
        let limit = min(SafetensorsHeader.maximumLength, size - 8)
        guard length <= UInt64(limit) else {
            throw .invalid(
                file: source, tensor: "", field: "length of the header", expected: "at most \(limit)",
                found: "\(length)")
        }
        let dataStart = 8 + Int(length)
        let header = try SafetensorsHeader(
            json: try Self.bytes(Int(length), at: 8, read), dataLength: size - dataStart, file: source)

        self.init(metadata: header.metadata)
        self.source = source
        for entry in header.entries {
            let offset = dataStart + entry.range.lowerBound
            if entry.type == .f32 {
                var tensor = Tensor(uninitialized: entry.shape)
                try read(
                    offset, UnsafeMutableRawBufferPointer(start: tensor.mutablePointer(), count: entry.range.count))
                tensors[entry.name] = tensor
            } else {
                let bytes = try Self.bytes(entry.range.count, at: offset, read)
                if let values = Self.floats(bytes, entry.type) {
                    tensors[entry.name] = Tensor(values, shape: entry.shape)
                } else if let values = Self.integers(bytes, entry.type) {
                    integers[entry.name] = Integers(values, shape: entry.shape)
                } else {
                    throw .invalid(
                        file: source, tensor: entry.name, field: "values", expected: "at most 2^63 − 1",
                        found: "greater")
                }
            }
        }
    }

    private static func bytes(
        _ count: Int, at offset: Int, _ read: (Int, UnsafeMutableRawBufferPointer) throws(WeightsError) -> Void
    ) throws(WeightsError) -> [UInt8] {
        var failure: WeightsError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { memory, initialized in
            do throws(WeightsError) {
                try read(
                    offset, UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(memory)[..<count]))
                initialized = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    // The format is little-endian, as is every processor that Swift runs on; the conversions make that explicit.

    private static func loadElements<Element: BitwiseCopyable>(_ bytes: [UInt8]) -> [Element] {
        bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / MemoryLayout<Element>.size).map {
                bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.size, as: Element.self)
            }
        }
    }

    /// Returns the elements of a floating-point type; `nil` for other types.
    private static func floats(_ bytes: [UInt8], _ type: SafetensorsHeader.ElementType) -> [Float]? {
        switch type {
        case .f16: loadElements(bytes).map { Float(halfBits: UInt16(littleEndian: $0)) }
        case .bf16: loadElements(bytes).map { Float(bitPattern: UInt32(UInt16(littleEndian: $0)) << 16) }
        case .f32: loadElements(bytes).map { Float(bitPattern: UInt32(littleEndian: $0)) }
        case .f64: loadElements(bytes).map { Float(Double(bitPattern: UInt64(littleEndian: $0))) }
        default: nil
        }
    }

    /// Returns the elements of an integer type; `nil` if any exceeds the range of `Int64`.
    private static func integers(_ bytes: [UInt8], _ type: SafetensorsHeader.ElementType) -> [Int64]? {
        switch type {
        case .bool, .u8: return bytes.map(Int64.init)
        case .i8: return bytes.map { Int64(Int8(bitPattern: $0)) }
        case .u16: return loadElements(bytes).map { Int64(UInt16(littleEndian: $0)) }
        case .i16: return loadElements(bytes).map { Int64(Int16(littleEndian: $0)) }
        case .u32: return loadElements(bytes).map { Int64(UInt32(littleEndian: $0)) }
        case .i32: return loadElements(bytes).map { Int64(Int32(littleEndian: $0)) }
        case .i64: return loadElements(bytes).map { Int64(littleEndian: $0) }
        case .u64:
            let values: [UInt64] = loadElements(bytes).map { UInt64(littleEndian: $0) }
            return values.allSatisfy { $0 <= Int64.max } ? values.map { Int64($0) } : nil
        case .f16, .bf16, .f32, .f64: return nil
        }
    }
}

extension Float {
    /// Creates the value of an IEEE half-precision number.
    ///
    /// `Float16` is not available on every platform.
    init(halfBits bits: UInt16) {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10 & 31)
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0: self = Float(bitPattern: sign | (Float(fraction) * 0x1p-24).bitPattern)
        case 31: self.init(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: self.init(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
