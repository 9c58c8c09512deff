import Foundation

/// The server of one run that is submitted to Flower by `flwr run`.
///
/// ```swift
/// try await FlowerServerApp(endpoint).run { grid, input in
///     let clients = try await RemoteClient.all(of: grid, count: 3, job: job, …)
///     var federation = Federation(clients: clients, parameters: parameters, quorum: 2, concurrency: 3)
///     …
/// }
/// ```
public struct FlowerServerApp: Sendable {
    private let endpoint: FlowerEndpoint
    private let app: String?
    private let transport: (any FlowerTransport)?
    private let interval: Duration
    private let notice: @Sendable (String) -> Void

    /// Creates a server that takes its run from the SuperLink at an endpoint.
    ///
    /// - Parameters:
    ///   - endpoint: The endpoint of the SuperLink.
    ///   - app: The only app, `publisher/name`, whose runs are accepted; runs of other apps are ended.
    ///   - notice: A closure that receives messages for people.
    public init(
        _ endpoint: FlowerEndpoint, app: String? = nil, notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.init(endpoint, app: app, over: nil, interval: .milliseconds(250), notice: notice)
    }

    /// Creates a server over a custom transport, for tests.
    package init(
        _ endpoint: FlowerEndpoint, app: String? = nil, over transport: (any FlowerTransport)?, interval: Duration,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.endpoint, self.app, self.transport) = (endpoint, app, transport)
        (self.interval, self.notice) = (interval, notice)
    }

    /// Waits for a run, performs it, and reports its outcome to Flower.
    ///
    /// - Parameter body: A closure that receives the nodes, and the settings with which the run was submitted
    ///   (`--run-config`).
    /// - Throws: The errors of `body`; `FlowerError.taskEnded` if the run was stopped.
    public func run<Result: Sendable>(
        _ body: @escaping @Sendable (FlowerGrid, _ configuration: [String: String]) async throws -> Result
    ) async throws -> Result {
        try await endpoint.withRuntime(over: transport) { runtime in
            let (task, input) = try await acquire(runtime)
            notice("run \(input.run) of \(input.app)")
            let grid = FlowerGrid(runtime: task.runtime, run: input.run, interval: interval)
            do {
                let result = try await task.runtime.withHeartbeat {
                    try await withThrowingTaskGroup(of: Result?.self) { group in
                        defer { group.cancelAll() }
                        group.addTask { try await body(grid, input.runConfiguration) }
                        group.addTask {
                            try await grid.work()
                            return nil
                        }
                        while let result = try await group.next() {
                            if let result { return result }
                        }
                        throw CancellationError()
                    }
                }
                try await task.runtime.pushTaskOutput(input, status: .completed)
                return result
            } catch {
                if isWorthTelling(error) {
                    // Reported even if this task is canceled. A failure of the report matters less than its cause.
                    try? await Task {
                        try await task.runtime.pushTaskOutput(
                            input, status: error is CancellationError ? .stopped : .failed, details: "\(error)")
                    }.value
                }
                throw error
            }
        }
    }

    /// Returns whether an error should be reported to Flower: it is not known there, and Flower can be reached.
    private func isWorthTelling(_ error: any Error) -> Bool {
        switch error as? FlowerError {
        case .taskEnded, .unreachable: false
        default: true
        }
    }

    private func acquire(_ runtime: Runtime) async throws -> (Runtime.AcquiredTask, TaskInput) {
        var isWaiting = false
        var polling = Polling(shortest: interval)
        while true {
            if let task = try await runtime.acquireTask("flwr-serverapp") {
                let input = try await task.runtime.pullTaskInput()
                if app == nil || app == input.app { return (task, input) }
                let reason = "the server here leads \(app!) only"
                notice("run \(input.run) of \(input.app): \(reason)")
                try await task.runtime.pushTaskOutput(input, status: .failed, details: reason)
            } else if !isWaiting {
                notice("waiting at \(endpoint.address) for a run: submit one by 'flwr run'")
                isWaiting = true
            }
            try await Task.sleep(for: polling.wait(after: false))
        }
    }
}
