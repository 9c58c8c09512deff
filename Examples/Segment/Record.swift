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
    /// The function of the heart, where end diastole and end systole are known or can be derived.
    var function: Function?

    init(file: String) { self.file = file }
}

/// The function of the heart, and the frames that it was measured in.
struct Function: Sendable {
    var moments: ACDC.Moments
    var source: MomentSource
    var heart: CardiacFunction

    /// Who said which frames are end diastole and end systole.
    enum MomentSource: String, Sendable {
        case options = "options"
        case info = "Info.cfg"
        case derived = "derived"
    }
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

extension Function: Encodable {
    private enum Key: String, CodingKey {
        case endDiastole, endSystole, framesFrom, leftVentricle, rightVentricle, myocardialMass
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Key.self)
        try object.encode(moments.endDiastole, forKey: .endDiastole)
        try object.encode(moments.endSystole, forKey: .endSystole)
        try object.encode(source.rawValue, forKey: .framesFrom)
        try object.encode(heart.leftVentricle, forKey: .leftVentricle)
        try object.encode(heart.rightVentricle, forKey: .rightVentricle)
        try object.encode(heart.myocardialMass, forKey: .myocardialMass)
    }
}
