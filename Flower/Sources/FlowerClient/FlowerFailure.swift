import FederationFlower
import Support

extension Failure {
    /// Creates the failure for a Flower error; `nil` for other errors.
    init?(flower error: any Error) {
        guard let error = error as? FlowerError else { return nil }
        switch error {
        case .unreadable: self = .noInput("\(error).")
        case .unwritable: self = .cannotWrite("\(error).")
        case .malformed: self = .usage("\(error).")
        default: self = .unavailable("\(error).")
        }
    }
}
