import Tensor
import Volumes

/// A labeled 3-D image: the slices to learn from, and the reference to compare a prediction with.
public struct LabelledCase: Sendable {
    /// The patient.
    public let patient: String
    /// The frame of the patient, such as `ED`; empty if there is only one.
    public let frame: String
    /// The diagnosis of the patient, if it is known.
    public let diagnosis: String?
    /// The prepared slices, with labels.
    public let volume: PreparedVolume
    /// A closure that reads the labels on the native grid.
    public let reference: @Sendable () throws(VolumesError) -> Volume

    /// Creates a labeled image.
    public init(
        patient: String, frame: String, diagnosis: String? = nil, volume: PreparedVolume,
        reference: @escaping @Sendable () throws(VolumesError) -> Volume
    ) {
        (self.patient, self.frame, self.diagnosis) = (patient, frame, diagnosis)
        (self.volume, self.reference) = (volume, reference)
    }

    /// Loads the labeled images of all patients of a data set, by patient.
    ///
    /// - Throws: `VolumesError` that lists every file that cannot be used.
    public static func all(
        in data: DataSet, preparedBy preprocessing: Preprocessing
    ) async throws(VolumesError) -> [String: [LabelledCase]] {
        let scans = try await data.scans(preparedBy: preprocessing)
        return Dictionary(grouping: scans.compactMap(LabelledCase.init), by: \.patient)
    }

    /// The labeled image of a scan; `nil` for a scan without labels.
    fileprivate init?(_ scan: DataSet.Scan) {
        guard let url = scan.image.labels else { return nil }
        self.init(
            patient: scan.patient.id, frame: scan.image.name, diagnosis: scan.patient.group, volume: scan.volume
        ) {
            () throws(VolumesError) in try NIfTI(contentsOf: url).volume
        }
    }

    /// Loads the labeled images of all patients of an HVSMR folder, by patient, with slices along the third axis.
    ///
    /// - Throws: `VolumesError` that lists every file that cannot be used.
    public static func hvsmr(
        _ hvsmr: HVSMR, preparedBy preprocessing: Preprocessing, slicing axis: HVSMR.SliceAxis
    ) async throws(VolumesError) -> [String: [LabelledCase]] {
        let scans = try await hvsmr.scans(preparedBy: preprocessing, slicing: axis)
        let cases = scans.compactMap { scan -> LabelledCase? in
            guard let url = scan.patient.labels else { return nil }
            return LabelledCase(patient: scan.patient.id, frame: "", volume: scan.volume) {
                () throws(VolumesError) in
                var labels = try NIfTI(contentsOf: url).volume
                // Vessels that the second label set distinguishes are blood pool.
                for i in labels.voxels.indices where labels.voxels[i] > 2 { labels.voxels[i] = 2 }
                return labels.permuted(by: scan.order)
            }
        }
        return Dictionary(grouping: cases, by: \.patient)
    }
}

/// The images that a site learns from: some with their labels, the others without.
public struct SiteImages: Sendable {
    /// The images with labels.
    public let labelled: [LabelledCase]
    /// The images without labels.
    public let unlabelled: [PreparedVolume]

    /// Loads the images of some patients of a data set.
    ///
    /// - Parameters:
    ///   - data: The data set.
    ///   - preprocessing: The preprocessing of the images.
    ///   - patients: The patients to learn from, in order.
    ///   - annotated: The number of patients, from the first, whose labels are used; by default, all of them.
    /// - Throws: `VolumesError` that lists every file that cannot be used.
    public init(
        _ data: DataSet, preparedBy preprocessing: Preprocessing, of patients: [String], annotated: Int? = nil
    ) async throws(VolumesError) {
        let scans = Dictionary(grouping: try await data.scans(preparedBy: preprocessing), by: \.patient.id)
        let teachers = Set(patients.prefix(annotated ?? patients.count))
        var (labelled, unlabelled): ([LabelledCase], [PreparedVolume]) = ([], [])
        for scan in patients.flatMap({ scans[$0] ?? [] }) {
            if teachers.contains(scan.patient.id), let example = LabelledCase(scan) {
                labelled.append(example)
            } else {
                unlabelled.append(scan.volume)
            }
        }
        (self.labelled, self.unlabelled) = (labelled, unlabelled)
    }
}

/// The slices of one site's annotated patients, and batches of them.
public struct LabelledSlices: Sendable {
    private let volumes: [PreparedVolume]
    private let slices: [(volume: Int, slice: Int)]

    /// Creates a collection of the slices of labeled images.
    ///
    /// - Precondition: Every case has labels, and there is at least one slice.
    public init(_ cases: [LabelledCase]) {
        volumes = cases.map(\.volume)
        slices = volumes.enumerated().flatMap { index, volume in (0..<volume.sliceCount).map { (index, $0) } }
        precondition(!slices.isEmpty && volumes.allSatisfy { $0.labels != nil }, "slices without labels")
    }

    /// The number of slices.
    public var count: Int { slices.count }

    /// The number of pixels of a slice.
    var pixelsOfSlice: Int { volumes[0].size * volumes[0].size }

    /// The mean volume of all labels but the background in an image, in ml.
    var meanVolume: Double { PreparedVolume.meanLabelledVolume(of: volumes) }

    /// Returns the position of a slice along the slice axis of its image, 0 … 1.
    func position(_ index: Int) -> Double { volumes[slices[index].volume].position(ofSlice: slices[index].slice) }

    /// Returns the number of batches of about `size` slices per epoch.
    public func steps(batchSize size: Int) -> Int { batchCount(of: count, size: size) }

    /// Returns the indices of all slices in random order, in batches of about `size`, and at least two. A single slice is
    /// in its batch twice.
    public func epoch(batchSize size: Int, using generator: inout SeededGenerator) -> [[Int]] {
        count == 1 ? [[0, 0]] : randomBatches(of: count, size: size, using: &generator)
    }

    /// Returns the pixels and labels of some slices: `[indices.count, size, size, channels]`, and one label per pixel.
    public func batch(_ indices: [Int]) -> (images: Tensor, labels: [UInt8]) {
        let (size, chosen) = (volumes[0].size, indices.map { slices[$0] })
        let images = Tensor(rows: chosen.map { volumes[$0.volume].slice($0.slice) }, rowShape: volumes[0].sliceShape)
        var labels: [UInt8] = []
        labels.reserveCapacity(images.count)
        for (volume, slice) in chosen {
            labels += volumes[volume].labels![slice * size * size..<(slice + 1) * size * size]
        }
        return (images, labels)
    }
}
