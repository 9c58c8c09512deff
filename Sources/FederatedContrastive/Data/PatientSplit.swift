import Tensor

/// The patients of each client, and their division into training and validation patients in each fold.
///
/// The rule is frozen: the same patients, seed, and numbers give the same split in every version of this package.
///
/// Source: Wu et al., MICCAI 2021, section 3, for ten clients of ten patients and five folds of each client; the
/// seeded random order and the dealing rule are this package's choice.
public struct PatientSplit: Sendable, Equatable {
    /// The names of each client's patients, sorted.
    public let clients: [[String]]
    private let seed: UInt64
    private let groups: [String: String]?
    /// The folds that a file prescribes.
    private let prescribed: [Fold]?

    /// Divides patients among clients at random.
    ///
    /// - Parameters:
    ///   - patients: The names of all patients, in any order.
    ///   - clients: The number of clients.
    ///   - seed: The seed of the division.
    ///   - groups: The diagnosis of each patient. If given, patients of each group are dealt to the clients in turn, so
    ///     clients and folds have all groups as equally as the numbers allow.
    /// - Precondition: `1 ≤ clients ≤ patients.count`.
    public init(of patients: [String], clients: Int, seed: UInt64, stratifiedBy groups: [String: String]? = nil) {
        precondition((1...max(1, patients.count)).contains(clients), "\(patients.count) patients, \(clients) clients")
        (self.seed, self.groups, prescribed) = (seed, groups, nil)
        var generator = SeededGenerator(seed: seed, path: RandomStream.split)
        let order = generator.permutation(of: patients.count).map { patients[$0] }
        guard let groups else {
            // Client sizes differ by at most one patient.
            self.clients = (0..<clients).map { client in
                order[client * order.count / clients..<(client + 1) * order.count / clients].sorted()
            }
            return
        }
        var hands = Array(repeating: [String](), count: clients)
        for (position, patient) in Self.sortedByGroup(order, groups).enumerated() {
            hands[position % clients].append(patient)
        }
        self.clients = hands.map { $0.sorted() }
    }

    /// Creates a known division.
    ///
    /// - Parameters:
    ///   - clients: The patients of each client.
    ///   - seed: The seed of the folds.
    ///   - groups: The diagnosis of each patient, if folds are to have all of them as equally as the numbers allow.
    ///   - folds: The patients of each fold; by default, they are drawn.
    public init(
        clients: [[String]], seed: UInt64, stratifiedBy groups: [String: String]? = nil, folds: [Fold]? = nil
    ) {
        (self.clients, self.seed, self.groups, prescribed) = (clients.map { $0.sorted() }, seed, groups, folds)
    }

    /// A client's patients in one fold.
    public struct Fold: Sendable, Equatable {
        /// The training patients; the annotated ones come first.
        public let training: [String]
        /// The patients to score.
        public let validation: [String]
    }

    /// Returns a client's patients in one of `count` folds.
    ///
    /// Every patient is in the validation part of one fold. The training part starts after it, so its first patient,
    /// the one annotated patient for N = 1, differs in every fold.
    ///
    /// - Precondition: `0 ≤ index < count`, and `client` exists.
    public func fold(_ index: Int, of count: Int, client: Int) -> Fold {
        precondition((0..<count).contains(index), "fold \(index) of \(count)")
        var generator = SeededGenerator(seed: seed, path: RandomStream.folds, client)
        let patients = clients[client]
        var order = generator.permutation(of: patients.count).map { patients[$0] }
        if let groups { order = Self.dealt(order, groups) }
        if let prescribed {
            precondition(prescribed.count == count, "\(count) folds of \(prescribed.count)")
            let (known, scored) = (Set(prescribed[index].training), Set(prescribed[index].validation))
            // Another patient is the first one in every fold here too.
            let turned = order.indices.map { order[($0 + index * order.count / count) % order.count] }
            return Fold(training: turned.filter(known.contains), validation: order.filter(scored.contains))
        }
        let (start, end) = (index * order.count / count, (index + 1) * order.count / count)
        return Fold(training: Array(order[end...] + order[..<start]), validation: Array(order[start..<end]))
    }

    /// The number of folds that a file prescribes, if one does.
    public var prescribedFoldCount: Int? { prescribed?.count }

    /// Returns the patients of all clients that a fold scores.
    func scored(inFold index: Int, of count: Int) -> [String] {
        clients.indices.flatMap { fold(index, of: count, client: $0).validation }
    }

    /// Returns the number of training patients of the client that has the fewest, over `count` folds.
    func fewestTraining(folds count: Int) -> Int {
        clients.indices.flatMap { client in
            (0..<count).map { fold($0, of: count, client: client).training.count }
        }.min() ?? 0
    }

    /// Returns the patients sorted by group, each group in the order of `patients`.
    private static func sortedByGroup(_ patients: [String], _ groups: [String: String]) -> [String] {
        let names = Set(patients.map { groups[$0] ?? "" }).sorted()
        return names.flatMap { name in patients.filter { groups[$0] ?? "" == name } }
    }

    /// Returns one patient of each group, then the next of each, and so on.
    private static func dealt(_ patients: [String], _ groups: [String: String]) -> [String] {
        var places: [String: Int] = [:]
        let turns = patients.map { patient -> Int in
            defer { places[groups[patient] ?? "", default: 0] += 1 }
            return places[groups[patient] ?? "", default: 0]
        }
        return (0...(turns.max() ?? 0)).flatMap { turn in zip(patients, turns).filter { $0.1 == turn }.map(\.0) }
    }
}
