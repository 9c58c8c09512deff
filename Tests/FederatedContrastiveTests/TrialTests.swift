import Foundation
import Segmentation
import Tensor
import Testing
import Volumes
import _TestSupport

@testable import FederatedContrastive

@Suite struct TrialTests {
    @Test func learnsAndIsScoredOnOtherPatients() async throws {
        let folder = try TemporaryFolder()
        var plan = SyntheticCases.plan
        plan.rounds = 40
        let runner = try SyntheticCases.runner(folder.url, plan: plan)
        let result = try await runner.run(SyntheticCases.trial)
        #expect(try #require(result.dice) > 0.8)
        let scored = Set(result.cases.map(\.patient))
        let learnt = Set([0, 1].flatMap { runner.patients(of: $0, in: SyntheticCases.trial).annotated })
        #expect(scored.count == 4 && learnt.count == 4 && scored.isDisjoint(with: learnt))
        // The second time it is read, not trained.
        #expect(try await runner.run(SyntheticCases.trial).seconds == result.seconds)
    }

    @Test func theSearchOfALearningRateNeverSeesTheValidationPatients() throws {
        let runner = try SyntheticCases.runner(TemporaryFolder().url)
        for annotated in 1...4 {
            for fold in 0..<3 {
                var trial = SyntheticCases.trial
                (trial.annotated, trial.fold) = (annotated, fold)
                var search = trial
                search.isSearch = true
                for client in 0..<2 {
                    let (learnt, unlabelled, scored) = runner.patients(of: client, in: search)
                    #expect(!learnt.isEmpty && !scored.isEmpty && Set(learnt).isDisjoint(with: scored))
                    #expect(Set(unlabelled).isDisjoint(with: learnt + scored))
                    for validation in runner.patients(of: client, in: trial).scored {
                        #expect(!learnt.contains(validation) && !scored.contains(validation))
                    }
                }
            }
        }
    }

    @Test(arguments: [false, true])
    func aTrialThatIsStoppedGoesOnWithTheSameBits(unlabelled: Bool) async throws {
        let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
        var plan = SyntheticCases.plan
        if unlabelled { (plan.rounds, plan.localEpochs, plan.unlabelled) = (12, 3, true) }
        let whole = try SyntheticCases.runner(first.url, plan: plan)
        _ = try await whole.run(SyntheticCases.trial)

        var stopped = try SyntheticCases.runner(second.url, plan: plan)
        stopped.checkpointInterval = .zero
        let latest = second.file("\(SyntheticCases.trial.id)/checkpoints/latest")
        var stops = 0
        for _ in 0..<20 {
            let runner = stopped
            let work = Task { try await runner.run(SyntheticCases.trial) }
            let before = try? FileManager.default.destinationOfSymbolicLink(atPath: latest.path)
            while (try? FileManager.default.destinationOfSymbolicLink(atPath: latest.path)) == before {
                if FileManager.default.fileExists(atPath: second.file("\(SyntheticCases.trial.id)/result.json").path) {
                    break
                }
                try await Task.sleep(for: .milliseconds(1))
            }
            work.cancel()
            do {
                _ = try await work.value
                break
            } catch is CancellationError { stops += 1 }
        }
        #expect(stops > 0)
        _ = try await stopped.run(SyntheticCases.trial)
        let model = "\(SyntheticCases.trial.id)/model.safetensors"
        #expect(try Data(contentsOf: first.file(model)) == Data(contentsOf: second.file(model)))
        let rounds = try Data(contentsOf: second.file("\(SyntheticCases.trial.id)/rounds.jsonl"))
        #expect(rounds.split(separator: 0x0A).count == plan.rounds)
    }

    @Test(arguments: [false, true])
    func oneThreadAndManyGiveTheSameBits(unlabelled: Bool) async throws {
        var plan = SyntheticCases.plan
        if unlabelled { (plan.rounds, plan.localEpochs, plan.unlabelled) = (12, 3, true) }
        var models: [Data] = []
        for threads in [1, 3] {
            let folder = try TemporaryFolder()
            let runner = try SyntheticCases.runner(folder.url, plan: plan)
            _ = try await Parallel.$threadLimit.withValue(threads) { try await runner.run(SyntheticCases.trial) }
            models.append(try Data(contentsOf: folder.file("\(SyntheticCases.trial.id)/model.safetensors")))
        }
        #expect(models[0] == models[1])
    }

    @Test func aCurveHasAPointForEveryFewRoundsAndChangesNothing() async throws {
        let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
        let plain = try await SyntheticCases.runner(first.url).run(SyntheticCases.trial)
        var runner = try SyntheticCases.runner(second.url)
        runner.scoreEvery = 2
        let result = try await runner.run(SyntheticCases.trial)
        #expect(result.dice == plain.dice && plain.curve == nil)
        let curve = try #require(result.curve)
        #expect(curve.map(\.round) == [2, 4, 6])
        // Two clients receive and send the model in every round.
        let model = try SegmentationModel(contentsOf: second.file("\(SyntheticCases.trial.id)/model.safetensors"))
        #expect(curve.map(\.megabytes) == [8, 16, 24].map { Double($0 * model.parameters.byteCount) / 1e6 })
        #expect(curve.last?.dice == result.dice)
        #expect(try await runner.run(SyntheticCases.trial).curve == curve)
    }

    @Test func aFrozenEncoderKeepsItsBits() async throws {
        let folder = try TemporaryFolder()
        let runner = try SyntheticCases.runner(folder.url)
        var trial = SyntheticCases.trial
        trial.encoderRate = 0
        _ = try await runner.run(trial)
        let trained = try Safetensors(contentsOf: folder.file("\(trial.id)/model.safetensors"))
        let fresh = try InitialWeights("random").model(
            width: 2, preprocessing: SyntheticCases.preprocessing, classes: SyntheticCases.classes, seed: 1
        ).parameters.safetensors()
        for (name, tensor) in fresh.tensors {
            let isEncoder = name.hasPrefix("inc") || name.hasPrefix("down")
            if isEncoder { #expect(trained.tensors[name] == tensor, "\(name)") }
            if name == "outc.conv.weight" { #expect(trained.tensors[name] != tensor) }
        }
    }

    @Test func aSingleClientLearnsAlone() async throws {
        let folder = try TemporaryFolder()
        let runner = try SyntheticCases.runner(folder.url)
        var trial = SyntheticCases.trial
        (trial.mode, trial.client) = (.local, 1)
        let result = try await runner.run(trial)
        // Scored on the validation patients of all clients.
        #expect(Set(result.cases.map(\.patient)).count == 4)
    }
}
