import Foundation

extension Runtime {
    /// The context of a task: its process, and the configuration of the run.
    package func pullTaskInput() async throws -> TaskInput {
        let response: Flwr_Proto_PullTaskInputResponse = try await call(
            .pullTaskInput, Flwr_Proto_PullTaskInputRequest())
        return TaskInput(response)
    }

    /// Tells Flower that the task is being worked at.
    package func sendHeartbeat() async throws {
        let _: Flwr_Proto_SendTaskHeartbeatResponse = try await call(
            .sendTaskHeartbeat, Flwr_Proto_SendTaskHeartbeatRequest())
    }

    /// Ends the task.
    package func pushTaskOutput(_ input: TaskInput, status: TaskStatus, details: String = "") async throws {
        let _: Flwr_Proto_PushTaskOutputResponse = try await call(
            .pushTaskOutput,
            Flwr_Proto_PushTaskOutputRequest.with {
                $0.context = input.context
                $0.subStatus = status.rawValue
                $0.details = String(details.prefix(1000))
            })
    }

    /// The outcome of a task.
    package enum TaskStatus: String, Sendable { case completed, failed, stopped }

    /// Does the work of a task while Flower is told every few seconds that it goes on.
    ///
    /// The work is cancelled when Flower says that the task is over.
    package func withHeartbeat<Result: Sendable>(
        every interval: Duration = .seconds(10), _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                while true {
                    try await Task.sleep(for: interval)
                    do { try await sendHeartbeat() } catch let error as FlowerError {
                        // Whatever else is wrong, the work itself will meet it.
                        if case .taskEnded = error { throw error }
                    }
                }
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}

/// The context of a task.
package struct TaskInput: Sendable {
    let context: Flwr_Proto_Context
    /// The app that the run is of: `publisher/name`.
    package let app: String
    /// The run.
    package let run: UInt64
    /// The node that the task runs at.
    package let node: UInt64
    /// The `--node-config` of the SuperNode.
    package let nodeConfiguration: [String: String]
    /// The configuration of the run: for a client all settings, for the server those of `flwr run --run-config`.
    package let runConfiguration: [String: String]

    init(_ response: Flwr_Proto_PullTaskInputResponse) {
        context = response.context
        app = response.run.fabID
        run = response.run.runID
        node = response.context.nodeID
        nodeConfiguration = response.context.nodeConfig.mapValues(\.text)
        runConfiguration =
            response.context.runConfig.isEmpty
            ? response.run.overrideConfig.mapValues(\.text) : response.context.runConfig.mapValues(\.text)
    }
}

extension Flwr_Proto_Scalar {
    /// The value as it was written.
    var text: String {
        switch scalar {
        case .double(let value): "\(value)"
        case .uint64(let value): "\(value)"
        case .sint64(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .string(let value): value
        case .bytes(let value): value.hexadecimal
        case nil: ""
        }
    }
}
