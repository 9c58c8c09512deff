/// The labels of the three structures of the heart in short-axis images.
public struct CardiacLabels: Hashable, Sendable {
    /// The label of the right ventricular cavity.
    public let rightVentricle: Int
    /// The label of the left ventricular myocardium.
    public let myocardium: Int
    /// The label of the left ventricular cavity.
    public let leftVentricle: Int

    /// The labels of ``ACDC``.
    public static let acdc = CardiacLabels(rightVentricle: 1, myocardium: 2, leftVentricle: 3)

    private init(rightVentricle: Int, myocardium: Int, leftVentricle: Int) {
        (self.rightVentricle, self.myocardium, self.leftVentricle) = (rightVentricle, myocardium, leftVentricle)
    }

    /// Creates the labels of classes that are exactly these three structures and the background, in any order; `nil` for
    /// other classes.
    ///
    /// Recognized are the names in ``ACDC/classNames``, those in nnU-Net's version of ACDC (RV, MLV, LVC), and usual
    /// abbreviations, in any case.
    ///
    /// - Parameter classNames: The names of the classes, indexed by label; the first is the background.
    public init?(classNames: [String]) {
        guard classNames.count == 4 else { return nil }
        let names = classNames.map { $0.lowercased().filter(\.isLetter) }
        func label(_ known: Set<String>) -> Int? { names.indices.dropFirst().first { known.contains(names[$0]) } }
        guard let right = label(Self.rightNames), let muscle = label(Self.muscleNames), let left = label(Self.leftNames)
        else { return nil }
        self.init(rightVentricle: right, myocardium: muscle, leftVentricle: left)
    }

    private static let rightNames: Set = [
        "rightventricle", "rightventricularcavity", "rv", "rvc", "rvcavity", "rvbloodpool", "rvbp",
    ]
    private static let muscleNames: Set = [
        "myocardium", "leftventricularmyocardium", "myo", "mlv", "lvm", "lvmyo", "lvmyocardium",
    ]
    private static let leftNames: Set = [
        "leftventricle", "leftventricularcavity", "lv", "lvc", "lvcavity", "lvbloodpool", "lvbp",
    ]
}
