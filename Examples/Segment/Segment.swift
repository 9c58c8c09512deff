import ArgumentParser
import FileIO
import Foundation
import Segmentation
import Support
import Tensor
import Volumes

@main
enum Program {
    static func main() async {
        // 3D Slicer asks with this alone, and has no model yet.
        if CommandLine.arguments.dropFirst() == ["--xml"] { return print(SlicerModule.xml, terminator: "") }
        await Segment.main()
    }
}

/// Labels short-axis images with a fine-tuned model: model → inputs → label maps → volumes and function.
struct Segment: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "Segment",
        abstract: "Labels short-axis cardiac MRI with a fine-tuned model, and measures volumes and ejection fractions.",
        discussion: """
            An input is a 3-D NIfTI file, a 4-D cine, whose frames are all labeled, or a folder. In a folder and its \
            subfolders, all .nii and .nii.gz files are taken except names that end in _gt or _seg. Slices must lie \
            along the third axis. NAME.nii.gz yields NAME_seg.nii.gz of type uint8 on the same grid, and \
            segmentation.json contains all volumes; --report writes a page to look at.

            An input can also be a DICOM export: a zip archive, or a folder without NIfTI files. The program DICOMConvert \
            finds its short-axis cine. EXPORT.zip yields EXPORT_seg.nii.gz and, as DICOM segmentation objects, \
            EXPORT_seg_ED.dcm and EXPORT_seg_ES.dcm.

            For a model of several channels, an input is the first file of an image, CASE_0000.nii.gz, beside which \
            CASE_0001.nii.gz and so on lie; CASE_seg.nii.gz is written.

            If the classes are the ventricles and the myocardium, a cine also yields ventricular volumes, ejection fractions, and mass. End \
            diastole and end systole are taken from --ed and --es, or, for a file NAME_4d next to an Info.cfg, from \
            that file. Otherwise they are derived: the frames with the largest and the smallest left ventricle. \
            Without a cine, NAME_frame01 and NAME_frame12 yield the same next to an Info.cfg that lists these frames.

            For research only: this is not a medical device.

            Exit codes: 0 done, 64 wrong usage, 65 an input or the model is damaged or unsuitable (other inputs are \
            still processed), 66 a file is missing, 73 a file exists already or the folder cannot be created, 74 a \
            file cannot be written, 130 and 143 stopped by a signal.
            """,
        version: PackageVersion.text)

    @Argument(help: "The model.safetensors of a fine-tuned run.", completion: .file())
    var model: String

    @Argument(help: "NIfTI files, DICOM exports, or folders of them.", completion: .file())
    var inputs: [String]

    @Option(help: "The folder for label maps and segmentation.json; created if needed.", completion: .directory)
    var output: String?

    @Option(
        help: ArgumentHelp(
            "Instead of a folder, the file for the label map of the only image.", valueName: "file.nii.gz"),
        completion: .file())
    var labelMap: String?

    @Option(
        help: ArgumentHelp(
            "Names of label maps, such as {patient}_{phase}; fields are {case}, {patient}, and {phase}.",
            valueName: "pattern"))
    var name = OutputName.standard

    @Flag(help: "Also write report.html: outlines on slices, volumes over time, function, warnings.")
    var report = false

    @Flag(
        help: """
            Also write NAME_seg_uncertainty.nii.gz, the entropy of the probabilities from 0 to 1. With several models, \
            the ejection fraction of each is in segmentation.json.
            """)
    var uncertainty = false

    @Flag(help: "Also write labels.txt and labels.ctbl: names and colors for ITK-SNAP and 3D Slicer.")
    var colors = false

    @Option(help: "The patient's height in cm, for volumes per m² of body surface (default: as Info.cfg says).")
    var height: Double?

    @Option(help: "The patient's weight in kg.")
    var weight: Double?

    @Option(
        name: .customLong("with"),
        help: ArgumentHelp(
            "Another model, whose probabilities are averaged with the first one's; may be given several times.",
            valueName: "model"),
        completion: .file())
    var others: [String] = []

    @Flag(
        inversion: .prefixedNo,
        help: "Label the mean of six views of an image, six times as long (default: as the model's file says).")
    var testTimeViews: Bool?

    @Flag(
        inversion: .prefixedNo,
        help: "Remove from the labels what no heart has (default: as the model's file says).")
    var cleanUp: Bool?

    @Option(
        help: ArgumentHelp(
            "Accept only models that are signed with this key (MODEL.sig, by Scripts/sign-model).", valueName: "key.pub"
        ),
        completion: .file())
    var requireSignature: String?

    @Option(help: "The end-diastolic frame of every cine, counted from 1.")
    var ed: Int?

    @Option(help: "The end-systolic frame of every cine, counted from 1.")
    var es: Int?

    @Option(help: "The number of threads, which does not change the results. (default: one per core)")
    var threads: Int?

    @Flag(help: "Print the contents of segmentation.json instead of tables.")
    var json = false

    @Flag(help: "Print a description of this program for 3D Slicer, and do nothing else.")
    var xml = false

    @Flag(help: ArgumentHelp("Print progress for 3D Slicer on standard output.", visibility: .hidden))
    var filterProgress = false

    @Flag(help: "Replace existing files.")
    var force = false

    @Flag(help: "Do not print tables or warnings.")
    var quiet = false

    func validate() throws {
        guard (ed == nil) == (es == nil) else { throw ValidationError("--ed and --es: give both or none.") }
        for (name, frame) in [("--ed", ed), ("--es", es)] {
            if let frame, frame < 1 { throw ValidationError("\(name) \(frame): frames are counted from 1.") }
        }
        if let ed, ed == es { throw ValidationError("--ed and --es are both \(ed), but must differ.") }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads \(threads): a number from 1 to 1024 is expected.")
        }
        if xml { throw ValidationError("--xml stands alone.") }
        switch (output, labelMap) {
        case (nil, nil): throw ValidationError("--output is missing: the folder for label maps.")
        case (_?, _?): throw ValidationError("--output and --label-map: give one.")
        case ("", _): throw ValidationError("--output is empty, but must be a folder.")
        case (_, let file?) where !file.hasSuffix(".nii.gz"):
            throw ValidationError("--label-map \(file): a name that ends in .nii.gz is expected.")
        default: break
        }
        if (height == nil) != (weight == nil) { throw ValidationError("--height and --weight: give both or none.") }
        if height != nil, Body(height: height, weight: weight) == nil {
            throw ValidationError("--height and --weight: no person has these; cm and kg are expected.")
        }
    }

    func run() async throws {
        try await supervised(
            "Segment", quiet: quiet,
            remains: "label maps that are there are whole, segmentation.json is missing", segment)
    }

    /// Returns the model in a file, whose signature is verified if one is required.
    private func model(at path: String) throws -> SegmentationModel {
        guard let requireSignature else { return try SegmentationModel(contentsOf: URL(fileURLWithPath: path)) }
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        return try SegmentationModel(
            contentsOf: SignedModel.verifiedCopy(of: path, key: requireSignature, in: folder.url))
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

    @Sendable private func segment(_ progress: ProgressLine) async throws {
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
