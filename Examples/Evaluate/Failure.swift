import Volumes

/// Why there is no result: sentences for the user, and the exit code of `sysexits.h`.
struct Failure: Error, Equatable {
    let descriptions: [String]
    let exitCode: Int32

    static func usage(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 64) }
    static func badData(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 65) }
    static func noInput(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 66) }
    static func cannotCreate(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 73) }
    static func cannotWrite(_ sentence: String) -> Failure { Failure(descriptions: [sentence], exitCode: 74) }

    /// What is wrong with a file.
    init(_ error: VolumesError) {
        switch error {
        case .missing, .unreadable: self = .noInput("\(error)")
        default: self = .badData("\(error)")
        }
    }

    /// Several failures as one: damaged data outweighs missing files.
    init(_ failures: [Failure]) {
        descriptions = failures.flatMap(\.descriptions)
        exitCode = failures.map(\.exitCode).min() ?? 70
    }

    private init(descriptions: [String], exitCode: Int32) {
        (self.descriptions, self.exitCode) = (descriptions, exitCode)
    }
}
