import Foundation

extension ACDC {
    /// The numbers of end diastole and end systole in the cine of one patient, from 1.
    package struct Moments: Hashable, Sendable {
        package var endDiastole: Int
        package var endSystole: Int

        package init(endDiastole: Int, endSystole: Int) {
            (self.endDiastole, self.endSystole) = (endDiastole, endSystole)
        }

        /// What the `Info.cfg` of a patient's folder says; `nil` where there is no such file.
        ///
        /// - Throws: ``VolumesError/incomplete(folder:problems:)`` for a file that does not say it.
        package init?(ofPatientIn folder: URL) throws(VolumesError) {
            let url = folder.appending(path: "Info.cfg")
            guard FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) else { return nil }
            switch Info.reading(url, name: "\(folder.lastPathComponent)/Info.cfg") {
            case .success(let info): (endDiastole, endSystole) = (info.endDiastole, info.endSystole)
            case .failure(let faults):
                throw .incomplete(folder: folder.path(percentEncoded: false), problems: faults.descriptions)
            }
        }
    }
}
