/// Volumes, ejection fractions and myocardial mass from the label maps of end diastole and end systole.
///
/// Labels are those of ``ACDC``: 1 right ventricular cavity, 2 left ventricular myocardium, 3 left ventricular cavity.
/// Volumes are numbers of voxels times the volume of a voxel, slice spacing included, without interpolation between
/// slices. A structure without voxels has volume 0.
public struct CardiacFunction: Hashable, Sendable, Codable {
    /// The left ventricular cavity.
    public let leftVentricle: Ventricle
    /// The right ventricular cavity.
    public let rightVentricle: Ventricle
    /// Mass of the left ventricular myocardium at end diastole in g.
    public let myocardialMass: Double

    /// Density of myocardium in g/ml.
    public static let myocardialDensity = 1.05

    /// Measures a pair of label maps, each by its own spacing.
    ///
    /// - Precondition: One frame each, spacing within `Volume.Spacing.measurable`.
    public init(endDiastole: Volume, endSystole: Volume) {
        for map in [endDiastole, endSystole] {
            precondition(map.extent.frames == 1, "\(map.extent.frames) frames; pass one frame")
            precondition(map.spacing.isMeasurable, "\(map.spacing) is not within \(Volume.Spacing.measurable) mm")
        }
        self.init(
            leftVentricle: Ventricle(
                endDiastolicVolume: endDiastole.milliliters(of: 3), endSystolicVolume: endSystole.milliliters(of: 3)),
            rightVentricle: Ventricle(
                endDiastolicVolume: endDiastole.milliliters(of: 1), endSystolicVolume: endSystole.milliliters(of: 1)),
            myocardialVolume: endDiastole.milliliters(of: 2))
    }

    /// The function that follows from volumes that are known already.
    ///
    /// - Parameters:
    ///   - leftVentricle: The left ventricular cavity.
    ///   - rightVentricle: The right ventricular cavity.
    ///   - myocardialVolume: The volume of the left ventricular myocardium at end diastole in ml.
    public init(leftVentricle: Ventricle, rightVentricle: Ventricle, myocardialVolume: Double) {
        (self.leftVentricle, self.rightVentricle) = (leftVentricle, rightVentricle)
        myocardialMass = Self.myocardialDensity * myocardialVolume
    }

    /// The volumes of a ventricle, and the blood that it moves.
    public struct Ventricle: Hashable, Sendable {
        /// EDV in ml.
        public let endDiastolicVolume: Double
        /// ESV in ml.
        public let endSystolicVolume: Double
        /// SV = EDV − ESV in ml; negative where the label maps say so.
        public let strokeVolume: Double
        /// EF = 100 · SV ∕ EDV in %; `nil` where EDV is 0.
        public let ejectionFraction: Double?

        /// A ventricle of two volumes in ml.
        public init(endDiastolicVolume: Double, endSystolicVolume: Double) {
            self.endDiastolicVolume = endDiastolicVolume
            self.endSystolicVolume = endSystolicVolume
            strokeVolume = endDiastolicVolume - endSystolicVolume
            ejectionFraction = endDiastolicVolume > 0 ? 100 * strokeVolume / endDiastolicVolume : nil
        }
    }
}

extension CardiacFunction.Ventricle: Codable {
    /// Writes every key; an ejection fraction that is `nil` becomes `null`.
    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(endDiastolicVolume, forKey: .endDiastolicVolume)
        try object.encode(endSystolicVolume, forKey: .endSystolicVolume)
        try object.encode(strokeVolume, forKey: .strokeVolume)
        try object.encode(ejectionFraction, forKey: .ejectionFraction)
    }
}

extension Volume {
    /// The volume of a label in ml.
    fileprivate func milliliters(of label: Float) -> Double {
        Double(voxels.count { $0 == label }) * spacing.milliliters
    }
}
