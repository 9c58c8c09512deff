import Foundation
import Reporting
import Segmentation
import Support
import Tensor
import Volumes

/// Labels images and writes the label maps: read and check → prepare → label → measure and write.
struct Segmenter: Sendable {
    let model: SegmentationModel
    /// The folder of the label maps.
    let folder: URL
    /// The end diastole and end systole of every cine, if the user specified them.
    let moments: ACDC.Moments?
    /// The body of the patient, if the user specified it.
    var body: Body?
    /// Whether to write a map of uncertainty for every image.
    var writesUncertainty = false
    /// Whether records get pictures for a page.
    var drawsPictures = false
    let workers: Int

    /// The number of inputs in memory at a time.
    private var windowCount: Int { min(workers, 8) }

    /// Returns the records of all inputs, in order; an unsuitable input does not stop the others.
    ///
    /// - Parameter finished: A closure that receives every record as soon as it is complete.
    func records(of inputs: [Input], finished: (Record) -> Void) async throws -> [Record] {
        var records: [Record] = []
        for start in stride(from: 0, to: inputs.count, by: windowCount) {
            let window = Array(inputs[start..<min(start + windowCount, inputs.count)])
            for record in try await self.records(of: window) {
                finished(record)
                records.append(record)
            }
        }
        if let structures = model.cardiacLabels {
            Function.add(to: &records, of: inputs, structures, model.classes)
        }
        return records
    }

    /// Returns the records of a few inputs, which are all in memory at the same time.
    private func records(of inputs: [Input]) async throws -> [Record] {
        var scans = try await Parallel.map(inputs.count, workers: workers) { index in
            try Task.checkCancellation()
            return Scan(inputs[index], model: model, moments: moments, body: body)
        }
        let frames = scans.indices.flatMap { index in
            (0..<(scans[index].image?.volume.extent.frames ?? 0)).map { (scan: index, frame: $0) }
        }
        let prepared = try await Parallel.map(frames.count, workers: workers) { [scans] index in
            let scan = scans[frames[index].scan]
            let channels = [scan.image!.volume] + scan.furtherChannels
            return model.preprocessing(channels.map { $0.frame(frames[index].frame) })
        }
        for (place, volume) in zip(frames, prepared) where volume.pixels.allSatisfy({ $0 == 0 }) {
            scans[place.scan].refuse(
                Failure.badData(
                    "\(inputs[place.scan].file): frame \(place.frame + 1) is empty: nearly all its voxels are equal."))
        }
        let fit = frames.indices.filter { scans[frames[$0].scan].image != nil }
        if writesUncertainty || !model.others.isEmpty {
            let details = try await Parallel.map(fit.count, workers: workers) { index in
                try Task.checkCancellation()
                return model.detailed(prepared[fit[index]])
            }
            for (index, detail) in zip(fit, details) {
                scans[frames[index].scan].labels.append(detail.labels)
                scans[frames[index].scan].memberLabels.append(detail.memberLabels)
                if writesUncertainty { scans[frames[index].scan].uncertainty.append(detail.uncertainty) }
            }
        } else {
            let labels = try await model.labels(of: fit.map { prepared[$0] }, workers: workers)
            for (index, map) in zip(fit, labels) { scans[frames[index].scan].labels.append(map) }
        }
        return try await Parallel.map(scans.count, workers: workers) { [scans] index in
            try Task.checkCancellation()
            return try scans[index].finished(in: folder, drawing: drawsPictures)
        }
    }
}

/// An input being processed: the image, then its labels, then the record.
struct Scan: Sendable {
    private let input: Input
    private let classes: [String]
    private let structures: CardiacLabels?
    private var record: Record
    /// The end diastole and end systole with their source, if known.
    private var moments: (ACDC.Moments, Function.MomentSource)?
    /// The image; `nil` once it is rejected.
    private(set) var image: NIfTI?
    /// The further channels of the image.
    private(set) var furtherChannels: [Volume] = []
    /// The label map of every frame on the native grid.
    var labels: [Volume] = []
    /// For an ensemble, the label maps of its members, by frame.
    var memberLabels: [[Volume]] = []
    /// The maps of uncertainty, by frame, if they are asked for.
    var uncertainty: [Volume] = []

    /// Reads and checks an image.
    ///
    /// - Parameters:
    ///   - moments: The end diastole and end systole, if the user specified them.
    ///   - body: The body of the patient, if the user specified it.
    init(_ input: Input, model: SegmentationModel, moments options: ACDC.Moments?, body: Body?) {
        self.input = input
        (classes, structures) = (model.classes, model.cardiacLabels)
        record = Record(file: input.file)
        record.body = body ?? input.body
        if let refusal = input.refusal {
            refuse(Failure.badData(refusal))
            return
        }
        do {
            let image = try NIfTI(contentsOf: input.url)
            for url in input.urls.dropFirst() {
                let channel = try NIfTI(contentsOf: url).volume
                guard channel.extent == image.volume.extent else {
                    throw Failure.badData(
                        "\(url.path): its size is \(channel.extent), and that of the first channel \(image.volume.extent)."
                    )
                }
                furtherChannels.append(channel)
            }
            (record.warnings, record.headerWarningCount) = (image.warnings + input.warnings, image.warnings.count)
            let fit = try InputCheck(image.volume, of: input.file, for: model.preprocessing)
            record.warnings += fit.warnings
            (record.filled, record.covered) = (fit.filled, fit.covered)
            moments = try moments(frames: image.volume.extent.frames, options: options)
            self.image = image
        } catch {
            refuse(Failure(error))
        }
    }

