import Federation
import FederationFlower
import Foundation
import Tensor
import Volumes

/// Why the program ends early: one sentence for the user, and the exit code of `sysexits.h`.
package struct Failure: Error, Equatable, CustomStringConvertible {
    package let description: String
    package let exitCode: Int32

    package static func usage(_ sentence: String) -> Failure { Failure(description: sentence, exitCode: 64) }
    package static func badData(_ sentence: String) -> Failure { Failure(description: sentence, exitCode: 65) }
    package static func noInput(_ sentence: String) -> Failure { Failure(description: sentence, exitCode: 66) }
    package static func unavailable(_ sentence: String) -> Failure { Failure(description: sentence, exitCode: 69) }
    package static func cannotCreate(_ sentence: String) -> Failure { Failure(description: sentence, exitCode: 73) }
    package static func cannotWrite(_ sentence: String) -> Failure { Failure(description: sentence, exitCode: 74) }

    /// Another program that was run ended early.
    package static func child(_ sentence: String, exitCode: Int32) -> Failure {
        Failure(description: sentence, exitCode: exitCode)
    }

    private init(description: String, exitCode: Int32) {
        (self.description, self.exitCode) = (description, exitCode)
    }

    /// The failure that an error amounts to.
    ///
    /// - Parameters:
    ///   - signal: The signal that the process received, if one did.
    ///   - remains: What a person should know of a program that was stopped.
    package init(
        _ error: any Error, signal: Int32?,
        remains: String = "the last complete round is saved, --resume goes on after it"
    ) {
        switch error {
        case let failure as Failure:
            self = failure
        case is CancellationError:
            self.init(
                description: "stopped; \(remains).",
                exitCode: 128 + (signal ?? SIGINT))
        case let error as VolumesError:
            switch error {
            case .missing, .unreadable: self = .noInput("\(error)")
            case .unwritable: self = .cannotWrite("\(error)")
            default: self = .badData("\(error)")
            }
        case let error as WeightsError:
            self = .badData("\(error)")
        case let error as FederationError:
            switch error {
            case .quorumLost: self.init(description: "\(error)", exitCode: 75)
            case .runInUse: self = .cannotCreate("\(error)")
            case .unwritable: self = .cannotWrite("\(error)")
            case .unreadable: self = .noInput("\(error)")
            case .noWholeCheckpoint: self = .badData("\(error)")
            }
        #if Flower
        case let error as FlowerError:
            switch error {
            case .unreadable: self = .noInput("\(error).")
            case .malformed: self = .usage("\(error).")
            case .taskEnded: self = .unavailable("\(error); \(remains).")
            default: self = .unavailable("\(error).")
            }
        #endif
        default:
            self.init(description: "\(error)", exitCode: 70)
        }
    }
}

/// Throws the sentence as a usage error unless the condition holds.
package func check(_ holds: Bool, _ sentence: @autoclosure () -> String) throws(Failure) {
    if !holds { throw .usage(sentence()) }
}
