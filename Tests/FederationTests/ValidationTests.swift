import Features
import Federation
import Tensor
import Testing

struct ValidationTests {
    private let limit = Validation.maximumSampleCount

    private func fresh() -> Validation {
        Validation(
            round: 7, reference: model(), exchange: FeatureExchange(dimension: 4, partitions: 4, maximumCount: 5))
    }

    private func update(
        _ parameters: Parameters = model(), samples: Int = 1, round: Int = 7, client: String = "north",
        metrics: [Metric: Double] = [:]
    ) -> LocalUpdate {
        LocalUpdate(parameters: parameters, sampleCount: samples, round: round, client: client, metrics: metrics)
    }

    private func rejection(_ update: LocalUpdate) -> Rejection? {
        var validation = fresh()
        do throws(Rejection) { try validation.accept(update, from: "north") } catch { return error }
        return nil
    }

    private func rejection(_ share: FeatureShare) -> Rejection? {
        var validation = fresh()
        do throws(Rejection) { try validation.accept(share, from: "north") } catch { return error }
        return nil
    }

    @Test func whatIsRightPasses() throws {
        #expect(rejection(update()) == nil)
        #expect(rejection(update(metrics: [Metric("dice"): .nan])) == nil, "an undefined metric is no reason")
        #expect(rejection(try randomShare(5, client: "north", round: 7)) == nil)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func weightsAreFinite(value: Float) {
        var broken = model()
        if let slot = broken.slot(named: "norm.mean") { broken[slot] = Tensor([0, value]) }
        let found = rejection(update(broken))
        #expect(found == Rejection("north", .weightNotFinite(slot: "norm.mean")))
        #expect(found?.description == "client north sent NaN or infinite values in norm.mean")
    }

    @Test func slotsAreThoseOfTheGlobalModel() {
        func other(_ build: (inout ParameterBuilder) -> Void) -> Parameters {
            var builder = ParameterBuilder(generator: SeededGenerator(seed: 3))
            _ = builder.add("first.weight", shape: [2, 3], initializer: .constant(0))
            build(&builder)
            return builder.parameters()
        }
        let shape = other { _ = $0.add("norm.mean", shape: [3], role: .statistic, initializer: .constant(0)) }
        #expect(
            rejection(update(shape))
                == Rejection("north", .slot(expected: "statistic norm.mean [2]", found: "statistic norm.mean [3]")))
        let role = other { _ = $0.add("norm.mean", shape: [2], initializer: .constant(0)) }
        #expect(
            rejection(update(role))
                == Rejection("north", .slot(expected: "statistic norm.mean [2]", found: "trainable norm.mean [2]")))
        #expect(
            rejection(update(other { _ in }))
                == Rejection("north", .slot(expected: "statistic norm.mean [2]", found: "no further weight")))
        let more = other {
            _ = $0.add("norm.mean", shape: [2], role: .statistic, initializer: .constant(0))
            _ = $0.add("last.bias", shape: [1], initializer: .constant(0))
            _ = $0.add("extra", shape: [1], initializer: .constant(0))
        }
        #expect(
            rejection(update(more))
                == Rejection("north", .slot(expected: "no further weight", found: "trainable extra [1]")))
        #expect(rejection(update(Parameters())) != nil)
    }

    @Test func roundsAreThisOne() throws {
        let stale = rejection(update(round: 6))
        #expect(stale == Rejection("north", .round(expected: 7, found: 6)))
        #expect(stale?.description == "client north sent a stale message of round 6 in round 7")
        let future = rejection(update(round: 8))
        #expect(future == Rejection("north", .round(expected: 7, found: 8)))
        #expect(future?.description == "client north sent a future message of round 8 in round 7")
        #expect(
            rejection(try randomShare(2, client: "north", round: 6))
                == Rejection("north", .round(expected: 7, found: 6)))
    }

    @Test func oneMessageOfAKind() throws {
        var validation = fresh()
        let share = try randomShare(2, client: "north", round: 7)
        try validation.accept(share, from: "north")
        try validation.accept(update(), from: "north")
        #expect(throws: Rejection("north", .duplicate)) { try validation.accept(update(), from: "north") }
        #expect(throws: Rejection("north", .duplicate)) { try validation.accept(share, from: "north") }
        try validation.accept(update(client: "south"), from: "south")
    }

    @Test func nobodySpeaksForAnother() throws {
        #expect(rejection(update(client: "south")) == Rejection("north", .sender(claimed: "south")))
        #expect(
            rejection(try randomShare(2, client: "south", round: 7)) == Rejection("north", .sender(claimed: "south")))
    }

    @Test(arguments: [0, -1, Int.min, Int.max, 1 << 41]) func sampleCountsArePlausible(samples: Int) {
        #expect(
            rejection(update(samples: samples)) == Rejection("north", .sampleCount(found: samples, limit: limit)))
    }

    @Test func metricsFitAReport() {
        let many = Dictionary(uniqueKeysWithValues: (0..<33).map { (Metric("m\($0)"), 1.0) })
        #expect(rejection(update(metrics: many)) == Rejection("north", .metricCount(found: 33, limit: 32)))
        for name in [
            String(repeating: "x", count: 65), "", "a b", "\u{1B}[2J", "e" + String(repeating: "\u{301}", count: 50),
        ] {
            let found = rejection(update(metrics: [Metric(name): 1]))
            #expect(found == Rejection("north", .metricName(name)))
            #expect(found?.description.unicodeScalars.contains("\u{1B}") == false)
        }
    }

    @Test func sharesAreAsAgreed() throws {
        let wide = try randomShare(2, dimension: 5, client: "north", round: 7)
        #expect(rejection(wide) == Rejection("north", .featureDimension(expected: 4, found: 5)))
        let many = try randomShare(6, client: "north", round: 7)
        #expect(rejection(many) == Rejection("north", .featureCount(found: 6, limit: 5)))
        let none = try randomShare(0, client: "north", round: 7)
        #expect(rejection(none) == Rejection("north", .featureCount(found: 0, limit: 5)))
        let tagged = FeatureShare(
            try FeatureSet(normalizing: Tensor(repeating: 1, shape: [3, 4]), partitions: [3, 0, 4]), client: "north",
            round: 7)
        let found = rejection(tagged)
        #expect(found == Rejection("north", .partition(row: 2, found: 4, partitions: 4)))
        #expect(found?.description == "client north tagged feature 2 with partition 4; there are 4, counted from 0")
    }
}
