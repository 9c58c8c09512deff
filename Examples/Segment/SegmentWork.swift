import ArgumentParser
import Foundation
import Segmentation
import Support
import Tensor
import Volumes

extension Segment {
    /// Returns the model in a file, or in the folder that holds it, whose signature is verified if one is required.
    private func model(at path: String) throws -> SegmentationModel {
        let file = try SegmentationModel.file(at: URL(fileURLWithPath: path))
        guard let requireSignature else { return try SegmentationModel(contentsOf: file) }
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        return try SegmentationModel(
            contentsOf: SignedModel.verifiedCopy(of: file.path, key: requireSignature, in: folder.url))
    }

    /// Returns the model, or the ensemble of several, with the way of labeling that the options say.
    private func loadModel() throws -> SegmentationModel {
        var loaded = try model(at: model)
        for path in others {
            guard let joined = loaded.joined(with: try model(at: path)) else {
                throw Failure.usage(
                    "--with \(path): its network, preprocessing, or classes are not those of \(model); leave it out.")
            }
            loaded = joined
        }
        if let testTimeViews { loaded.inference.testTimeViews = testTimeViews }
        if let cleanUp {
            if cleanUp, loaded.cardiacLabels == nil {
                throw Failure.usage(
                    "--clean-up: the model's classes are \(loaded.classes.joined(separator: ", ")), not those of a heart "
                        + "with two ventricles; leave it out.")
            }
            loaded.inference.cleanUp = cleanUp
        }
        return loaded
    }

    /// Returns the cines of DICOM exports as inputs, whose files are in a folder for the time being.
    private func cines(
        of exports: [String], channels: Int, in folder: TemporaryFolder, _ progress: ProgressLine
    ) async throws -> [Input] {
        if let first = exports.first, channels != 1 {
            throw Failure.usage(
                "\(first): is DICOM, and the model takes images of \(channels) channels, as NIfTI only.")
        }
        var inputs: [Input] = []
        for (index, export) in exports.enumerated() {
            progress.show("reading \(export)")
            inputs += try await DICOMExportInput.inputs(
                of: export, in: try folder.folder("\(index)"), say: progress.say)
        }
        return inputs
    }

    @Sendable func segment(_ progress: ProgressLine) async throws {
        // Model.
        let model = try loadModel()
        if ed != nil, model.cardiacLabels == nil {
            throw Failure.usage(
                "--ed and --es: the model's classes are \(model.classes.joined(separator: ", ")), "
                    + "of which no ejection fraction follows; leave them out.")
        }

        // Inputs and the folder for results.
        let channels = model.network.configuration.inputChannels
        let exports = inputs.filter(DICOMExportInput.isExport)
        let cines = try TemporaryFolder()
        defer { cines.remove() }
        let exported = try await self.cines(of: exports, channels: channels, in: cines, progress)
        let inputs = try Input.all(
            inputs.filter { !exports.contains($0) }, channels: channels, names: OutputName(name), exported: exported)
        if labelMap != nil, inputs.count > 1 {
            throw Failure.usage("--label-map is for one image, and \(inputs.count) are given; pass --output.")
        }
        if let labelMap, !force, FileManager.default.fileExists(atPath: labelMap) {
            throw Failure.cannotCreate(
                "\(labelMap) is there already; name another file, or pass --force to replace it.")
        }
        let temporary = labelMap.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
            .map { $0.appendingPathComponent(".segment-\(UUID().uuidString)") }
        defer { if let temporary { try? FileManager.default.removeItem(at: temporary) } }
        let output = temporary?.path ?? output!
        let folder = try OutputFolder(
            output, files: inputs.map(\.labelName) + (report ? ["report.html"] : []), replacing: force)
        // The phases of end diastole and end systole are known only when the labels are.
        let standIn = ACDC.Moments(endDiastole: 1, endSystole: 1)
        try folder.refuse(
            inputs.flatMap { ($0.objectNames(nil) + $0.objectNames(standIn)).map(\.name) }, replacing: force)

        // Labels.
        var segmenter = Segmenter(
            model: model, folder: folder.url,
            moments: ed.flatMap { ed in es.map { ACDC.Moments(endDiastole: ed, endSystole: $0) } },
            workers: threads ?? Parallel.threadCount)
        segmenter.body = Body(height: height, weight: weight)
        (segmenter.writesUncertainty, segmenter.drawsPictures) = (uncertainty, report)
        if filterProgress { progress.print(Data((SlicerModule.start + SlicerModule.progress(0)).utf8)) }
        var (done, headerWarnings) = (0, 0)
        progress.show("0 of \(inputs.count) inputs")
        var records = try await segmenter.records(of: inputs) { record in
            for (index, warning) in record.warnings.enumerated() {
                if index < record.headerWarningCount { headerWarnings += 1 }
                if index >= record.headerWarningCount || headerWarnings == 1 {
                    progress.say("Segment: warning: \(warning)")
                }
            }
            if let error = record.error { progress.complain("Segment: error: \(error)") }
            done += 1
            progress.show("\(done) of \(inputs.count) inputs")
            if filterProgress {
                progress.print(Data(SlicerModule.progress(Double(done) / Double(inputs.count)).utf8))
            }
        }

        if headerWarnings > 1 {
            progress.say("Segment: warning: \(headerWarnings - 1) more such headers, see segmentation.json")
        }

        // Segmentation objects for the archive that the exports are from.
        for (index, input) in inputs.enumerated() {
            guard labelMap == nil, let export = input.export, let labels = records[index].output else { continue }
            for object in input.objectNames(records[index].function?.moments) {
                progress.show("writing \(object.name)")
                let file = folder.url.appendingPathComponent(object.name).path
                do {
                    try await export.writeSegmentation(labels, classes: model.classes, frame: object.frame, to: file)
                    records[index].segmentationObjects.append(file)
                } catch let failure as Failure {
                    records[index].warnings.append(failure.description)
                    progress.say("Segment: warning: \(failure)")
                }
            }
        }

        // Volumes and function.
        let summary = SegmentationSummary(models: [self.model] + others, classes: model.classes, images: records)
        let data = try folder.write(summary)
        if report {
            try folder.write(ReportPage(summary).html, to: "report.html")
        }
        if colors {
            try folder.write(ColorTables.itkSnap(model.classes), to: "labels.txt")
            try folder.write(ColorTables.slicer(model.classes), to: "labels.ctbl")
        }
        if let labelMap, let made = records.first?.output {
            try folder.move(made, to: labelMap)
        }
        if filterProgress {
            progress.print(Data(SlicerModule.end.utf8))
        } else if json {
            progress.print(data)
        } else if !quiet {
            progress.print(Data((Table.text(records, classes: model.classes) + "\n").utf8))
        }
        let bad = records.count { $0.error != nil }
        let made = "\(records.count - bad) label map\(records.count - bad == 1 ? "" : "s")"
        progress.say(
            "wrote \(labelMap ?? "\(made) and \(OutputFolder.summaryName) to \(output)") in "
                + ProgressLine.duration(progress.seconds))
        if bad > 0 { throw ExitCode(65) }
    }
}
