import Volumes

/// What became of one input.
struct Record: Sendable {
    let file: String
    /// The file of labels; `nil` where there is an error.
    var output: String?
    /// Why there are no labels.
    var error: String?
    /// What is doubtful about the input or its labels, one sentence each.
    var warnings: [String] = []
    /// How many of the warnings, the first ones, are about the file's header: many files of a data set share them.
    var headerWarningCount = 0
    /// How image and network's square overlap; `nil` for a file that could not be judged.
    var filled: Double?
    var covered: Double?
    /// The volume of each class but the background in ml, by frame.
    var volumes: [[String: Double]] = []
    /// Of a file of one frame, the patient's end diastole and end systole, where they are known.
    var moments: ACDC.Moments?
    /// The function of the heart, where end diastole and end systole are known or can be derived.
    var function: Function?

    init(file: String) { self.file = file }
}

extension Record: Encodable {
    private enum Key: String, CodingKey {
        case file, output, error, warnings, squareFilled, imageCovered, volumes, function
    }

    /// Writes every key; what there is not is `null`.
    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(file, forKey: .file)
        try object.encode(output, forKey: .output)
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
