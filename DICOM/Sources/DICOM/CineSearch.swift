import Foundation

extension DICOMExport {
    /// The cines of an export, one for each study, and the reasons why other series are none.
    public struct Cines: Sendable {
        /// The short-axis cine of each study that has one.
        public fileprivate(set) var cines: [ShortAxisCine] = []
        /// Why a study has no cine that can be used, each a sentence.
        public fileprivate(set) var errors: [DICOMError] = []
        /// Series that were not taken, each with the reason.
        public fileprivate(set) var refusals: [String] = []
    }

    /// Finds the short-axis cine of each study.
    ///
    /// Images belong together if their planes are parallel and have the same pixels. Slices are ordered by their position
    /// along the normal of the planes, and phases by the trigger time, the temporal position, or the instance number: the
    /// first of them that the images of a slice have, and that is not the same for all. A series may hold the whole cine, one slice of it, or one
    /// phase. Of several cines, the one that is described as short-axis is taken, or else the one with the most slices.
    public func shortAxisCines() -> Cines {
        var found = Self.cines(in: images)
        if images.isEmpty, let fault = faults.first { found.errors = [fault] }
        return found
    }

    /// Finds the short-axis cine of each study among headers.
    static func cines(in images: [DICOMImage]) -> Cines {
        var found = Cines()
        let studies = Dictionary(grouping: images, by: \.study)
        // In the order in which the studies appear.
        var seen: Set<String> = []
        for study in images.map(\.study) where seen.insert(study).inserted {
            search(studies[study]!, &found)
        }
        if images.isEmpty {
            found.errors.append(
                DICOMError("the export", "no file is a magnetic resonance image; export the cine series."))
        }
        return found
    }

    private static func search(_ images: [DICOMImage], _ found: inout Cines) {
        var warnings: [String] = []
        var stacks = Stack.stacks(of: withoutCopies(images, &warnings))
        for stack in stacks where !stack.isCine {
            found.refusals.append(
                "\(stack.name): not taken, for it is no cine: there are fewer than \(Stack.leastPhases) images of a slice."
            )
        }
        stacks.removeAll { !$0.isCine }
        for stack in stacks where stack.slices.count < Stack.leastSlices {
            found.refusals.append(
                "\(stack.name): not taken, for it has \(stack.slices.count) "
                    + "slice\(stack.slices.count == 1 ? "" : "s"); a short-axis stack has \(Stack.leastSlices) or more."
            )
        }
        stacks.removeAll { $0.slices.count < Stack.leastSlices }
        let described = stacks.filter(\.isDescribedAsShortAxis)
        let candidates = described.isEmpty ? stacks : described
        guard let chosen = candidates.max(by: { $0.rank < $1.rank }) else {
            found.errors.append(
                DICOMError(
                    "the study",
                    "it has no short-axis cine: no series has \(Stack.leastSlices) or more parallel slices "
                        + "in \(Stack.leastPhases) or more phases."))
            return
        }
        for stack in stacks where stack.name != chosen.name {
            found.refusals.append("\(stack.name): not taken, for \(chosen.name) is the short-axis cine.")
        }
        do throws(DICOMError) {
            let slices = try chosen.slices.map { (slice) throws(DICOMError) in
                try ordered(slice, chosen.name, &warnings)
            }
            found.cines.append(try ShortAxisCine(slices, warnings: warnings, name: chosen.name))
        } catch { found.errors.append(error) }
    }

    /// Returns the images without those whose identifier is there already.
    private static func withoutCopies(_ images: [DICOMImage], _ warnings: inout [String]) -> [DICOMImage] {
        struct Key: Hashable { let instance: String, frame: Int }
        var seen: Set<Key> = []
        let rest = images.filter { seen.insert(Key(instance: $0.instance, frame: $0.frame)).inserted }
        if rest.count < images.count {
            let count = images.count - rest.count
            warnings.append("\(count) image\(count == 1 ? " is a copy" : "s are copies") of others, and left out.")
        }
        return rest
    }

    /// Returns the images of a slice in the order of the phases.
    private static func ordered(
        _ slice: [DICOMImage], _ name: String, _ warnings: inout [String]
    ) throws(DICOMError) -> [DICOMImage] {
        var images = slice
        // A slice that was taken again: the last one counts.
        for part: (DICOMImage) -> Int in [{ $0.series.number }, { $0.acquisition }] where phases(of: images) == nil {
            let takes = Dictionary(grouping: images, by: part)
            guard takes.count > 1, let last = takes.keys.max(), takes.values.allSatisfy({ phases(of: $0) != nil })
            else {
                continue
            }
            images = takes[last]!
            warnings.append(
                "\(name): the slice at \(String(format: "%.1f", images[0].offset)) mm was taken \(takes.count) times; "
                    + "the last one is used.")
        }
        guard let ordered = phases(of: images) else {
            throw DICOMError(
                name,
                "two images of the slice at \(String(format: "%.1f", slice[0].offset)) mm have the same trigger "
                    + "time and instance number, so that their order is unknown.")
        }
        return ordered
    }

