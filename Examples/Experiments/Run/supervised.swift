import ArgumentParser
import Foundation

/// Runs the work of a program with a progress line, so that Ctrl-C stops it between two steps, and whatever ends it early
/// becomes one sentence and an exit code.
///
/// - Parameters:
///   - program: The name in front of the sentence.
///   - remains: What a person should know of a program that was stopped.
package func supervised(
    _ program: String, quiet: Bool, remains: String = "the last complete round is saved, --resume goes on after it",
    _ work: @escaping @Sendable (ProgressLine) async throws -> Void
) async throws {
    let progress = ProgressLine(quiet: quiet)
    let task = Task { try await work(progress) }
    let interruption = Interruption { task.cancel() }
    do {
        try await task.value
    } catch {
        let failure = Failure(error, signal: interruption.signal, remains: remains)
        progress.complain("\(program): \(failure)")
        throw ExitCode(failure.exitCode)
    }
}
