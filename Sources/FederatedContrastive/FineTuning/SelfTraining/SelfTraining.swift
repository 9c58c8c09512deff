/// The schedule and the thresholds of self-training: when a site labels its unlabeled images with the average of the
/// global weights, the teacher, and which of these labels it learns from.
///
/// Source: Lee, "Pseudo-label", ICML 2013 workshop; Sohn et al., "FixMatch", NeurIPS 2020, for confident labels of
/// strongly changed views; Bai et al., "Bidirectional copy-paste", CVPR 2023, for the exchange of boxes between labeled
/// and unlabeled images. That the teacher is the average of the global weights, which every site can compute by itself,
/// that boxes are exchanged at the same position along the heart, and the guard are this package's choices.
struct SelfTraining: Sendable {
    /// The total number of rounds.
    let rounds: Int

    /// The fraction of the rounds that are supervised only.
    static let supervised = 0.4
    /// The number of rounds between two labelings.
    static let interval = 4
    /// The fraction of the rounds over which the weight of the teacher's labels rises from 0 to 1.
    static let ramp = 0.2
    /// The probability with which a labeled and an unlabeled slice exchange a box, once that weight is 1.
    static let mixing: Float = 0.5
    /// The side of the box, as a fraction of the slice's.
    static let boxSide = 2.0 / 3
    /// The largest difference between the positions of two slices that exchange a box; both along the heart, from 0 at
    /// its first slice to 1 at its last.
    static let positionTolerance = 0.13
    /// The least probability with which a pixel of the background or of any other class keeps its label.
    static let confidence: (background: Float, foreground: Float) = (0.95, 0.9)
    /// The fraction of a slice's foreground that may be unsure.
    static let unsureFraction = 0.4
    /// The positions of slices in which a left ventricle is expected.
    static let innerPositions = 0.2...0.8
    /// The range of the mean predicted volume of the heart, as a fraction of that in the labeled images. It is wide
    /// because a site may have labels of a single heart, and a dilated one has three times the volume of a small one.
    static let volumes = 1.0 / 3...3
    /// The most by which the mean probability of the foreground may fall between two labelings.
    static let confidenceLoss = 0.03

    /// The first round with labels of the teacher.
    var firstRound: Int { Int((Self.supervised * Double(rounds)).rounded(.up)) + 1 }

    /// Returns whether sites label their images at the start of a round.
    func isLabeling(_ round: Int) -> Bool {
        round >= firstRound && (round - firstRound) % Self.interval == 0
    }

    /// Returns the weight of the loss of the teacher's labels in a round.
    func weight(_ round: Int) -> Float {
        guard round >= firstRound else { return 0 }
        return min(1, Float(round - firstRound + 1) / max(1, Float(Self.ramp * Double(rounds))))
    }
}
