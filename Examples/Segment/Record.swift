import FileIO
import Foundation
import Reporting
import Volumes

/// The contents of `segmentation.json`; docs/schemas/segmentation.json describes them.
struct SegmentationSummary: Encodable {
    /// The version of the format.
    let schema = 1
    /// The version of this package.
    let version = PackageVersion.text
    /// The files of the model, or of the models of an ensemble.
    let models: [String]
    /// The names of the classes, the background first.
    let classes: [String]
    /// The results, in the order of the inputs.
    let images: [Record]
}

/// The result for one input.
struct Record: Sendable {
    let file: String
    /// The path of the label map; `nil` if there is an error.
    var output: String?
    /// The paths of the DICOM segmentation objects.
    var segmentationObjects: [String] = []
    /// The reason that there are no labels.
    var error: String?
    /// Warnings about the input or its labels, one sentence each.
    var warnings: [String] = []
    /// The number of warnings about the file's header, which come first; many files of a data set share them.
    var headerWarningCount = 0
    /// The overlap of the image and the network's square; `nil` for a file that could not be checked.
    var filled: Double?
    var covered: Double?
    /// The volume of each class except background in ml, by frame.
    var volumes: [[String: Double]] = []
    /// For an ensemble, the same by each of its models, by frame.
    var memberVolumes: [[[String: Double]]] = []
    /// The body of the patient, if it is known.
    var body: Body?
    /// Slices with outlines, for a page.
    var pictures: [SliceOverlay] = []
    /// For a file with one frame, the patient's end diastole and end systole, if known.
    var moments: ACDC.Moments?
    /// The cardiac function, if end diastole and end systole are known or can be derived.
    var function: Function?

    init(file: String) { self.file = file }
}

extension Record: Encodable {
    private enum Key: String, CodingKey {
        case file, output, segmentationObjects, error, warnings, squareFilled, imageCovered, volumes, function
    }

    /// Encodes every key; missing values are `null`.
    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(file, forKey: .file)
        try object.encode(output, forKey: .output)
        if !segmentationObjects.isEmpty { try object.encode(segmentationObjects, forKey: .segmentationObjects) }
        try object.encode(error, forKey: .error)
        try object.encode(warnings, forKey: .warnings)
        try object.encode(filled, forKey: .squareFilled)
        try object.encode(covered, forKey: .imageCovered)
        try object.encode(
            volumes.enumerated().map { Frame(frame: $0.offset + 1, millilitres: $0.element) }, forKey: .volumes)
        try object.encode(function, forKey: .function)
    }

    private struct Frame: Encodable {
        var frame: Int
        var millilitres: [String: Double]
    }
}

/// The cardiac function and the frames in which it was measured.
struct Function: Sendable {
    let moments: ACDC.Moments
    let source: MomentSource
    let heart: CardiacFunction
    /// The function by each model of an ensemble alone; empty for a single model.
    let members: [CardiacFunction]
    /// The body of the patient, if it is known.
    let body: Body?

    /// The source of the frame numbers of end diastole and end systole.
    enum MomentSource: String, Sendable {
        case options = "options"
        case info = "Info.cfg"
        case derived = "derived"
    }

    /// Creates the function from the volumes of the classes in two frames, counted from 1, of one file or of two.
    init(
        _ moments: ACDC.Moments, from source: MomentSource, _ endDiastole: (record: Record, frame: Int),
        _ endSystole: (record: Record, frame: Int), _ structures: CardiacLabels, _ classes: [String]
    ) {
        (self.moments, self.source, body) = (moments, source, endDiastole.record.body)
        func heart(_ full: [String: Double], _ empty: [String: Double]) -> CardiacFunction {
            func ventricle(_ label: Int) -> CardiacFunction.Ventricle {
                CardiacFunction.Ventricle(
                    endDiastolicVolume: full[classes[label]] ?? 0, endSystolicVolume: empty[classes[label]] ?? 0)
            }
            return CardiacFunction(
                leftVentricle: ventricle(structures.leftVentricle),
                rightVentricle: ventricle(structures.rightVentricle),
                myocardialVolume: full[classes[structures.myocardium]] ?? 0)
        }
        self.heart = heart(
            endDiastole.record.volumes[endDiastole.frame - 1], endSystole.record.volumes[endSystole.frame - 1])
        let (full, empty) = (endDiastole.record.memberVolumes, endSystole.record.memberVolumes)
        members =
            full.isEmpty || full[0].count < 2
            ? [] : zip(full[endDiastole.frame - 1], empty[endSystole.frame - 1]).map(heart)
    }

    /// The smallest and the largest ejection fraction of the left ventricle by the models of an ensemble, in %.
    var ejectionFractionRange: ClosedRange<Double>? {
        let all = members.compactMap(\.leftVentricle.ejectionFraction)
        guard let low = all.min(), let high = all.max() else { return nil }
        return low...high
    }
}

