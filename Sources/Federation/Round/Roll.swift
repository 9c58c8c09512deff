/// The attendance of one round: who is still in it, why the others are not, and what was sent.
struct Roll: Sendable {
    private(set) var present: [Int]
    private(set) var absent: [RoundReport.Absence] = []
    var bytesUp: [Int]
    var bytesDown: [Int]
    var seconds: [Double]
    private let names: [String]

    init(_ names: [String]) {
        self.names = names
        present = Array(names.indices)
        bytesUp = Array(repeating: 0, count: names.count)
        bytesDown = bytesUp
        seconds = Array(repeating: 0, count: names.count)
    }

    /// Strikes a client that reported an error. Its text, which is the client's own, is cut to 300 characters.
    mutating func strike(_ index: Int, in phase: RoundReport.Absence.Phase, failed error: any Error) {
        strike(index, phase, .failed, String("\(error)".prefix(300)))
    }

    /// Strikes a client whose message was not accepted.
    mutating func strike(_ index: Int, in phase: RoundReport.Absence.Phase, rejected rejection: Rejection) {
        strike(index, phase, .rejected, "\(rejection)")
    }

    private mutating func strike(
        _ index: Int, _ phase: RoundReport.Absence.Phase, _ cause: RoundReport.Absence.Cause, _ reason: String
    ) {
        present.removeAll { $0 == index }
        absent.append(RoundReport.Absence(client: names[index], phase: phase, cause: cause, reason: reason))
    }

    func require(quorum: Int, round: Int) throws(FederationError) {
        guard present.count >= quorum else {
            throw .quorumLost(round: round, quorum: quorum, present: present.count, absent: absent)
        }
    }
}
