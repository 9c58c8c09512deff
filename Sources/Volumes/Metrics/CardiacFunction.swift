/// Ventricular volumes, ejection fractions, and myocardial mass from the label maps of end diastole and end systole.
///
/// A volume is the number of voxels times the volume of a voxel, including the slice spacing, without
/// interpolation between slices. A structure without voxels has volume 0.
public struct CardiacFunction: Hashable, Sendable, Codable {
    /// The left ventricular cavity.
    public let leftVentricle: Ventricle
    /// The right ventricular cavity.
    public let rightVentricle: Ventricle
    /// The mass of the left ventricular myocardium at end diastole, in g.
    public let myocardialMass: Double

    /// The density of myocardium, in g/ml.
    public static let myocardialDensity = 1.05

    /// Creates the cardiac function measured on a pair of label maps, each with its own spacing.
    ///
    /// - Parameters:
    ///   - endDiastole: The label map of end diastole.
    ///   - endSystole: The label map of end systole.
    ///   - structures: The labels of the structures, by default those of ``ACDC``.
    /// - Precondition: Each map has one frame and a spacing within `Volume.Spacing.measurable`.
    public init(endDiastole: Volume, endSystole: Volume, structures: CardiacLabels = .acdc) {
        for map in [endDiastole, endSystole] {
            precondition(map.extent.frames == 1, "\(map.extent.frames) frames; pass one frame")
            precondition(map.spacing.isMeasurable, "\(map.spacing) is not within \(Volume.Spacing.measurable) mm")
        }
        func ventricle(_ label: Int) -> Ventricle {
            Ventricle(
                endDiastolicVolume: endDiastole.milliliters(of: Float(label)),
                endSystolicVolume: endSystole.milliliters(of: Float(label)))
        }
        self.init(
            leftVentricle: ventricle(structures.leftVentricle), rightVentricle: ventricle(structures.rightVentricle),
            myocardialVolume: endDiastole.milliliters(of: Float(structures.myocardium)))
    }

    /// Creates the cardiac function from known volumes.
    ///
    /// - Parameters:
    ///   - leftVentricle: The left ventricular cavity.
    ///   - rightVentricle: The right ventricular cavity.
    ///   - myocardialVolume: The volume of the left ventricular myocardium at end diastole, in ml.
    public init(leftVentricle: Ventricle, rightVentricle: Ventricle, myocardialVolume: Double) {
        (self.leftVentricle, self.rightVentricle) = (leftVentricle, rightVentricle)
        myocardialMass = Self.myocardialDensity * myocardialVolume
    }

    /// The volumes of a ventricle, with its stroke volume and ejection fraction.
    public struct Ventricle: Hashable, Sendable {
        /// The end-diastolic volume (EDV), in ml.
        public let endDiastolicVolume: Double
        /// The end-systolic volume (ESV), in ml.
        public let endSystolicVolume: Double
        /// The stroke volume SV = EDV − ESV, in ml; negative if the label maps imply it.
        public let strokeVolume: Double
        /// The ejection fraction EF = 100 · SV ∕ EDV, in %; `nil` if EDV is 0.
        public let ejectionFraction: Double?

        /// Creates a ventricle from its two volumes in ml.
        public init(endDiastolicVolume: Double, endSystolicVolume: Double) {
            self.endDiastolicVolume = endDiastolicVolume
            self.endSystolicVolume = endSystolicVolume
            strokeVolume = endDiastolicVolume - endSystolicVolume
            ejectionFraction = endDiastolicVolume > 0 ? 100 * strokeVolume / endDiastolicVolume : nil
        }
    }
}

extension CardiacFunction.Ventricle: Codable {
    /// Encodes every key; a `nil` ejection fraction becomes `null`.
    public func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: CodingKeys.self)
        try object.encode(endDiastolicVolume, forKey: .endDiastolicVolume)
        try object.encode(endSystolicVolume, forKey: .endSystolicVolume)
        try object.encode(strokeVolume, forKey: .strokeVolume)
        try object.encode(ejectionFraction, forKey: .ejectionFraction)
    }
}

extension Volume {
    /// Returns the volume of a label, in ml.
    fileprivate func milliliters(of label: Float) -> Double {
        Double(voxels.count { $0 == label }) * spacing.milliliters
    }
}
