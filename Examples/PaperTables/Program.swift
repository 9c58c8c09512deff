import Experiments
import Foundation
import Synchronization

/// One of the package's programs, as it lies beside this one: the tables are made by what a user would run by hand.
struct Program {
    let name: String
    private let file: URL

    init(_ name: String) throws(Failure) {
        self.name = name
        let own = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
        file = own.deletingLastPathComponent().appendingPathComponent(name)
        guard FileManager.default.isExecutableFile(atPath: file.path) else {
            throw .noInput("\(file.path) is not there; build it: swift build -c release --product \(name).")
        }
    }

    /// Runs the program to its end; its messages go where those of this one go. When this task is cancelled the program is
    /// interrupted, and leaves a run that can go on.
    func run(_ arguments: [String]) async throws {
        let process = Process()
        process.executableURL = file
        process.arguments = arguments
        let child = Mutex<Process?>(nil)
        let status: Int32 = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
                do {
                    try process.run()
                    child.withLock { $0 = process }
                    // Cancelled before there was anything to interrupt.
                    if Task.isCancelled { process.interrupt() }
                } catch {
                    process.terminationHandler = nil
                    continuation.resume(throwing: error)
                }
            }
        } onCancel: {
            child.withLock { $0?.interrupt() }
        }
        try Task.checkCancellation()
        guard status == 0 else {
            throw Failure.child("\(name) ended with exit code \(status); what it said stands above.", exitCode: status)
        }
    }
}
