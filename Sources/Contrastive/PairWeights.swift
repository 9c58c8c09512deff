import Foundation

/// How strongly two slices attract and repel each other in ``GradedLoss``, by the tags of their positions in the heart.
public struct PairWeights: Hashable, Sendable {
    /// The number of tags.
    public let tagCount: Int
    private let attraction: [Double]
    private let repulsion: [Double]
    private let nearness: [Bool]

    private init(
        tagCount: Int, attraction: (Int, Int) -> Double, repulsion: (Int, Int) -> Double, areNear: (Int, Int) -> Bool
    ) {
        func table<Entry>(_ entry: (Int, Int) -> Entry) -> [Entry] {
            (0..<tagCount * tagCount).map { entry($0 / tagCount, $0 % tagCount) }
        }
        self.tagCount = tagCount
        (self.attraction, self.repulsion, nearness) = (table(attraction), table(repulsion), table(areNear))
    }

    /// Weights that fall and rise smoothly with the difference of positions.
    ///
    /// With Δu, the difference of positions from 0 to 1 along the slice axis: attraction exp(−Δu² / 2s²), 0 where that
    /// is below 0.05 and half of it between end diastole and end systole; repulsion 1 − exp(−Δu² / 2t²). Two slices
    /// are near if Δu < 0.15.
    ///
    /// - Parameters:
    ///   - attractionWidth: s, as a fraction of the slice axis.
    ///   - repulsionWidth: t, likewise.
    public static func positions(attractionWidth: Double = 0.08, repulsionWidth: Double = 0.16) -> PairWeights {
        func gaussian(_ a: Int, _ b: Int, _ width: Double) -> Double {
            let difference = PositionTag(UInt8(a)).position - PositionTag(UInt8(b)).position
            return exp(-difference * difference / (2 * width * width))
        }
        return PairWeights(
            tagCount: PositionTag.count,
            attraction: { a, b in
                let weight = gaussian(a, b, attractionWidth)
                let isSamePhase = PositionTag(UInt8(a)).isEndSystole == PositionTag(UInt8(b)).isEndSystole
                return weight < 0.05 ? 0 : isSamePhase ? weight : weight / 2
            },
            repulsion: { 1 - gaussian($0, $1, repulsionWidth) },
            areNear: { abs(PositionTag(UInt8($0)).position - PositionTag(UInt8($1)).position) < 0.15 })
    }

    /// The weights 0 and 1 of partitions, with which ``GradedLoss`` without spread is ``FCLLoss``.
    ///
    /// - Precondition: 1 to 256 partitions.
    public static func partitions(_ count: Int) -> PairWeights {
        precondition((1...256).contains(count), "\(count) partitions: expected 1 to 256")
        return PairWeights(
            tagCount: count, attraction: { $0 == $1 ? 1 : 0 }, repulsion: { $0 == $1 ? 0 : 1 }, areNear: { $0 == $1 })
    }

    /// Returns the weight with which a query is attracted by a feature.
    func attraction(_ query: UInt8, _ other: UInt8) -> Double { attraction[Int(query) * tagCount + Int(other)] }

    /// Returns the weight with which a query is repelled by a feature.
    func repulsion(_ query: UInt8, _ other: UInt8) -> Double { repulsion[Int(query) * tagCount + Int(other)] }

    /// Returns whether a query and a feature are near each other.
    func areNear(_ query: UInt8, _ other: UInt8) -> Bool { nearness[Int(query) * tagCount + Int(other)] }
}

/// The position of a slice along the slice axis and the phase of the heart, in one byte: ⌊64 u⌋, plus 64 at end systole.
public struct PositionTag: Hashable, Sendable {
    /// The byte.
    public let byte: UInt8

    /// The number of tags.
    public static let count = 128
    private static let steps = 64

    /// Creates a tag from its byte.
    ///
    /// - Precondition: Less than ``count``.
    public init(_ byte: UInt8) {
        precondition(byte < Self.count, "\(byte) is no tag of a position; expected 0 to \(Self.count - 1)")
        self.byte = byte
    }

    /// Creates the tag of slice `index` of `sliceCount`.
    ///
    /// - Precondition: The slice is in the volume.
    public init(slice index: Int, of sliceCount: Int, isEndSystole: Bool) {
        precondition((0..<sliceCount).contains(index), "slice \(index) of \(sliceCount)")
        let position = (2 * index + 1) * Self.steps / (2 * sliceCount)
        byte = UInt8(position + (isEndSystole ? Self.steps : 0))
    }

    /// The position u of the slice's center, rounded to the middle of a 64th: 0 … 1.
    public var position: Double { (Double(Int(byte) % Self.steps) + 0.5) / Double(Self.steps) }
    /// Whether the phase is end systole.
    public var isEndSystole: Bool { byte >= Self.steps }
}
