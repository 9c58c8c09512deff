import Volumes

extension Phantom {
    /// A synthetic patient: what the folder of an ACDC patient would hold.
    public struct Patient: Sendable {
        /// The folder's name, such as `patient001`.
        public let id: String
        /// The diagnosis.
        public let group: ACDC.Group
        /// End diastole and end systole, in this order.
        public let frames: [Frame]
        /// Every frame of the heartbeat as one 4-D volume, if it was asked for.
        public let cine: Volume?

        let info: ACDC.Info
        let storage: Acquisition.Storage
    }

    /// A labelled image.
    public struct Frame: Sendable {
        /// Its number in the cine, from 1.
        public let number: Int
        /// When it is.
        public let phase: ACDC.Phase
        /// The 3-D image: whole numbers.
        public let image: Volume
        /// 0 background, 1 right ventricle, 2 myocardium, 3 left ventricle.
        public let labels: Volume
    }

    /// A patient's images; the same for the same seed, whatever else is generated.
    ///
    /// - Parameters:
    ///   - number: From 1.
    ///   - includingCine: Whether the 4-D cine is made, too; it takes about as many times longer as it has frames.
    /// - Precondition: `number > 0`.
    public func patient(_ number: Int, includingCine: Bool = false) -> Patient {
        let examination = examination(number)
        let info = ACDC.Info(
            endDiastole: examination.endDiastole, endSystole: examination.endSystole, group: examination.heart.group,
            height: Double(examination.heart.height), frameCount: examination.frameCount,
            weight: Double(examination.heart.weight))
        let moments: [(ACDC.Phase, Int)] = [(.endDiastole, info.endDiastole), (.endSystole, info.endSystole)]
        let numbers = includingCine ? Array(1...info.frameCount) : moments.map(\.1)
        let rendered = examination.frames(numbers)
        let frames = moments.enumerated().map { i, moment in
            let frame = rendered[includingCine ? moment.1 - 1 : i]
            return Frame(number: moment.1, phase: moment.0, image: frame.image, labels: frame.labels)
        }
        var cine: Volume?
        if includingCine {
            var extent = frames[0].image.extent
            extent.frames = info.frameCount
            cine = Volume(
                extent: extent, spacing: frames[0].image.spacing, voxels: rendered.flatMap { $0.image.voxels })
        }
        let digits = String(number)
        return Patient(
            id: "patient" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits,
            group: examination.heart.group, frames: frames, cine: cine, info: info,
            storage: examination.acquisition.style.storage)
    }
}
