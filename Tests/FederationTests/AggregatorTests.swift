import Federation
import Foundation
import Tensor
import Testing

struct AggregatorTests {
    static let rules = [
        "fedAvg", "median", "trimmedMean:0.3", "geometricMedian", "multiKrum:2", "fedAvgM", "fedAdam", "fedYogi",
    ]
    static let robust = ["median", "trimmedMean:0.3", "geometricMedian", "multiKrum:2"]

    private func updates(_ rows: [[Float]]) -> [LocalUpdate] {
        rows.enumerated().map { index, values in
            LocalUpdate(parameters: model(values), sampleCount: 1 + index, round: 1, client: "c\(index)")
        }
    }

    private func aggregate(_ rule: String, _ updates: [LocalUpdate], into start: Parameters = model()) throws
        -> Parameters
    {
        var aggregator = try #require(AggregationRule(rule)).aggregator()
        var parameters = start
        try aggregator.aggregate(updates, into: &parameters)
        return parameters
    }

    /// Nine random models.
    private func random(_ count: Int = 9, seed: UInt64 = 4) -> [LocalUpdate] {
        var generator = SeededGenerator(seed: seed)
        return updates((0..<count).map { _ in (0..<9).map { _ in generator.normal() } })
    }

    // MARK: Closed forms

    @Test func theMedianIsTheValueInTheMiddle() throws {
        let odd = try aggregate("median", updates([[1], [9], [4]].map { Array(repeating: $0[0], count: 9) }))
        #expect(odd.vector.elements == Array(repeating: 4, count: 9))
        let even = try aggregate("median", updates([1, 9, 4, -7].map { Array(repeating: $0, count: 9) }))
        #expect(even.vector.elements == Array(repeating: 2.5, count: 9))
    }

    @Test func theTrimmedMeanLeavesOutBothEnds() throws {
        let rows = [100, 1, 2, 3, -50].map { [Float](repeating: $0, count: 9) }
        #expect(try aggregate("trimmedMean:0.2", updates(rows)).vector.elements == Array(repeating: 2, count: 9))
        // Never all of them.
        #expect(try aggregate("trimmedMean:0.49", updates(rows)).vector.elements == Array(repeating: 2, count: 9))
    }

