import Foundation
import Phantoms
import Tensor
import Testing
import _TestSupport

/// The methods beside FCL as a user asks for them.
@Suite(.serialized) struct ACDCPretrainMethodTests {
    private let pretrain = Executable(name: "ACDCPretrain")
    private let folder: TemporaryFolder
    private let data: String
    private let small = [
        "--clients", "2", "--rounds", "2", "--width", "2", "--size", "16", "--spacing", "12", "--feature-dimension",
        "8", "--quiet",
    ]

    init() throws {
        folder = try TemporaryFolder()
        let phantoms = try Executable(name: "MakePhantoms").run(
            ["--output", folder.file("phantoms").path, "--patients", "3", "--seed", "5"])
        try #require(phantoms.exitCode == 0, "\(phantoms.errors)")
        data = folder.file("phantoms/training").path
    }

    @Test func anEncoderFileSaysHowItCameAbout() throws {
        let cases: [(options: [String], story: String, hasRounds: Bool)] = [
            (["--method", "random"], "Random init, seed 1", false),
            (["--method", "localCL"], "Local CL, 2 clients each alone, 2 rounds, seed 1", true),
            (
                ["--method", "fclPlus", "--keeps-moments", "--batch-volumes", "4"], "FCL+, 2 clients, 2 rounds, seed 1",
                true
            ),
            (
                ["--method", "fedMoCo", "--federation", "none"], "FedMoCo, all patients at one site, 2 rounds, seed 1",
                true
            ),
            (
                ["--no-exchange", "--no-remote-loss"], "FCL, no exchange, no remote loss, 2 clients, 2 rounds, seed 1",
                true
            ),
        ]
        for (number, tried) in cases.enumerated() {
            let output = folder.file("run-\(number)")
            let result = try pretrain.run(["--data", data, "--output", output.path] + small + tried.options)
            #expect(result.exitCode == 0, "\(result.errors)")
            let file = try Safetensors(contentsOf: output.appendingPathComponent("encoder.safetensors"))
            #expect(file.metadata["pretraining"] == tried.story)
            #expect(file.tensors.keys.allSatisfy { !$0.hasPrefix("head.") })
            let rounds = output.appendingPathComponent("rounds.jsonl").path
            #expect(FileManager.default.fileExists(atPath: rounds) == tried.hasRounds)
            // A run that is over is over, also by another method than FCL.
            let again = try pretrain.run(["--resume", output.path, "--quiet"])
            #expect(again.exitCode == 0, "\(again.errors)")
        }
    }

    @Test func wrongOptionsGetASentence() throws {
        let cases: [(arguments: [String], words: [String])] = [
            (["--method", "fedMagic"], ["fedMagic", "fedSimCLR"]),
            (["--method", "fedSimCLR", "--no-remote-loss"], ["--no-remote-loss", "fcl"]),
            (["--method", "localCL", "--federation", "some"], ["federation", "some"]),
            (["--batch", "odd"], ["batch", "odd"]),
        ]
        for (arguments, words) in cases {
            let result = try pretrain.run(["--data", data] + arguments)
            #expect(result.exitCode == 64, "\(arguments): \(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(arguments): \(result.errors)") }
        }
        let resumed = try pretrain.run(["--resume", folder.file("nothing").path, "--method", "fcl"])
        #expect(resumed.exitCode == 64 && resumed.errors.contains("--method"))
    }
}
