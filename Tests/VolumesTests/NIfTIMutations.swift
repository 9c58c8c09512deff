import Tensor
import Volumes

/// A stream of damaged NIfTI files that its seed determines.
struct NIfTIMutations {
    /// A file to be written and read; of a pair, the header, with its voxels beside it.
    struct Damaged {
        var bytes: [UInt8]
        var name: String
        var voxels: (bytes: [UInt8], name: String)?
    }

    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> Damaged {
        var fields = NIfTIBytes()
        fields.version = pick([1, 2])
        fields.isBigEndian = generator.chance(0.5)
        fields.isPair = generator.chance(0.2)
        let datatype = pick(NIfTI.Datatype.allCases)
        fields.datatype = datatype.rawValue
        fields.stored = (0..<12 * datatype.byteCount).map { _ in UInt8(generator.integer(below: 256)) }
        if generator.chance(0.3) { (fields.slope, fields.intercept) = (0.5, 3) }
        if generator.chance(0.4) { makeHostile(&fields) }

        var (header, stored) = (fields.header, fields.stored)
        if generator.chance(0.2) { damage(&stored) }
        if generator.chance(0.5) { damage(&header) }
        let isCompressed = generator.chance(0.5)
        let ending = isCompressed ? ".gz" : ""
        if fields.isPair && generator.chance(0.9) {
            return Damaged(
                bytes: isCompressed ? compressed(header) : header, name: "a.hdr" + ending,
                voxels: (isCompressed ? compressed(stored) : stored, "a.img" + ending))
        }
        let file = header + stored
        return Damaged(bytes: isCompressed ? compressed(file) : file, name: "a.nii" + ending)
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[generator.integer(below: elements.count)]
    }

    /// Gives one to three fields values that a reader may stumble over.
    private mutating func makeHostile(_ fields: inout NIfTIBytes) {
        let extents: [Int64] = [0, -1, 1, 2, 7, 255, 32766, 32767, 32768, 65536, 1 << 31, 1 << 62, .max, .min]
        let numbers: [Double] = [
            0, -0.0, -1, 0.5, 351, 352, 353, 544, 1e9, 4e9, 9.2e18, -9.3e18, 1e30, 1e-45, .nan, .infinity, -.infinity,
            .greatestFiniteMagnitude, .leastNonzeroMagnitude,
        ]
        for _ in 0...generator.integer(below: 3) {
            switch generator.integer(below: 10) {
            case 0: fields.dim[0] = pick(extents)
            case 1, 2: fields.dim[generator.integer(below: 8)] = pick(extents)
            case 3:
                fields.dim = [pick([3, 4])] + (0..<7).map { _ in pick([0, 1, 2, 100, 32767]) }
            case 4: fields.datatype = pick([0, 1, 2, 3, 4, 8, 16, 32, 64, 128, 511, 512, 1280, 2304, .max, .min])
            case 5: fields.bitsPerVoxel = pick([0, 1, 8, 16, 32, 64, -8, .max, .min])
            case 6: fields.pixdim[generator.integer(below: 8)] = pick(numbers)
            case 7:
                let offset = pick(numbers)
                // Only floating point can say more than 64 bits.
                fields.voxelOffset = fields.version == 1 || abs(offset) < 9e18 ? offset : nil
            case 8: (fields.slope, fields.intercept) = (pick(numbers), pick(numbers))
            default:
                fields.sformCode = pick([0, 1, 5, .max, .min])
                fields.affine = (0..<12).map { _ in pick(numbers) }
            }
        }
    }

    /// Damages bytes whatever they mean.
    private mutating func damage(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let position = generator.integer(below: bytes.count)
        switch generator.integer(below: 6) {
        case 0, 1:
            for _ in 0...generator.integer(below: 6) {
                bytes[generator.integer(below: bytes.count)] ^= 1 << UInt8(generator.integer(below: 8))
            }
        case 2: bytes.removeLast(position)
        case 3:
            let part = (0...generator.integer(below: 40)).map { _ in UInt8(generator.integer(below: 256)) }
            bytes.insert(contentsOf: part, at: position)
        case 4: bytes.removeSubrange(position..<min(position + 1 + generator.integer(below: 40), bytes.count))
        default:
            let value = pick([0, 0x7F, 0x80, 0xFF] as [UInt8])
            for i in position..<min(position + pick([1, 2, 4, 8]), bytes.count) { bytes[i] = value }
        }
    }

    /// Gzip in one member or several, sound or damaged, with something behind it or not.
    private mutating func compressed(_ bytes: [UInt8]) -> [UInt8] {
        var file: [UInt8] = []
        var rest = bytes[...]
        while generator.chance(0.2) {
            let part = rest.prefix(generator.integer(below: rest.count + 1))
            file += gzip(Array(part), level: pick([0, 1, 9]))
            rest = rest.dropFirst(part.count)
        }
        file += gzip(Array(rest), level: pick([0, 1, 9]))
        if generator.chance(0.05) { file += gzip([UInt8](repeating: 0, count: 1 << pick([10, 18, 20, 21])), level: 9) }
        if generator.chance(0.1) { file += [UInt8](repeating: pick([0, 0x1F]), count: generator.integer(below: 50)) }
        if generator.chance(0.4) { damage(&file) }
        return file
    }
}
