import Volumes

/// The function of the heart, and the frames that it was measured in.
struct Function: Sendable {
    let moments: ACDC.Moments
    let source: MomentSource
    let heart: CardiacFunction

    /// Who said which frames are end diastole and end systole.
    enum MomentSource: String, Sendable {
        case options = "options"
        case info = "Info.cfg"
        case derived = "derived"
    }

    /// The function that follows from the volumes of ``ACDC/classNames`` in ml.
    init(
        _ moments: ACDC.Moments, from source: MomentSource, endDiastole: [String: Double], endSystole: [String: Double]
    ) {
        (self.moments, self.source) = (moments, source)
        func ventricle(_ label: Int) -> CardiacFunction.Ventricle {
            let name = ACDC.classNames[label]
            return CardiacFunction.Ventricle(
                endDiastolicVolume: endDiastole[name] ?? 0, endSystolicVolume: endSystole[name] ?? 0)
        }
        heart = CardiacFunction(
            leftVentricle: ventricle(3), rightVentricle: ventricle(1),
            myocardialVolume: endDiastole[ACDC.classNames[2]] ?? 0)
    }
}

extension Function {
    /// Gives the function to end diastole where a patient's end diastole and end systole are two files, as in ACDC.
    ///
    /// A patient whose cine is among the inputs has the function there.
    static func add(to records: inout [Record], of inputs: [Input]) {
        var places: [Input.Frame: Int] = [:]
        for (index, input) in inputs.enumerated() {
            if let frame = input.frame, records[index].error == nil { places[frame] = index }
        }
        let cines = Set(zip(inputs, records).filter { $1.function != nil }.map { $0.0.url.path })
        for (frame, index) in places {
            guard let moments = records[index].moments, frame.number == moments.endDiastole,
                let other = places[Input.Frame(patient: frame.patient, number: moments.endSystole)],
                ![".nii", ".nii.gz"].contains(where: { cines.contains(frame.patient + "_4d" + $0) }),
                let endDiastole = records[index].volumes.first, let endSystole = records[other].volumes.first
            else { continue }
            records[index].function = Function(
                moments, from: .info, endDiastole: endDiastole, endSystole: endSystole)
        }
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
