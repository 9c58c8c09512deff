import ArgumentParser
import Dispatch
import Federation
import FederatedContrastive
import Foundation
import Segmentation
import Synchronization
import Tensor
import Volumes

/// Runs the work of a program with a progress line.
///
/// Ctrl-C stops the work between two steps. Every error becomes one sentence and an exit code.
///
/// - Parameters:
///   - program: The name that precedes the sentence.
///   - remains: The state of the results after Ctrl-C, for the user.
///   - failure: A closure that turns errors of the program's own libraries into failures.
public func supervised(
    _ program: String, quiet: Bool, remains: String = "the last complete round is saved, --resume continues after it",
    failure: (any Error) -> Failure? = { _ in nil }, _ work: @escaping @Sendable (ProgressLine) async throws -> Void
) async throws {
    let progress = ProgressLine(quiet: quiet)
    // A reader of messages that goes away is an error of that stream, not the end of a run.
    signal(SIGPIPE, SIG_IGN)
    let task = Task { try await work(progress) }
    let interruption = Interruption { task.cancel() }
    do {
        try await task.value
    } catch is CancellationError {
        progress.complain("\(program): stopped; \(remains).")
        throw ExitCode(128 + (interruption.signal ?? SIGINT))
    } catch let code as ExitCode {
        throw code
    } catch {
        let failure = failure(error) ?? Failure(error)
        progress.complain("\(program): \(failure)")
        throw ExitCode(failure.exitCode)
    }
}

/// The early end of a program: one sentence for the user, and an exit code of `sysexits.h`.
public struct Failure: Error, Equatable, CustomStringConvertible {
    /// The sentence for the user.
    public let description: String
    /// The exit code.
    public let exitCode: Int32

    /// Creates a failure.
    public init(_ description: String, exitCode: Int32) { (self.description, self.exitCode) = (description, exitCode) }

    /// Returns a failure for wrong options.
    public static func usage(_ sentence: String) -> Failure { Failure(sentence, exitCode: 64) }
    /// Returns a failure for unusable data.
    public static func badData(_ sentence: String) -> Failure { Failure(sentence, exitCode: 65) }
    /// Returns a failure for a missing file.
    public static func noInput(_ sentence: String) -> Failure { Failure(sentence, exitCode: 66) }
    /// Returns a failure for an unreachable peer.
    public static func unavailable(_ sentence: String) -> Failure { Failure(sentence, exitCode: 69) }
    /// Returns a failure for a file that cannot be created.
    public static func cannotCreate(_ sentence: String) -> Failure { Failure(sentence, exitCode: 73) }
    /// Returns a failure for a file that cannot be written.
    public static func cannotWrite(_ sentence: String) -> Failure { Failure(sentence, exitCode: 74) }

    /// Creates the failure for an error of the libraries.
    public init(_ error: any Error) {
        switch error {
        case let failure as Failure:
            self = failure
        case let error as RunError:
            switch error {
            case .setting(let name, let found, let expected):
                self = .usage("\(OptionNames.option(name)) \(found): \(expected) is expected.")
            case .conflict: self = .usage("\(error)")
            case .missing: self = .noInput("\(error)")
            case .data: self = .badData("\(error)")
            case .cannotCreate: self = .cannotCreate("\(error)")
            case .unwritable: self = .cannotWrite("\(error)")
            }
        case let error as VolumesError:
            switch error {
            case .missing, .unreadable: self = .noInput("\(error)")
            case .unwritable: self = .cannotWrite("\(error)")
            default: self = .badData("\(error)")
            }
        case let error as SegmentationError:
            switch error {
            case .missing, .noModel: self = .noInput("\(error)")
            default: self = .badData("\(error)")
            }
        case let error as WeightsError:
            switch error {
            case .unwritable: self = .cannotWrite("\(error)")
            case .unreadable: self = .noInput("\(error)")
            default: self = .badData("\(error)")
            }
        case let error as FederationError:
            switch error {
            case .quorumLost, .tooFewUpdates, .aggregateRefused: self.init("\(error)", exitCode: 75)
            case .runInUse: self = .cannotCreate("\(error)")
            case .unwritable: self = .cannotWrite("\(error)")
            case .unreadable: self = .noInput("\(error)")
            case .noWholeCheckpoint, .noCheckpoint: self = .badData("\(error)")
            }
        default:
            self.init("\(error)", exitCode: 70)
        }
    }
}

/// A handler that stops a run between two steps after the first SIGINT or SIGTERM; a second signal ends the program
/// immediately.
private final class Interruption: Sendable {
    private let received = Mutex<Int32?>(nil)
    private let sources: [any DispatchSourceSignal & Sendable]

    /// The signal that arrived.
    var signal: Int32? { received.withLock { $0 } }

    init(handler: @escaping @Sendable () -> Void) {
        var sources: [any DispatchSourceSignal & Sendable] = []
        for number in [SIGINT, SIGTERM] {
            // The default action must be off for the source to see the signal.
            Foundation.signal(number, SIG_IGN)
            sources.append(DispatchSource.makeSignalSource(signal: number, queue: .global()) as! DispatchSource)
        }
        self.sources = sources
        for (source, number) in zip(sources, [SIGINT, SIGTERM]) {
            source.setEventHandler { [weak self] in
                guard let self else { return }
                let isFirst = received.withLock { stored in
                    defer { stored = stored ?? number }
                    return stored == nil
                }
                if isFirst { handler() } else { _exit(128 + number) }
            }
            source.resume()
        }
    }
}
