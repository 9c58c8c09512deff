import Experiments
import Foundation

/// One thing to do: a run of one program in a folder of its own.
struct Step {
    let title: String
    let program: String
    /// The folder of the run.
    let folder: URL
    /// The file that is there when the step is done.
    let product: String
    /// What the program is called with, without the folder.
    let arguments: [String]

    var isDone: Bool { FileManager.default.fileExists(atPath: folder.appendingPathComponent(product).path) }

    /// The arguments for a new run, or for one that goes on.
    var call: [String] {
        let begun = FileManager.default.fileExists(atPath: folder.appendingPathComponent("config.json").path)
        return begun ? ["--resume", folder.path] : arguments + ["--output", folder.path]
    }
}

/// Everything that has to be run for the tables, in order.
struct Plan {
    let steps: [Step]
    /// The tables, and where their numbers are.
    let tables: [(kind: ResultTable.Kind, file: URL)]

    init(_ settings: Settings, in folder: URL) {
        let pretrained = settings.methods.filter { $0 != .random }
        let common = [
            "--clients", "\(settings.clients)", "--width", "\(settings.width)", "--size", "\(settings.size)",
            "--spacing", "\(settings.spacing)",
        ]
        var steps = pretrained.map { method in
            Step(
                title: "pre-training \(method.title)", program: "ACDCPretrain",
                folder: folder.appendingPathComponent("pretraining/\(method.rawValue)"), product: "encoder.safetensors",
                arguments: ["--method", method.rawValue, "--data", settings.data] + common + [
                    "--rounds", "\(settings.rounds)", "--seed", "\(settings.seed)",
                ])
        }
        // FCL comes first: every other start is compared with the first one.
        let ordered = settings.methods.filter { $0 == .fcl } + settings.methods.filter { $0 != .fcl }
        let starts = ordered.flatMap { method in
            let encoder = folder.appendingPathComponent("pretraining/\(method.rawValue)").path
            return ["--init", "\(method.rawValue)=" + (method == .random ? "random" : encoder)]
        }
        let shared =
            starts + [
                "--annotated", settings.annotated.map(String.init).joined(separator: ","),
                "--folds", settings.folds.map(String.init).joined(separator: ","),
                "--fold-count", "\(settings.foldCount)",
                "--seeds", settings.seeds.map(String.init).joined(separator: ","),
                "--learning-rate", settings.learningRates.map { "\($0)" }.joined(separator: ","),
                "--encoder-rate", settings.encoderRates.map { "\($0)" }.joined(separator: ","),
                "--rounds", "\(settings.fineTuningRounds)",
            ]
        let shape = ["--width", "\(settings.width)", "--size", "\(settings.size)", "--spacing", "\(settings.spacing)"]
        var tables: [(ResultTable.Kind, URL)] = []
        for kind in [ResultTable.Kind.local, .federated] {
            let home = folder.appendingPathComponent(kind.rawValue)
            steps.append(
                Step(
                    title: "fine-tuning: \(kind.title)", program: "ACDCFineTune", folder: home, product: "results.json",
                    arguments: shared + common + [
                        "--data", settings.data, "--mode", kind.rawValue, "--split-seed", "\(settings.seed)",
                    ]))
            tables.append((kind, home.appendingPathComponent("results.json")))
        }
        if let hvsmr = settings.hvsmr {
            let home = folder.appendingPathComponent("transfer")
            steps.append(
                Step(
                    title: "fine-tuning: \(ResultTable.Kind.transfer.title)", program: "HVSMRTransfer", folder: home,
                    product: "results.json", arguments: shared + shape + ["--data", hvsmr]))
            tables.append((.transfer, home.appendingPathComponent("results.json")))
        }
        (self.steps, self.tables) = (steps, tables)
    }
}
