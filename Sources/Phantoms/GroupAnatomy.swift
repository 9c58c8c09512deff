import Volumes

/// The distribution of heart size and motion in one diagnostic group: means and standard deviations across patients.
///
/// The values were measured on the label maps of the ACDC data set (Bernard et al., IEEE TMI 37(11):2514–2525, 2018).
/// Diameters and wall thicknesses are those of circles of equal area in the middle slice.
struct GroupAnatomy: Sendable {
    /// The diameter of the left ventricular cavity at end diastole, in mm.
    var diameter: Spread
    /// The left ventricular ejection fraction.
    var ejectionFraction: Spread
    /// The mean wall thickness at end diastole, in mm.
    var wallDiastole: Spread
    /// The mean wall thickness at end systole, in mm.
    var wallSystole: Spread
    /// The length of the left ventricular cavity at end diastole, in mm.
    var length: Spread
    /// The motion of the base toward the apex, in mm.
    var baseDescent: Spread
    /// The motion of the apical end of the cavity away from the apex, in mm.
    var apexRetreat: Spread
    /// The right ventricular volume at end diastole, in ml.
    var rightVolume: Spread
    /// The right ventricular ejection fraction.
    var rightEjectionFraction: Spread
    /// The angle that the right ventricle subtends at the left one, relative to the normal group.
    var rightAngle: Float
    /// The fullness of the right ventricle toward the apex: at 0 it tapers as in healthy subjects, at 1 hardly at all.
    var rightFullness: Float
    /// The duration from end diastole to end systole, as a fraction of the cardiac cycle.
    var systole: Spread
    /// The body height, in cm.
    var height: Spread
    /// The body weight, in kg.
    var weight: Spread
}

extension GroupAnatomy {
    /// Creates the distribution for a group.
    init(_ group: ACDC.Group) {
        switch group {
        case .dilatedCardiomyopathy:
            self.init(
                diameter: Spread(66.2, 5.6, 52...82), ejectionFraction: Spread(0.195, 0.07, 0.07...0.40),
                wallDiastole: Spread(7.7, 1.0, 5...12), wallSystole: Spread(8.9, 1.5, 5...14),
                length: Spread(97, 7, 80...115), baseDescent: Spread(1.5, 0.8, 0...4),
                apexRetreat: Spread(0.8, 0.5, 0...3), rightVolume: Spread(181, 58, 70...340),
                rightEjectionFraction: Spread(0.34, 0.15, 0.08...0.65), rightAngle: 0.95, rightFullness: 0.1,
                systole: Spread(0.43, 0.08, 0.25...0.55), height: Spread(172, 10, 150...192),
                weight: Spread(79, 17, 50...125))
        case .hypertrophicCardiomyopathy:
            self.init(
                diameter: Spread(46.9, 4.9, 36...60), ejectionFraction: Spread(0.69, 0.08, 0.5...0.85),
                wallDiastole: Spread(11.1, 2.0, 7.5...17), wallSystole: Spread(19.3, 2.7, 13...26),
                length: Spread(89, 11, 65...112), baseDescent: Spread(6, 3, 1...12),
                apexRetreat: Spread(6.5, 3, 1...13), rightVolume: Spread(122, 32, 60...200),
                rightEjectionFraction: Spread(0.59, 0.09, 0.35...0.8), rightAngle: 0.88, rightFullness: -0.15,
                systole: Spread(0.35, 0.05, 0.22...0.5), height: Spread(171, 9, 150...192),
                weight: Spread(85, 21, 50...135))
        case .myocardialInfarction:
            self.init(
                diameter: Spread(56.3, 5.6, 44...69), ejectionFraction: Spread(0.31, 0.07, 0.15...0.45),
                wallDiastole: Spread(7.5, 1.2, 5...11), wallSystole: Spread(9.7, 1.6, 6.5...14),
                length: Spread(85, 10, 62...108), baseDescent: Spread(2.5, 1.5, 0...6),
                apexRetreat: Spread(0.5, 0.4, 0...2), rightVolume: Spread(124, 37, 60...215),
                rightEjectionFraction: Spread(0.54, 0.1, 0.28...0.75), rightAngle: 0.97, rightFullness: 0,
                systole: Spread(0.365, 0.07, 0.22...0.55), height: Spread(172, 6, 158...188),
                weight: Spread(77, 13, 52...110))
        case .normal:
            self.init(
                diameter: Spread(48.3, 4.0, 40...57), ejectionFraction: Spread(0.615, 0.055, 0.52...0.74),
                wallDiastole: Spread(6.9, 0.9, 5...9.5), wallSystole: Spread(12.1, 1.7, 8.5...16),
                length: Spread(81, 10, 62...104), baseDescent: Spread(6.5, 2, 2...12),
                apexRetreat: Spread(1, 0.7, 0...3), rightVolume: Spread(150, 34, 80...225),
                rightEjectionFraction: Spread(0.535, 0.07, 0.4...0.7), rightAngle: 1, rightFullness: 0.1,
                systole: Spread(0.34, 0.05, 0.22...0.45), height: Spread(170, 10, 150...192),
                weight: Spread(77, 15, 48...115))
        case .abnormalRightVentricle:
            self.init(
                diameter: Spread(46.9, 5.8, 34...60), ejectionFraction: Spread(0.565, 0.06, 0.42...0.72),
                wallDiastole: Spread(6.5, 1.1, 4.5...9.5), wallSystole: Spread(10.4, 2.0, 6.5...15),
                length: Spread(75, 10, 55...98), baseDescent: Spread(5, 2, 1...10),
                apexRetreat: Spread(2, 1.5, 0...6), rightVolume: Spread(214, 55, 115...370),
                rightEjectionFraction: Spread(0.34, 0.13, 0.08...0.6), rightAngle: 1.12, rightFullness: 1,
                systole: Spread(0.385, 0.075, 0.22...0.55), height: Spread(169, 11, 148...192),
                weight: Spread(67, 14, 42...100))
        }
    }
}
