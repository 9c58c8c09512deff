import Volumes

/// One labelled 3-D image: what is learnt from it, and what a prediction for it is compared with.
package struct LabelledCase: Sendable {
    /// Whose image it is.
    package let patient: String
    /// Which of the patient's images it is, such as `ED`; empty where there is only one.
    package let frame: String
    /// The prepared slices, with labels.
    package let volume: PreparedVolume
    /// Reads the labels on the native grid.
    package let reference: @Sendable () throws(VolumesError) -> Volume

    package init(
        patient: String, frame: String, volume: PreparedVolume,
        reference: @escaping @Sendable () throws(VolumesError) -> Volume
    ) {
        (self.patient, self.frame, self.volume, self.reference) = (patient, frame, volume, reference)
    }
}

extension LabelledCase {
    /// The labelled images of all patients of an ACDC folder, by patient.
    package static func acdc(
        _ acdc: ACDC, preparedBy preprocessing: Preprocessing
    ) async throws(VolumesError) -> [String: [LabelledCase]] {
        let scans = try await acdc.scans(preparedBy: preprocessing)
        let cases = scans.compactMap { scan -> LabelledCase? in
            guard let phase = scan.phase,
                let url = scan.patient.frames.first(where: { $0.phase == phase })?.labels
            else { return nil }
            return LabelledCase(patient: scan.patient.id, frame: phase.rawValue, volume: scan.volume) {
                () throws(VolumesError) in try NIfTI(contentsOf: url).volume
            }
        }
        return Dictionary(grouping: cases, by: \.patient)
    }

    /// The labelled images of all patients of an HVSMR folder, by patient, with slices along the third axis.
    package static func hvsmr(
        _ hvsmr: HVSMR, preparedBy preprocessing: Preprocessing, slicing axis: HVSMR.SliceAxis
    ) async throws(VolumesError) -> [String: [LabelledCase]] {
        let scans = try await hvsmr.scans(preparedBy: preprocessing, slicing: axis)
        let cases = scans.compactMap { scan -> LabelledCase? in
            guard let url = scan.patient.labels else { return nil }
            return LabelledCase(patient: scan.patient.id, frame: "", volume: scan.volume) {
                () throws(VolumesError) in
                var labels = try NIfTI(contentsOf: url).volume
                // Vessels that the second label set tells apart are blood pool.
                for i in labels.voxels.indices where labels.voxels[i] > 2 { labels.voxels[i] = 2 }
                return labels.permuted(by: scan.order)
            }
        }
        return Dictionary(grouping: cases, by: \.patient)
    }
}
