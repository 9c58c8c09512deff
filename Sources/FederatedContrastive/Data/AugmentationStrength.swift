import Contrastive

/// The strength of random augmentation.
public enum AugmentationStrength: String, Codable, CaseIterable, Sendable {
    /// No augmentation.
    case none
    /// `Augmentation/weak`.
    case weak
    /// `Augmentation/upright`.
    case upright
    /// `Augmentation/standard`.
    case standard
    /// `Augmentation/strong`.
    case strong

    /// The augmentation.
    public var views: Augmentation {
        switch self {
        case .none: .identity
        case .weak: .weak
        case .upright: .upright
        case .standard: .standard
        case .strong: .strong
        }
    }
}
