import Foundation

extension Runtime {
    /// Pulls the context of a task, which includes its node and the configuration of the run.
    package func pullTaskInput() async throws -> TaskInput {
        let response: Flwr_Proto_PullTaskInputResponse = try await call(
            .pullTaskInput, Flwr_Proto_PullTaskInputRequest())
        return TaskInput(response)
    }

    /// Reports to Flower that the task is still running.
    package func sendHeartbeat() async throws {
        let _: Flwr_Proto_SendTaskHeartbeatResponse = try await call(
            .sendTaskHeartbeat, Flwr_Proto_SendTaskHeartbeatRequest())
    }

    /// Ends the task with a status.
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

    /// Performs the work of a task while sending heartbeats to Flower.
    ///
    /// The work is canceled when Flower reports that the task has ended.
    package func withHeartbeat<Result: Sendable>(
        every interval: Duration = .seconds(10), _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                while true {
                    try await Task.sleep(for: interval)
                    do { try await sendHeartbeat() } catch let error as FlowerError {
                        // Any other error will also occur in the work itself.
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
    /// The app of the run: `publisher/name`.
    package let app: String
    /// The number of the run.
    package let run: UInt64
    /// The node on which the task runs.
    package let node: UInt64
    /// The `--node-config` of the SuperNode.
    package let nodeConfiguration: [String: String]
    /// The configuration of the run: all settings for a client, those of `flwr run --run-config` for the server.
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
    /// The value as text.
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