    /// Rejects the image.
    mutating func refuse(_ failure: Failure) {
        if record.error == nil { record.error = failure.description }
        (image, furtherChannels, labels) = (nil, [], [])
    }

    private mutating func moments(
        frames: Int, options: ACDC.Moments?
    ) throws(Failure) -> (ACDC.Moments, Function.MomentSource)? {
        guard structures != nil else { return nil }
        if let options {
            guard frames > 1 else {
                record.warnings.append("\(input.file): is no cine; --ed and --es do not concern it.")
                return nil
            }
            let last = max(options.endDiastole, options.endSystole)
            guard last <= frames else {
                throw .badData("\(input.file): there is no frame \(last), as --ed or --es says; it has \(frames).")
            }
            return (options, .options)
        }
        guard frames > 1 ? input.name.hasSuffix("_4d") : input.frame != nil else { return nil }
        do {
            guard let info = try ACDC.Info(ofPatientIn: input.url.deletingLastPathComponent()) else { return nil }
            let found = info.moments
            record.body = record.body ?? Body(height: info.height, weight: info.weight)
            if frames == 1 {
                record.moments = found
            } else if max(found.endDiastole, found.endSystole) <= frames {
                return (found, .info)
            } else {
                record.warnings.append(
                    "\(input.file): has \(frames) frames, but by Info.cfg end diastole is frame \(found.endDiastole) "
                        + "and end systole frame \(found.endSystole); both are derived instead.")
            }
        } catch {
            record.warnings.append("\(input.file): its Info.cfg cannot be used: \(error)")
        }
        return nil
    }

    /// Writes the label map and measures it.
    ///
    /// - Throws: ``VolumesError`` if the file cannot be written.
    func finished(in folder: URL, drawing drawsPictures: Bool) throws(VolumesError) -> Record {
        guard let image else { return record }
        var record = record
        let url = folder.appendingPathComponent(input.labelName)
        var map = NIfTI(
            volume: Volume(
                extent: image.volume.extent, spacing: image.volume.spacing, voxels: labels.flatMap(\.voxels)),
            datatype: .uint8, geometry: image.geometry)
        (map.geometry.slope, map.geometry.intercept) = (1, 0)
        try map.write(to: url)
        record.output = url.path
        record.volumes = labels.map(volumes)
        record.memberVolumes = memberLabels.map { $0.map(volumes) }
        if !uncertainty.isEmpty {
            let url = folder.appendingPathComponent(input.labelName.dropLast(7) + "_uncertainty.nii.gz")
            map.volume.voxels = uncertainty.flatMap(\.voxels)
            map.datatype = .float32
            try map.write(to: url)
        }
        if record.volumes.allSatisfy({ $0.values.allSatisfy { $0 == 0 } }) {
            record.warnings.append("\(input.file): the model found nothing; all labels are background.")
        }
        if let structures, labels.count > 1 { measure(&record, structures) }
        if drawsPictures { record.pictures = pictures(of: image.volume, record.function?.moments) }
        return record
    }

    /// Returns slices of end diastole and end systole, or of the first frame.
    private func pictures(of image: Volume, _ moments: ACDC.Moments?) -> [SliceOverlay] {
        let frames = moments.map { [("ED, ", $0.endDiastole - 1), ("ES, ", $0.endSystole - 1)] } ?? [("", 0)]
        return frames.flatMap { title, frame in
            SliceOverlay.slices(of: image.frame(frame), labels: labels[frame], classes: classes, title: title)
        }
    }

    private func measure(_ record: inout Record, _ structures: CardiacLabels) {
        let cavity = record.volumes.map { $0[classes[structures.leftVentricle]] ?? 0 }
        var (known, source) = moments ?? (ACDC.Moments(endDiastole: 1, endSystole: 1), .derived)
        if source == .derived {
            let frames = cavity.indices
            known.endDiastole = frames.max { (cavity[$0], -$0) < (cavity[$1], -$1) }! + 1
            known.endSystole = frames.min { (cavity[$0], $0) < (cavity[$1], $1) }! + 1
        }
        let volumes = (cavity[known.endDiastole - 1], cavity[known.endSystole - 1])
        if source == .derived && volumes.0 == volumes.1 {
            record.warnings.append(
                "\(input.file): the left ventricle has the same volume in all frames, so that end diastole and end "
                    + "systole cannot be told apart.")
            return
        }
        if min(volumes.0, volumes.1) == 0 {
            record.warnings.append(
                "\(input.file): no left ventricle was found in end diastole or end systole, so that its ejection "
                    + "fraction means nothing.")
        }
        record.function = Function(
            known, from: source, (record, known.endDiastole), (record, known.endSystole), structures, classes)
    }

    /// Returns the volume of each class except background in ml.
    private func volumes(_ map: Volume) -> [String: Double] {
        var counts = [Int](repeating: 0, count: classes.count)
        for voxel in map.voxels { counts[Int(voxel)] += 1 }
        return Dictionary(
            zip(classes, counts).dropFirst().map { ($0, Double($1) * map.spacing.milliliters) }, uniquingKeysWith: +)
    }
}
