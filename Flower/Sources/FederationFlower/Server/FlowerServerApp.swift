import Foundation

/// The server of one run that was submitted to Flower by `flwr run`.
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

    /// A server that takes its run from the SuperLink at an endpoint.
    ///
    /// - Parameters:
    ///   - endpoint: the SuperLink's.
    ///   - app: the only app, `publisher/name`, whose runs are led; those of others are ended.
    ///   - notice: receives sentences for people.
    public init(
        _ endpoint: FlowerEndpoint, app: String? = nil, notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.init(endpoint, app: app, over: nil, interval: .milliseconds(250), notice: notice)
    }

    /// For tests: over a transport of their own.
    package init(
        _ endpoint: FlowerEndpoint, app: String? = nil, over transport: (any FlowerTransport)?, interval: Duration,
        notice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.endpoint, self.app, self.transport) = (endpoint, app, transport)
        (self.interval, self.notice) = (interval, notice)
    }

    /// Waits for a run, does its work, and tells Flower how it ended.
    ///
    /// - Parameter body: gets the nodes, and the settings that the run was submitted with (`--run-config`).
    /// - Throws: what `body` throws; `FlowerError.taskEnded` if the run was stopped.
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
                    // Also when this process is told to end; that it could not be told matters less than why.
                    try? await Task {
                        try await task.runtime.pushTaskOutput(
                            input, status: error is CancellationError ? .stopped : .failed, details: "\(error)")
                    }.value
                }
                throw error
            }
        }
    }

    /// Whether Flower does not know it, and can be reached.
    private func isWorthTelling(_ error: any Error) -> Bool {
        switch error as? FlowerError {
        case .taskEnded, .unreachable: false
        default: true
        }
    }

    private func acquire(_ runtime: Runtime) async throws -> (Runtime.AcquiredTask, TaskInput) {
        var isWaiting = false
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
            try await Task.sleep(for: interval)
        }
    }
}
