import Foundation
import Phantoms
import Tensor
import Testing

/// Fine-tuning as a user meets it: a process, its files and its exit code.
@Suite(.serialized) struct ACDCFineTuneTests {
    private let fineTune = Executable(name: "ACDCFineTune")
    private let folder: URL
    private let data: String
    private let small = [
        "--clients", "2", "--fold-count", "3", "--rounds", "2", "--width", "2", "--size", "16", "--spacing", "12",
        "--quiet",
    ]

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("finetune-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let phantoms = try Executable(name: "MakePhantoms").run(
            ["--output", folder.appendingPathComponent("phantoms").path, "--patients", "6", "--seed", "5"])
        try #require(phantoms.exitCode == 0, "\(phantoms.errors)")
        data = folder.appendingPathComponent("phantoms/training").path
    }

    @Test("Own data in nnU-Net's layout give the same scores as ACDC's, by a split that the first run wrote")
    func ownData() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let made = try Executable(name: "MakePhantoms").run(
            ["--output", path("own"), "--patients", "6", "--seed", "5", "--format", "nnunet"])
        try #require(made.exitCode == 0, "\(made.errors)")
        let common = ["--init", "random", "--annotated", "1", "--folds", "1"] + small
        let first = try fineTune.run(["--data", data, "--output", path("one")] + common)
        #expect(first.exitCode == 0, "\(first.errors)")
        let second = try fineTune.run(
            ["--data", path("own"), "--output", path("two"), "--split", path("one/split.json")] + common)
        #expect(second.exitCode == 0, "\(second.errors)")
        let (one, two) = try (trials("one/results.json"), trials("two/results.json"))
        #expect(NSArray(array: one[0]["cases"] as! [Any]) == NSArray(array: two[0]["cases"] as! [Any]))
        #expect(
            try Data(contentsOf: folder.appending(path: "one/split.json"))
                == Data(contentsOf: folder.appending(path: "two/split.json")))
        let groups = try fineTune.run(
            ["--data", path("own"), "--output", path("three"), "--partition", "group"] + common)
        #expect(groups.exitCode == 64 && groups.errors.contains("pass --clients 5"), "\(groups.errors)")
    }

    @Test("A fold that pre-training left out is scored on unseen patients; of others, the tables say they were seen")
    func heldOutFold() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let pretrain = Executable(name: "ACDCPretrain")
        let tiny = [
            "--data", data, "--clients", "2", "--rounds", "1", "--width", "2", "--size", "16", "--spacing", "12",
        ]
        let trained = try pretrain.run(
            tiny + ["--fold-count", "3", "--held-out-fold", "1", "--output", path("pre"), "--quiet"])
        #expect(trained.exitCode == 0, "\(trained.errors)")
        func list(_ file: String, _ key: String) throws -> [String] {
            let json = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: file)))
            return try #require((json as? [String: Any])?[key] as? [String])
        }
        let heldOut = try list("pre/split.json", "heldOut")
        #expect(heldOut.count == 2)
        for (fold, seen) in [(1, []), (0, ["FCL"])] as [(Int, [String])] {
            let run = "fold\(fold)"
            let tuned = try fineTune.run(
                [
                    "--data", data, "--init", "FCL=" + path("pre"), "--init", "random", "--annotated", "1", "--folds",
                    "\(fold)", "--output", path(run),
                ] + small)
            #expect(tuned.exitCode == 0, "\(tuned.errors)")
            #expect(try list(run + "/results.json", "transductive") == seen)
            let scored = try Set(
                trials(run + "/results.json").flatMap { $0["cases"] as? [[String: Any]] ?? [] }
                    .compactMap { $0["patient"] as? String })
            #expect(scored == Set(heldOut) || fold == 0)
            for file in ["table.md", "report.html"] {
                let text = try String(contentsOf: folder.appending(path: "\(run)/\(file)"), encoding: .utf8)
                #expect(text.contains("(transductive): FCL.") == !seen.isEmpty)
            }
            let final = try fineTune.run(
                [
                    "--data", data, "--init", "FCL=" + path("pre"), "--annotated", "1", "--folds", "\(fold)", "--final",
                    "--output", path("final\(fold)"),
                ] + small)
            #expect(final.exitCode == 0, "\(final.errors)")
            let card = try String(contentsOf: folder.appending(path: "final\(fold)/MODEL_CARD.md"), encoding: .utf8)
            #expect(card.contains("2 patients that they had not seen (1") == seen.isEmpty, "\(card)")
            #expect(
                card.contains("but not labels, had been seen in pre-training (transductive; 1") == !seen.isEmpty,
                "\(card)")
        }
        let resumed = try pretrain.run(["--resume", path("pre"), "--quiet"])
        #expect(resumed.exitCode == 0, "\(resumed.errors)")
        let alone = try pretrain.run(
            ["--data", data, "--clients", "6", "--fold-count", "3", "--held-out-fold", "2", "--output", path("six")])
        #expect(alone.exitCode == 65 && alone.errors.contains("leaves no patient to client 1"), "\(alone.errors)")
        let none = try pretrain.run(tiny + ["--held-out-fold", "0", "--output", path("none")])
        #expect(none.exitCode == 65 && none.errors.contains("lower --fold-count"), "\(none.errors)")
        let beyond = try pretrain.run(tiny + ["--held-out-fold", "5", "--output", path("beyond")])
        #expect(beyond.exitCode == 64 && beyond.errors.contains("a number from 0 to 4"), "\(beyond.errors)")
    }

    private func trials(_ run: String) throws -> [[String: Any]] {
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: run)))
        return try #require((json as? [String: Any])?["trials"] as? [[String: Any]])
    }

    private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    @Test func aRunLeavesItsTablesAndModels() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let result = try fineTune.run(
            [
                "--data", data, "--init", "random", "--init", "other=random", "--annotated", "1", "--folds", "1",
                "--learning-rate", "1e-3,1e-2", "--output", path("run"), "--json",
            ] + small)
        #expect(result.exitCode == 0, "\(result.errors)")
        #expect(result.errors.isEmpty)
        #expect(result.output.split(separator: "\n").count == 2)

        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: "run/results.json")))
        let file = try #require(json as? [String: Any])
        #expect((file["settings"] as? [String: Any])?["clients"] as? Int == 2)
        let trials = try #require(file["trials"] as? [[String: Any]])
        #expect(trials.count == 2)
        for trial in trials {
            let cases = try #require(trial["cases"] as? [[String: Any]])
            // One validation patient at each of two clients, in two frames.
            #expect(cases.count == 4)
            let structures = try #require(cases[0]["structures"] as? [String: [String: Any]])
            #expect(Set(structures.keys) == ["left ventricle", "myocardium", "right ventricle"])
            for key in ["dice", "iou", "hd95", "assd", "predictedVolume", "referenceVolume"] {
                #expect(structures["myocardium"]?[key] != nil, "\(key)")
            }
        }
        #expect((file["cells"] as? [[String: Any]])?.count == 2)
        // The starts are the same but for their names.
        let comparison = try #require((file["comparisons"] as? [[String: Any]])?.first)
        #expect(comparison["p"] as? Double == 1 || comparison["meanDifference"] as? Double != 0)
        let table = try String(contentsOf: folder.appending(path: "run/table.md"), encoding: .utf8)
        #expect(table.contains("| random |") && table.contains("N=1") && table.contains("excluded"))
        let csv = try String(contentsOf: folder.appending(path: "run/table.csv"), encoding: .utf8).split(
            separator: "\n")
        #expect(csv.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == 12 })
        #expect(csv.count == 1 + 2 * (2 + 3 * 4))

        // One page that fetches nothing, with the outlines of the models' predictions.
        let page = try String(contentsOf: folder.appending(path: "run/report.html"), encoding: .utf8)
        #expect(page.contains("What it looks like") && page.contains("median: patient"))
        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"))

        // Run again, it has nothing to do, and the tables are the same.
        let again = try fineTune.run(["--resume", path("run"), "--quiet"])
        #expect(again.exitCode == 0, "\(again.errors)")
        #expect(try String(contentsOf: folder.appending(path: "run/table.md"), encoding: .utf8) == table)
        let models = try FileManager.default.contentsOfDirectory(atPath: path("run/trials"))
            .filter { FileManager.default.fileExists(atPath: path("run/trials/\($0)/model.safetensors")) }
        #expect(models.count == 2)
    }

    @Test func aModelForUseLearnsFromAllPatientsAndHasACard() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let options = ["--data", data, "--init", "random", "--annotated", "1", "--unlabelled", "--output", path("run")]
        let result = try fineTune.run(options + small + ["--final"])
        #expect(result.exitCode == 0, "\(result.errors)")
        let model = try Safetensors(contentsOf: folder.appending(path: "run/model.safetensors"))
        #expect(model.metadata["provenance"] == "Fine-tuned: random on all patients, seed 1")
        #expect(model.metadata["inference"] == #"{"cleanUp":true,"testTimeViews":true}"#)
        let card = try String(contentsOf: folder.appending(path: "run/MODEL_CARD.md"), encoding: .utf8)
        #expect(card.contains("not a medical device") && card.contains("10.1109/TMI.2018.2837502"))
        #expect(card.contains("12 labeled images of 6 patients at 2 clients"))
        #expect(card.contains("| left ventricle | ") && card.contains("| DCM | "))
        #expect(!card.contains(folder.path))
        let again = try fineTune.run(["--resume", path("run"), "--quiet"])
        #expect(again.exitCode == 0, "\(again.errors)")

        let alone = try fineTune.run(options.dropLast() + [path("alone"), "--mode", "local", "--final"] + small)
        #expect(alone.exitCode != 0 && alone.errors.contains("--final trains one model of all clients"))
    }

    @Test func eachClientAloneGivesASpreadOverClients() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let result = try fineTune.run(
            ["--data", data, "--init", "random", "--mode", "local", "--annotated", "1", "--output", path("run")] + small
        )
        #expect(result.exitCode == 0, "\(result.errors)")
        let table = try String(contentsOf: folder.appending(path: "run/table.md"), encoding: .utf8)
        #expect(table.contains("| local |") && table.contains("over clients") && table.contains("±"))
    }

    @Test func wrongInputGetsASentenceAndItsExitCode() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let base = ["--data", data, "--init", "random"]
        let cases: [(arguments: [String], exitCode: Int32, words: [String])] = [
            (["--init", "random", "--output", path("x")], 64, ["--data"]),
            (["--data", data, "--output", path("x")], 64, ["--init"]),
            (base, 64, ["--output"]),
            (base + ["--output", path("x"), "--annotated", "0"], 64, ["--annotated", "0"]),
            (base + ["--output", path("x"), "--annotated", "1,,2"], 64, ["--annotated"]),
            (base + ["--output", path("x"), "--folds", "5"], 64, ["--folds", "5"]),
            (base + ["--output", path("x"), "--learning-rate", "fast"], 64, ["--learning-rate", "fast"]),
            (base + ["--output", path("x"), "--annotated", "4", "--clients", "2"], 64, ["--annotated 4"]),
            (
                base + ["--output", path("x"), "--annotated", "1", "--clients", "2"], 64,
                ["--folds 0", "no patient", "--fold-count"]
            ),
            (base + ["--output", path("x"), "--clients", "9"], 65, ["9 clients"]),
            (["--data", data, "--init", path("none"), "--output", path("x")], 66, ["none", "random"]),
            (["--data", data, "--init", data, "--output", path("x")], 66, ["encoder.safetensors"]),
            (["--data", path("none"), "--init", "random", "--output", path("x")], 66, ["none"]),
            (["--resume", path("none")], 66, ["none"]),
            (["--resume", path("none"), "--seeds", "1"], 64, ["--seeds"]),
        ]
        for (arguments, exitCode, words) in cases {
            let result = try fineTune.run(arguments)
            #expect(result.exitCode == exitCode, "\(arguments): \(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(arguments): \(result.errors)") }
        }
    }
}