extension Function {
    /// Adds the function to the record of end diastole if a patient's end diastole and end systole are two files, as in
    /// ACDC.
    ///
    /// If the patient's cine is among the inputs, its record has the function instead.
    static func add(
        to records: inout [Record], of inputs: [Input], _ structures: CardiacLabels, _ classes: [String]
    ) {
        var places: [Input.Frame: Int] = [:]
        for (index, input) in inputs.enumerated() {
            if let frame = input.frame, records[index].error == nil { places[frame] = index }
        }
        let cines = Set(zip(inputs, records).filter { $1.function != nil }.map { $0.0.url.path })
        for (frame, index) in places {
            guard let moments = records[index].moments, frame.number == moments.endDiastole,
                let other = places[Input.Frame(patient: frame.patient, number: moments.endSystole)],
                ![".nii", ".nii.gz"].contains(where: { cines.contains(frame.patient + "_4d" + $0) }),
                !records[index].volumes.isEmpty, !records[other].volumes.isEmpty
            else { continue }
            records[index].function = Function(
                moments, from: .info, (records[index], 1), (records[other], 1), structures, classes)
        }
    }
}

extension Function: Encodable {
    private enum Key: String, CodingKey {
        case endDiastole, endSystole, framesFrom, leftVentricle, rightVentricle, myocardialMass, models
        case bodySurfaceArea, indexed
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(moments.endDiastole, forKey: .endDiastole)
        try object.encode(moments.endSystole, forKey: .endSystole)
        try object.encode(source.rawValue, forKey: .framesFrom)
        try object.encode(heart.leftVentricle, forKey: .leftVentricle)
        try object.encode(heart.rightVentricle, forKey: .rightVentricle)
        try object.encode(heart.myocardialMass, forKey: .myocardialMass)
        try object.encode(members, forKey: .models)
        try object.encode(body?.surfaceArea, forKey: .bodySurfaceArea)
        try object.encode(body.map { Indexed(heart, $0.surfaceArea) }, forKey: .indexed)
    }
}

/// Volumes and mass per m² of body surface.
private struct Indexed: Encodable {
    let leftEndDiastolicVolume, leftEndSystolicVolume, rightEndDiastolicVolume, rightEndSystolicVolume: Double
    let myocardialMass: Double

    init(_ heart: CardiacFunction, _ area: Double) {
        leftEndDiastolicVolume = heart.leftVentricle.endDiastolicVolume / area
        leftEndSystolicVolume = heart.leftVentricle.endSystolicVolume / area
        rightEndDiastolicVolume = heart.rightVentricle.endDiastolicVolume / area
        rightEndSystolicVolume = heart.rightVentricle.endSystolicVolume / area
        myocardialMass = heart.myocardialMass / area
    }
}

/// The records as tables: the volumes of every input, then the cardiac function where it is known.
enum Table {
    static func text(_ records: [Record], classes: [String]) -> String {
        let done = records.filter { $0.error == nil }
        if done.isEmpty { return "" }
        let measured = done.filter { $0.function != nil }
        return volumes(done, Array(classes.dropFirst())) + (measured.isEmpty ? "" : "\n\n" + function(measured))
    }

    /// Returns the table of volumes; for a cine, with the smallest and the largest volume.
    private static func volumes(_ records: [Record], _ classes: [String]) -> String {
        var rows = [["file", "frames"] + classes.map { $0 + " ml" }]
        for record in records {
            rows.append(
                [name(record), "\(record.volumes.count)"]
                    + classes.map { label in
                        let all = record.volumes.map { $0[label] ?? 0 }
                        let (low, high) = (number(all.min()), number(all.max()))
                        return all.count == 1 ? high : "\(low) … \(high)"
                    })
        }
        return TextTable.text(rows)
    }

    private static func function(_ records: [Record]) -> String {
        var rows = [
            ["file", "ED", "ES", "from", "ventricle", "EDV ml", "ESV ml", "SV ml", "EF %", "mass g"]
        ]
        for record in records {
            guard let function = record.function else { continue }
            let moments = function.moments
            func row(_ ventricle: CardiacFunction.Ventricle) -> [String] {
                [
                    ventricle.endDiastolicVolume, ventricle.endSystolicVolume, ventricle.strokeVolume,
                    ventricle.ejectionFraction,
                ].map(number)
            }
            rows.append(
                [name(record), "\(moments.endDiastole)", "\(moments.endSystole)", function.source.rawValue, "left"]
                    + row(function.heart.leftVentricle) + [number(function.heart.myocardialMass)])
            rows.append(["", "", "", "", "right"] + row(function.heart.rightVentricle) + [""])
        }
        let isDerived = records.contains { $0.function?.source == .derived }
        let note = "derived: ED and ES are the frames with the largest and the smallest left ventricle."
        return TextTable.text(rows) + (isDerived ? "\n" + note : "")
    }

    private static func name(_ record: Record) -> String { (record.file as NSString).lastPathComponent }

    /// Returns a number as text, or a dash if it does not exist.
    private static func number(_ value: Double?) -> String { value.map { String(format: "%.1f", $0) } ?? "–" }
}
