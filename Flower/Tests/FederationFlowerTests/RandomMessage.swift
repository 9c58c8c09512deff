import Foundation
import Tensor

@testable import FederationFlower

/// Messages of all kinds, each fixed by its seed.
struct RandomMessage {
    private var generator: SeededGenerator

    static func make(seed: UInt64) -> FlowerMessage {
        var maker = RandomMessage(generator: SeededGenerator(seed: seed))
        return maker.message()
    }

    private mutating func message() -> FlowerMessage {
        let metadata = FlowerMessage.Metadata(
            runID: generator.next(), source: generator.next(), destination: 1,
            replyTo: generator.chance(0.5) ? FlowerObject.id(of: Data()) : "", groupID: text(),
            timeToLive: Double(generator.uniform()), type: "train", createdAt: 1e9 * Double(generator.uniform()))
        if generator.chance(0.1) {
            return FlowerMessage(metadata: metadata, content: .error(code: count(), reason: text()))
        }
        var records = RecordDict()
        for _ in 0..<count() {
            switch generator.integer(below: 3) {
            case 0: records[text()] = .arrays(arrays())
            case 1: records[text()] = .metrics(metrics())
            default: records[text()] = .config(config())
            }
        }
        return FlowerMessage(metadata: metadata, content: .records(records))
    }

    private mutating func count() -> Int { generator.integer(below: 5) }

    private mutating func list<Element>(_ element: (inout RandomMessage) -> Element) -> [Element] {
        (0..<count()).map { _ in element(&self) }
    }

    /// Up to four scalars, half of them in ASCII, the others from anywhere.
    private mutating func text() -> String {
        var text = ""
        for _ in 0..<count() {
            let code = generator.integer(below: generator.chance(0.5) ? 0x80 : 0x110000)
            text.unicodeScalars.append(Unicode.Scalar(UInt32(code)) ?? "?")
        }
        return text
    }

    private mutating func bytes(_ count: Int) -> Data {
        // Few values, so that chunks are equal now and then.
        Data((0..<count).map { _ in UInt8(generator.integer(below: 2)) })
    }

    private mutating func double() -> Double { Double(generator.uniform(in: -9...9)) }
    private mutating func signed() -> Int64 { Int64(bitPattern: generator.next()) >> generator.integer(below: 64) }
    private mutating func unsigned() -> UInt64 { generator.next() >> generator.integer(below: 64) }

    private mutating func arrays() -> ArrayRecord {
        var record = ArrayRecord()
        for _ in 0..<count() {
            let dtype = NumPyArray.DType.allCases[generator.integer(below: NumPyArray.DType.allCases.count)]
            let shape = list { $0.count() }
            let count = shape.reduce(dtype.width, *)
            record[text()] = NumPyArray(dtype: dtype, shape: shape, bytes: bytes(count))
        }
        return record
    }

    private mutating func metrics() -> MetricRecord {
        var record = MetricRecord()
        for _ in 0..<count() {
            switch generator.integer(below: 6) {
            case 0: record[text()] = .double(double())
            case 1: record[text()] = .signed(signed())
            case 2: record[text()] = .unsigned(unsigned() | 1 << 63)
            case 3: record[text()] = .doubles(list { $0.double() })
            case 4: record[text()] = .signeds(list { $0.signed() } + [0])
            default: record[text()] = .unsigneds(list { $0.unsigned() } + [1 << 63])
            }
        }
        return record
    }

    /// Empty lists only of the kind that Python writes for them, and integers as unsigned only where Python does.
    private mutating func config() -> ConfigRecord {
        var record = ConfigRecord()
        for _ in 0..<count() {
            switch generator.integer(below: 12) {
            case 0: record[text()] = .double(double())
            case 1: record[text()] = .signed(signed())
            case 2: record[text()] = .unsigned(unsigned() | 1 << 63)
            case 3: record[text()] = .bool(generator.chance(0.5))
            case 4: record[text()] = .string(text())
            case 5: record[text()] = .bytes(bytes(count()))
            case 6: record[text()] = .doubles(list { $0.double() } + [0])
            case 7: record[text()] = .signeds(list { $0.signed() } + [0])
            case 8: record[text()] = .unsigneds(list { $0.unsigned() } + [1 << 63])
            case 9: record[text()] = .bools(list { $0.generator.chance(0.5) })
            case 10: record[text()] = .strings(list { $0.text() } + [""])
            default: record[text()] = .bytesList(list { $0.bytes($0.count()) } + [Data()])
            }
        }
        return record
    }
}
