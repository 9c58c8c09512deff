@testable import DICOM

extension DICOMImage {
    /// The header of an image of 48 rows and 64 columns.
    init(
        instance: String, series: Int, description: String, number: Int, axes: (SIMD3<Double>, SIMD3<Double>),
        position: SIMD3<Double>, triggerTime: Double?, study: String = "1"
    ) {
        self.init(
            entry: 0, frame: 0, isMultiFrame: false, sopClass: "1.2", instance: instance, study: study,
            series: Series(uid: "\(series)", number: series, description: description), frameOfReference: "1",
            acquisition: 1, instanceNumber: number, rows: 48, columns: 64, pixelSpacing: SIMD2(1.5, 1.5), thickness: 8,
            axes: axes, position: position, triggerTime: triggerTime, temporalPosition: nil, slope: 1, intercept: 0,
            height: nil, weight: nil)
    }

    /// The same image in a series of another description, moved along the normal.
    func described(_ description: String, shiftedBy distance: Double) -> DICOMImage {
        DICOMImage(
            instance: instance, series: series.number, description: description, number: instanceNumber,
            axes: axes, position: position + normal * distance, triggerTime: triggerTime, study: study)
    }

    /// The same image in another study.
    func inStudy(_ study: String) -> DICOMImage {
        DICOMImage(
            instance: instance, series: series.number, description: series.description, number: instanceNumber,
            axes: axes, position: position, triggerTime: triggerTime, study: study)
    }
}
