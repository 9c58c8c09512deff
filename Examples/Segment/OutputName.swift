import Foundation
import Support

/// The names of label maps: a pattern such as `{case}_seg`, to which `.nii.gz` is added.
///
/// `{case}` is the name of the image without its endings, `{patient}` its part before `_frame`, and `{phase}` is `ED` or
/// `ES` where an `Info.cfg` beside the image says so.
struct OutputName: Sendable {
    private let pattern: String
    static let standard = "{case}_seg"
    private static let fields: Set = ["case", "patient", "phase"]

    /// Creates the names of a pattern.
    ///
    /// - Throws: `Failure` if it has unknown fields, or would leave the folder.
    init(_ pattern: String) throws(Failure) {
        let fields = pattern.matches(of: /\{([^{}]*)\}/).map { String($0.output.1) }
        if let unknown = fields.first(where: { !Self.fields.contains($0) }) {
            throw .usage("--name: there is no field {\(unknown)}; {case}, {patient}, and {phase} are known.")
        }
        guard !pattern.contains("/"), !pattern.hasPrefix("."), !fields.isEmpty else {
            throw .usage("--name \(pattern): a file name with {case} or {patient} in it is expected.")
        }
        self.pattern = pattern.hasSuffix(".nii.gz") ? String(pattern.dropLast(7)) : pattern
    }

    /// Whether names depend on phases.
    var needsPhase: Bool { pattern.contains("{phase}") }

    /// Returns the file name of an image's label map.
    func name(case name: String, patient: String, phase: String?) -> String {
        pattern.replacingOccurrences(of: "{case}", with: name).replacingOccurrences(of: "{patient}", with: patient)
            .replacingOccurrences(of: "{phase}", with: phase ?? "") + ".nii.gz"
    }
}
