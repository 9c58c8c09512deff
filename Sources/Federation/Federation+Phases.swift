import Tensor

extension Federation {
    /// The features that one client sent, by number, and those of others that it receives.
    struct Features: Sendable {
        var shared = 0
        var fromOthers: [FeatureShare] = []
    }

    /// Collects the banks of all clients, checks them, and gives each client those of the others.
    func exchangeFeatures(
        round: Int, through door: inout Admission, roll: inout Roll
    ) async throws -> [Features] {
        var features = Array(repeating: Features(), count: clients.count)
        guard exchange != nil else { return features }
        let replies = try await ask(roll.present) { [parameters] _, client in
            try await client.shareFeatures(of: parameters, round: round)
        }
        var shares: [(sender: Int, share: FeatureShare, bytes: Int)] = []
        for reply in replies {
            roll.seconds[reply.index] += reply.seconds
            switch reply.answer {
            case .failure(let rejection as Rejection):
                roll.strike(reply.index, in: .exchange, rejected: rejection)
            case .failure(let error):
                roll.strike(reply.index, in: .exchange, failed: error)
            case .success(nil):
                break
            case .success(let share?):
                let bytes = Payload(share).bytes.count
                roll.bytesUp[reply.index] += bytes
                do throws(Rejection) {
                    try door.admit(share, from: clients[reply.index].id)
                    shares.append((reply.index, share, bytes))
                    features[reply.index].shared = share.count
                } catch {
                    roll.strike(reply.index, in: .exchange, rejected: error)
                }
            }
        }
        try roll.require(quorum: quorum, round: round)
        for receiver in shares.map(\.sender) {
            for other in shares where other.sender != receiver {
                features[receiver].fromOthers.append(other.share)
                roll.bytesDown[receiver] += other.bytes
            }
        }
        return features
    }

    /// Lets the clients that are present train, and returns the updates that were accepted, in client order.
    func train(
        with features: [Features], round: Int, through door: inout Admission, roll: inout Roll
    ) async throws -> [LocalUpdate] {
        let replies = try await ask(roll.present) { [parameters] index, client in
            try await client.train(from: parameters, round: round, features: features[index].fromOthers)
        }
        var updates: [LocalUpdate] = []
        for reply in replies {
            roll.seconds[reply.index] += reply.seconds
            switch reply.answer {
            case .failure(let rejection as Rejection):
                roll.strike(reply.index, in: .training, rejected: rejection)
            case .failure(let error):
                roll.strike(reply.index, in: .training, failed: error)
            case .success(let update):
                roll.bytesUp[reply.index] += Payload(update.parameters).bytes.count
                do throws(Rejection) {
                    try door.admit(update, from: clients[reply.index].id)
                    updates.append(update)
                } catch {
                    roll.strike(reply.index, in: .training, rejected: error)
                }
            }
        }
        try roll.require(quorum: quorum, round: round)
        return updates
    }

    /// What one client answered.
    struct Reply<Answer: Sendable>: Sendable {
        let index: Int
        let answer: Result<Answer, any Error>
        let seconds: Double
    }

    /// Asks some clients, at most `concurrency` at a time, and returns their answers in client order.
    ///
    /// - Throws: `CancellationError` if the task was cancelled; no further client is asked then.
    func ask<Answer: Sendable>(
        _ indices: [Int], _ question: @escaping @Sendable (Int, any Client) async throws -> Answer
    ) async throws(CancellationError) -> [Reply<Answer>] {
        let threads = concurrency > 1 ? 1 : Parallel.threadLimit
        let replies = await withTaskGroup(of: Reply<Answer>.self) { group in
            var waiting = indices.makeIterator()
            func askNext() {
                guard !group.isCancelled, let index = waiting.next() else { return }
                let client = clients[index]
                group.addTask {
                    await Parallel.$threadLimit.withValue(threads) {
                        let clock = ContinuousClock()
                        let start = clock.now
                        let answer: Result<Answer, any Error>
                        do { answer = .success(try await question(index, client)) } catch { answer = .failure(error) }
                        return Reply(index: index, answer: answer, seconds: (clock.now - start).seconds)
                    }
                }
            }
            for _ in 0..<concurrency { askNext() }
            var replies: [Reply<Answer>] = []
            for await reply in group {
                replies.append(reply)
                askNext()
            }
            return replies
        }
        if Task.isCancelled { throw CancellationError() }
        return replies.sorted { $0.index < $1.index }
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
