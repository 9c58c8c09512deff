import FileIO
import Foundation
import Synchronization
import Volumes

extension Phantom {
    /// Writes patients 1 … `count` in the layout and file format of the ACDC data set.
    ///
    /// The files are `training/patient001/Info.cfg` and so on, with a note in every folder that the images are
    /// synthetic. As in the real files, the affine in the headers lacks the voxel size, so that only `pixdim` gives the
    /// spacing. Existing files of the same names are replaced, and others are left unchanged; `Info.cfg` is written
    /// last, so a folder that contains it is complete.
    ///
    /// - Parameters:
    ///   - count: The number of patients.
    ///   - folder: The folder in which to create `training`; created if needed.
    ///   - includingCine: Whether to write the 4-D cines as well.
    ///   - workers: The number of patients rendered concurrently.
    ///   - progress: A closure called from any thread after each patient, with the number of patients done.
    /// - Throws: `VolumesError/unwritable(file:reason:)` for the first file that cannot be written.
    /// - Precondition: `count > 0`, `workers > 0`.
    public func write(
        patients count: Int, to folder: URL, includingCine: Bool = false,
        workers: Int = ProcessInfo.processInfo.activeProcessorCount,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(VolumesError) {
        let training = folder.appending(path: "training")
        try Self.makeFolder(training)
        try Self.write(note(on: "ACDC"), to: folder.appending(path: "SYNTHETIC.md"))
        try await each(count, workers: workers, progress: progress) { (i) throws(VolumesError) in
            try write(patient(i + 1, includingCine: includingCine), to: training)
        }
    }

    private func write(_ patient: Patient, to training: URL) throws(VolumesError) {
        let folder = training.appending(path: patient.id)
        try Self.makeFolder(folder)
        for frame in patient.frames {
            let name = patient.name(of: frame)
            try frame.write(
                as: patient.storage.datatype, image: folder.appending(path: name + ".nii.gz"),
                labels: folder.appending(path: name + "_gt.nii.gz"))
        }
        if let cine = patient.cine {
            var geometry = Self.geometry
            geometry.dimensionCount = 4
            try NIfTI(volume: cine, datatype: patient.storage.datatype, geometry: geometry)
                .write(to: folder.appending(path: "\(patient.id)_4d.nii.gz"))
        }
        try Self.write(note(on: "ACDC"), to: folder.appending(path: "SYNTHETIC.md"))
        try Self.write(patient.info.text, to: folder.appending(path: "Info.cfg"))
    }

    /// The orientation in the headers, as in the real files: columns of length 1 for any spacing.
    fileprivate static var geometry: NIfTI.Geometry {
        var geometry = NIfTI.Geometry()
        geometry.frameSpacing = 1
        geometry.unitsCode = 0
        geometry.sformCode = 2
        geometry.quaternion = [0, 0, 1]
        geometry.affineX = [-1, 0, 0, 0]
        geometry.affineY = [0, -1, 0, 0]
        geometry.affineZ = [0, 0, 1, 0]
        return geometry
    }
}

extension Acquisition.Storage {
    fileprivate var datatype: NIfTI.Datatype {
        switch self {
        case .byteAsFloat: .float32
        case .short: .int16
        case .byte: .uint8
        }
    }
}

extension Phantom.Patient {
    /// The name of a frame's files before their endings, such as `patient001_frame01`.
    fileprivate func name(of frame: Phantom.Frame) -> String {
        "\(id)_frame" + (frame.number < 10 ? "0" : "") + "\(frame.number)"
    }
}

extension Phantom.Frame {
    fileprivate func write(
        as datatype: NIfTI.Datatype, image imageFile: URL, labels labelFile: URL
    ) throws(VolumesError) {
        try NIfTI(volume: image, datatype: datatype, geometry: Phantom.geometry).write(to: imageFile)
        try NIfTI(volume: labels, datatype: .uint8, geometry: Phantom.geometry).write(to: labelFile)
    }
}

extension Phantom {
    /// Writes patients 1 … `count` in nnU-Net's layout for raw data, with the same images as in the layout of ACDC.
    ///
    /// The files are `imagesTr/patient001_frame01_0000.nii.gz`, `labelsTr/patient001_frame01.nii.gz`, and so on,
    /// `patients.csv` with what that layout does not tell, and, last, `dataset.json`. Existing files of the same names
    /// are replaced, and others are left unchanged.
    ///
    /// - Parameters:
    ///   - count: The number of patients.
    ///   - folder: The folder for the files; created if needed.
    ///   - workers: The number of patients rendered concurrently.
    ///   - progress: A closure called from any thread after each patient, with the number of patients done.
    /// - Throws: `VolumesError/unwritable(file:reason:)` for the first file that cannot be written.
    /// - Precondition: `count > 0`, `workers > 0`.
    public func writeNNUNet(
        patients count: Int, to folder: URL, workers: Int = ProcessInfo.processInfo.activeProcessorCount,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(VolumesError) {
        let (images, labels) = (folder.appending(path: "imagesTr"), folder.appending(path: "labelsTr"))
        try Self.makeFolder(images)
        try Self.makeFolder(labels)
        try Self.write(note(on: "ACDC"), to: folder.appending(path: "SYNTHETIC.md"))
        try await each(count, workers: workers, progress: progress) { (i) throws(VolumesError) in
            let patient = patient(i + 1)
            for frame in patient.frames {
                let name = patient.name(of: frame)
                try frame.write(
                    as: patient.storage.datatype, image: images.appending(path: name + "_0000.nii.gz"),
                    labels: labels.appending(path: name + ".nii.gz"))
            }
        }
        let rows = (1...count).map { number in
            let (patient, scanner) = (examination(number), scannerCount.map { (number - 1) / 5 % $0 + 1 } ?? number)
            return "\(Self.name(ofPatient: number)),\(patient.heart.group.rawValue),scanner\(scanner),"
                + "\(patient.endDiastole),\(patient.endSystole)"
        }
        try Self.write(
            (["patient,group,scanner,ED,ES"] + rows).joined(separator: "\n") + "\n",
            to: folder.appending(path: "patients.csv"))
        let classes = ACDC.classNames.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ")
        try Self.write(
            """
            {
              "channel_names": {"0": "cine MRI"},
              "labels": {\(classes)},
              "numTraining": \(2 * count),
              "file_ending": ".nii.gz"
            }

            """, to: folder.appending(path: "dataset.json"))
    }
}

extension Phantom {
    /// Writes patients 0 … `count` − 1 in the layout and file format of the cropped axial release of the HVSMR 2016
    /// data set.
    ///
    /// The files are `training_axial_crop_pat0.nii.gz`, `training_axial_crop_pat0-label.nii.gz`, and so on, with a note
    /// that they are synthetic. Existing files of the same names are replaced, and others are left unchanged; each
    /// image is written after its labels.
    ///
    /// - Parameters:
    ///   - count: The number of patients.
    ///   - folder: The folder for the files; created if needed.
    ///   - spacing: The voxel width in mm, as for ``wholeHeart(_:spacing:)``.
    ///   - workers: The number of patients rendered concurrently.
    ///   - progress: A closure called from any thread after each patient, with the number of patients done.
    /// - Throws: `VolumesError/unwritable(file:reason:)` for the first file that cannot be written.
    /// - Precondition: `count > 0`, `workers > 0`, `0.3 ≤ spacing ≤ 10`.
    public func writeWholeHearts(
        patients count: Int, to folder: URL, spacing: Double = 0.9,
        workers: Int = ProcessInfo.processInfo.activeProcessorCount,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(VolumesError) {
        try Self.makeFolder(folder)
        try Self.write(note(on: "HVSMR 2016"), to: folder.appending(path: "SYNTHETIC.md"))
        try await each(count, workers: workers, progress: progress) { (i) throws(VolumesError) in
            let patient = wholeHeart(i, spacing: spacing)
            let stem = "training_\(HVSMR.Release.axialCropped.rawValue)_\(patient.id)"
            try patient.labels.write(to: folder.appending(path: stem + "-label.nii.gz"))
            try patient.image.write(to: folder.appending(path: stem + ".nii.gz"))
        }
    }
}

extension Phantom {
    /// Calls `write` concurrently with 0 … `count` − 1, and `progress` with the number of calls done, until one call
    /// fails.
    func each(
        _ count: Int, workers: Int, progress: @escaping @Sendable (Int) -> Void,
        write: @escaping @Sendable (Int) throws(VolumesError) -> Void
    ) async throws(VolumesError) {
        precondition(count > 0, "\(count) patients leave nothing to write")
        let state = Mutex<(done: Int, failure: VolumesError?)>((0, nil))
        _ = await concurrently(count, workers: workers) { i in
            guard state.withLock({ $0.failure == nil }) else { return }
            do throws(VolumesError) {
                try write(i)
                progress(
                    state.withLock { state in
                        state.done += 1
                        return state.done
                    })
            } catch {
                state.withLock { $0.failure = $0.failure ?? error }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Returns the note that describes the images, which is written to every folder.
    func note(on dataSet: String) -> String {
        """
        These images are synthetic. They were computed from a parametric model (Phantom, seed \(seed)) and show no patient.
        They follow the layout and the statistics of the \(dataSet) data set so that programs can be tried without it.
        Results on them say nothing about patients.

        """
    }

    static func makeFolder(_ url: URL) throws(VolumesError) {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(file: url.path(percentEncoded: false), reason: Self.reason(of: error))
        }
    }

    static func write(_ text: String, to url: URL) throws(VolumesError) {
        do {
            try Data(text.utf8).write(to: url, options: .atomic)
        } catch {
            throw .unwritable(file: url.path(percentEncoded: false), reason: Self.reason(of: error))
        }
    }

    /// Returns the reason why Foundation could not write: the system's error message, if available.
    private static func reason(of error: any Error) -> String {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
        return (cause ?? error).localizedDescription
    }
}
