import ArgumentParser
import Foundation
import Support
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

    @Argument(help: "The model.safetensors of a fine-tuned run, or the folder that holds it.", completion: .file())
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
}