    /// The median of the corners of a triangle sees every side under 120°.
    @Test func theGeometricMedianOfATriangleIsItsFermatPoint() throws {
        func corner(_ x: Float, _ y: Float) -> [Float] { [x, y, 0, 0, 0, 0, 0, 0, 0] }
        // In this layout the weights come first, then the statistics: the last two, which are equal here.
        let found = try aggregate("geometricMedian", updates([corner(0, 0), corner(4, 0), corner(1, 3)])).vector
            .elements
        let point = (Double(found[0]), Double(found[1]))
        func direction(_ x: Double, _ y: Double) -> (Double, Double) {
            let (dx, dy) = (x - point.0, y - point.1)
            let length = (dx * dx + dy * dy).squareRoot()
            return (dx / length, dy / length)
        }
        let sides = [direction(0, 0), direction(4, 0), direction(1, 3)]
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            #expect(abs(sides[a].0 * sides[b].0 + sides[a].1 * sides[b].1 + 0.5) < 1e-4)
        }
    }

    @Test func krumAveragesThoseWhoAgree() throws {
        var rows = (0..<8).map { [Float](repeating: Float($0 % 2), count: 9) }
        rows += [Array(repeating: 40, count: 9), Array(repeating: -30, count: 9)]
        #expect(try aggregate("multiKrum:2", updates(rows)).vector.elements == Array(repeating: 0.5, count: 9))
    }

    @Test func momentumAddsUp() throws {
        var rule = FedAvgM(momentum: 0.5, learningRate: 1)
        var parameters = model(Array(repeating: 0, count: 9))
        var seen: [Float] = []
        for _ in 1...3 {
            let step = parameters.vector.elements.map { $0 + 1 }
            rule.aggregate(
                [LocalUpdate(parameters: model(step), sampleCount: 1, round: 1, client: "a")], into: &parameters)
            seen.append(parameters.vector.elements[0])
        }
        #expect(seen == [1, 2.5, 4.25])
        #expect(parameters.slot(named: "norm.mean").map { parameters[$0].elements } == [3, 3], "no momentum here")
    }

    /// Against the formulas in Double.
    @Test(arguments: [AdaptiveServer.Rule.adam, .yogi]) func adaptiveStepsAreThoseOfThePaper(
        rule: AdaptiveServer.Rule
    ) {
        var server = AdaptiveServer(rule, learningRate: 0.1)
        var parameters = model(Array(repeating: 0, count: 9))
        var (m, v, x) = (0.0, 1e-6, 0.0)
        for step in 1...20 {
            let change = Double(step % 3) - 0.7
            let moved = parameters.vector.elements.map { $0 + Float(change) }
            server.aggregate(
                [LocalUpdate(parameters: model(moved), sampleCount: 1, round: step, client: "a")], into: &parameters)
            let square = change * change
            m = 0.9 * m + 0.1 * change
            v = rule == .adam ? 0.99 * v + 0.01 * square : v - 0.01 * square * (v == square ? 0 : v > square ? 1 : -1)
            x += 0.1 * m / (v.squareRoot() + 1e-3)
            #expect(abs(Double(parameters.vector.elements[0]) - x) < 1e-4 * max(1, abs(x)))
        }
    }

    // MARK: Properties of all

    @Test(arguments: rules) func theOrderOfUpdatesDoesNotMatter(rule: String) throws {
        let updates = random()
        let expected = bits(try aggregate(rule, updates))
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<5 {
            #expect(bits(try aggregate(rule, generator.permutation(of: 9).map { updates[$0] })) == expected)
        }
    }

    @Test(arguments: robust + ["fedAvg"]) func equalModelsAreTheirOwnAggregate(rule: String) throws {
        let values: [Float] = [0.1, -1 / 3, 1e-20, 3, -7, 0.25, 1e10, 5, 2]
        let same = (0..<9).map { _ in values }
        #expect(bits(try aggregate(rule, updates(same))) == bits(model(values)))
    }

    @Test(arguments: rules) func aMemoryContinuesWithTheSameBits(rule: String) throws {
        var whole = try #require(AggregationRule(rule)).aggregator()
        var (parameters, other) = (model(), model())
        try whole.aggregate(random(seed: 1), into: &parameters)
        var resumed = try #require(AggregationRule(rule)).aggregator()
        if !whole.memory.tensors.isEmpty {
            try resumed.restore(Safetensors(data: whole.memory.data, source: "memory"), for: parameters)
        }
        other = parameters
        try whole.aggregate(random(seed: 2), into: &parameters)
        try resumed.aggregate(random(seed: 2), into: &other)
        #expect(bits(other) == bits(parameters))
    }

    @Test func tooFewUpdatesEndTheRoundWithAReason() async throws {
        let clients = (0..<6).map { TestClient.walker("c\($0)", index: $0) }
        var federation = Federation(
            clients: clients, parameters: model(), quorum: 2, aggregator: MultiKrum(liars: 2))
        await #expect(throws: FederationError.tooFewUpdates(rule: "MultiKrum", found: 6, expected: 7)) {
            try await federation.runRound()
        }
        #expect(federation.round == 0)
    }

    @Test(arguments: [
        "mean", "fedAvg:1", "median:2", "trimmedMean:0.5", "trimmedMean:x", "multiKrum:0", "multiKrum:1.5", "fedAdam:0",
        "fedAvgM:1", "", ":",
    ]) func otherNamesAreNoRules(text: String) {
        #expect(AggregationRule(text) == nil)
    }

    @Test(arguments: rules) func rulesAreTextInSettings(text: String) throws {
        let rule = try #require(AggregationRule(text))
        let json = try JSONEncoder().encode([rule])
        #expect(String(decoding: json, as: UTF8.self) == "[\"\(text)\"]")
        #expect(try JSONDecoder().decode([AggregationRule].self, from: json) == [rule])
    }

    // MARK: Attacks

    /// Ten clients in a thousand dimensions: an honest step of length 1, and noise of a third of it.
    private func errors(_ rule: String, liars: Int, lie: (_ honest: [Float], _ mean: [Float]) -> [Float]) throws
        -> Double
    {
        let dimension = 1000
        var builder = ParameterBuilder(generator: SeededGenerator(seed: 3))
        _ = builder.add("weight", shape: [dimension], initializer: .constant(0))
        let start = builder.parameters()
        var generator = SeededGenerator(seed: 11)
        let direction = (0..<dimension).map { _ in generator.normal() / Float(dimension).squareRoot() }
        let honest = (0..<10).map { _ in
            direction.map { $0 + generator.normal() * 0.33 / Float(dimension).squareRoot() }
        }
        let rest = honest.dropFirst(liars)
        let mean = (0..<dimension).map { place in rest.reduce(0) { $0 + $1[place] } / Float(rest.count) }
        let sent = honest.enumerated().map { index, values in index < liars ? lie(values, mean) : values }
        let updates = sent.enumerated().map { index, values in
            var parameters = start
            parameters.vector = Tensor(values)
            return LocalUpdate(parameters: parameters, sampleCount: 1, round: 1, client: "c\(index)")
        }
        let found = try aggregate(rule, updates, into: start).vector.elements
        return zip(found, mean).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }.squareRoot()
    }

    @Test func robustRulesWithstandWhatTheMeanDoesNot() throws {
        func far(_ honest: [Float], _: [Float]) -> [Float] { honest.map { 100 * $0 } }
        #expect(try errors("fedAvg", liars: 1, lie: far) > 9)
        for rule in Self.robust { #expect(try errors(rule, liars: 1, lie: far) < 0.2, "\(rule), one of ten") }
        for rule in ["median", "geometricMedian", "trimmedMean:0.3"] {
            #expect(try errors(rule, liars: 3, lie: far) < 0.4, "\(rule), three of ten")
        }
        // What each rule promises ends where it says.
        #expect(try errors("trimmedMean:0.2", liars: 3, lie: far) > 5)
        // Without an attack, robustness costs little.
        for rule in Self.robust { #expect(try errors(rule, liars: 0, lie: far) < 0.2, "\(rule), nobody lies") }
    }

    /// Lies within the spread of the honest are seen by no rule ("A little is enough", Baruch et al., NeurIPS 2019).
    @Test(arguments: robust) func aLittleIsEnough(rule: String) throws {
        let error = try errors(rule, liars: 3) { _, mean in
            mean.map { $0 - 1.5 * 0.33 / Float(1000).squareRoot() }
        }
        #expect(error > 0.02 && error < 0.6)
    }

    /// Prints the error of each rule under each attack, in lengths of the honest step: docs/security.md has the table.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["PRINT_ATTACKS"] != nil)) func attackTable() throws {
        let attacks: [(String, Int, ([Float], [Float]) -> [Float])] = [
            ("none", 0, { honest, _ in honest }), ("×100, 1 of 10", 1, { honest, _ in honest.map { 100 * $0 } }),
            ("×100, 3 of 10", 3, { honest, _ in honest.map { 100 * $0 } }),
            ("×−5, 2 of 10", 2, { honest, _ in honest.map { -5 * $0 } }),
            ("a little, 3 of 10", 3, { _, mean in mean.map { $0 - 1.5 * 0.33 / Float(1000).squareRoot() } }),
        ]
        print("| rule | " + attacks.map(\.0).joined(separator: " | ") + " |")
        for rule in ["fedAvg", "median", "trimmedMean:0.2", "trimmedMean:0.3", "geometricMedian", "multiKrum:2"] {
            let cells = try attacks.map { String(format: "%.3f", try errors(rule, liars: $0.1, lie: $0.2)) }
            print("| `\(rule)` | " + cells.joined(separator: " | ") + " |")
        }
    }
}
