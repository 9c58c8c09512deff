import Testing

@testable import FederatedContrastive

@Suite struct PatientSplitTests {
    private let patients = (1...100).map { "patient" + String("00\($0)".suffix(3)) }
    /// The diagnoses of ACDC's training patients, twenty each, in the order of their numbers.
    private var groups: [String: String] {
        Dictionary(
            uniqueKeysWithValues: patients.enumerated().map { ($1, ["DCM", "HCM", "MINF", "NOR", "RV"][$0 / 20]) })
    }

    /// The rule is part of what published numbers mean: these names may never change.
    @Test func theRuleIsFrozen() {
        func numbers(_ patients: [String]) -> [Int] { patients.map { Int($0.suffix(3))! } }
        let split = PatientSplit(of: patients, clients: 10, seed: 1)
        #expect(numbers(split.clients[0]) == [26, 35, 56, 66, 72, 74, 85, 87, 90, 92])
        #expect(numbers(split.fold(0, of: 5, client: 0).validation) == [74, 35])
        #expect(numbers(split.fold(0, of: 5, client: 0).training) == [26, 72, 56, 90, 92, 66, 87, 85])
        #expect(numbers(split.fold(3, of: 5, client: 4).training) == [67, 25, 14, 3, 79, 4, 60, 39])
        let stratified = PatientSplit(of: patients, clients: 10, seed: 1, stratifiedBy: groups)
        #expect(numbers(stratified.clients[0]) == [8, 12, 24, 26, 56, 60, 66, 80, 89, 90])
    }

    @Test(arguments: [false, true])
    func everyPatientIsAtOneClientAndInOneValidation(isStratified: Bool) {
        let split = PatientSplit(of: patients, clients: 7, seed: 4, stratifiedBy: isStratified ? groups : nil)
        #expect(split.clients.flatMap { $0 }.sorted() == patients)
        #expect(Set(split.clients.map(\.count)).isSubset(of: [14, 15]))
        for client in 0..<7 {
            let folds = (0..<5).map { split.fold($0, of: 5, client: client) }
            #expect(folds.flatMap(\.validation).sorted() == split.clients[client])
            for fold in folds { #expect((fold.training + fold.validation).sorted() == split.clients[client]) }
        }
    }

    @Test func anotherPatientIsTheFirstAnnotatedOneInEveryFold() {
        let split = PatientSplit(of: patients, clients: 10, seed: 1)
        for client in 0..<10 {
            #expect(Set((0..<5).map { split.fold($0, of: 5, client: client).training[0] }).count == 5)
        }
    }

    @Test func stratifiedClientsHaveAllDiagnosesAlike() {
        let split = PatientSplit(of: patients, clients: 10, seed: 2, stratifiedBy: groups)
        for client in 0..<10 {
            let counts = Dictionary(grouping: split.clients[client]) { groups[$0]! }.mapValues(\.count)
            #expect(counts.count == 5 && counts.values.allSatisfy { $0 == 2 })
            // Two patients of a fold have different diagnoses.
            for fold in 0..<5 {
                #expect(Set(split.fold(fold, of: 5, client: client).validation.map { groups[$0]! }).count == 2)
            }
        }
    }

    @Test func dependsOnTheSeed() {
        #expect(
            PatientSplit(of: patients, clients: 10, seed: 1).clients
                != PatientSplit(of: patients, clients: 10, seed: 2).clients)
    }
}