    /// Returns images in the order of time; `nil` if two have the same time.
    ///
    /// A number that is missing, or the same for all, is no time.
    private static func phases(of images: [DICOMImage]) -> [DICOMImage]? {
        let keys: [(DICOMImage) -> Double?] = [
            { $0.triggerTime }, { $0.temporalPosition }, { Double($0.instanceNumber) }, { Double($0.frame) },
        ]
        for key in keys {
            let times = images.map(key)
            let distinct = Set(times).count
            if times.contains(nil) || distinct == 1 && images.count > 1 { continue }
            return distinct == images.count ? images.sorted { key($0)! < key($1)! } : nil
        }
        return nil
    }
}

/// Images in parallel planes on the same grid of pixels, by slice.
struct Stack {
    /// The images of each slice; slices are ordered along the normal of their planes.
    private(set) var slices: [[DICOMImage]]
    private(set) var series: [DICOMImage.Series]

    /// The smallest number of slices of a short-axis cine.
    static let leastSlices = 3
    /// The smallest number of phases of a cine. Maps and late enhancement have a few images of each slice, too.
    static let leastPhases = 5
    /// Planes that are closer than this, in mm, are one slice.
    private static let tolerance = 0.2

    private init(_ images: [DICOMImage]) {
        slices = []
        for image in images.sorted(by: { $0.offset < $1.offset }) {
            if let last = slices.last, image.offset - last[0].offset < Self.tolerance {
                slices[slices.count - 1].append(image)
            } else {
                slices.append([image])
            }
        }
        var seen: Set<DICOMImage.Series> = []
        series = images.map(\.series).filter { seen.insert($0).inserted }.sorted { $0.number < $1.number }
    }

    private var images: [DICOMImage] { slices.flatMap(\.self) }

    /// Whether most slices have the images of a heartbeat.
    var isCine: Bool { 2 * slices.count { $0.count >= Self.leastPhases } > slices.count }

    var name: String {
        series.count == 1 ? series[0].name : "\(series[0].name) to \(series[series.count - 1].name)"
    }

    var isDescribedAsShortAxis: Bool {
        series.contains { $0.description.range(of: Self.shortAxis, options: .regularExpression) != nil }
    }

    private static let shortAxis = "(?i)(^|[^a-z])(sax|sa|short[ _-]?axis|kurzachse|ka|petit[ _-]?axe)([^a-z]|$)"

    /// The order in which cines are preferred.
    var rank: (Int, Int) { (slices.count, images.count) }

    /// Returns the stacks of a study.
    static func stacks(of images: [DICOMImage]) -> [Stack] {
        let series = Dictionary(grouping: images, by: \.series).sorted {
            ($0.key.number, $0.key.uid) < ($1.key.number, $1.key.uid)
        }
        let parts = series.flatMap { grouped($0.value) { $0.hasGeometry(of: $1) } }.map(Stack.init)
        // A series may be one slice in all phases, or one phase of all slices.
        let wholes = parts.filter { $0.isCine && $0.slices.count > 1 }
        let slices = parts.filter { $0.isCine && $0.slices.count == 1 }
        let phases = parts.filter { !$0.isCine }
        var stacks = wholes
        for group in grouped(slices, by: { $0.belongs(to: $1) }) {
            // A slice that was taken again, or later, belongs to the stack that it is parallel to.
            if let whole = stacks.firstIndex(where: { $0.slices.count > 1 && $0.belongs(to: group[0]) }) {
                stacks[whole] = Stack(stacks[whole].images + group.flatMap(\.images))
            } else {
                stacks.append(Stack(group.flatMap(\.images)))
            }
        }
        return stacks + grouped(phases, by: { $0.isPhase(of: $1) }).map { Stack($0.flatMap(\.images)) }
    }

    private func belongs(to other: Stack) -> Bool { slices[0][0].hasGeometry(of: other.slices[0][0]) }

    /// Whether another stack has the same slices at another time.
    private func isPhase(of other: Stack) -> Bool {
        let (one, two) = (slices[0][0], other.slices[0][0])
        return belongs(to: other) && slices.count == other.slices.count
            && one.series.description == two.series.description
            && one.triggerTime != two.triggerTime
            && zip(slices, other.slices).allSatisfy { Swift.abs($0[0].offset - $1[0].offset) < Self.tolerance }
    }

    private static func grouped<Element>(_ elements: [Element], by belongs: (Element, Element) -> Bool) -> [[Element]] {
        var groups: [[Element]] = []
        for element in elements {
            if let index = groups.firstIndex(where: { belongs($0[0], element) }) {
                groups[index].append(element)
            } else {
                groups.append([element])
            }
        }
        return groups
    }
}
