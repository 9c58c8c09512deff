import Foundation
import Tensor
import Volumes

extension RunFolder<PretrainingSettings> {
    /// Writes down which patients each site has, and refuses to go on with others than before.
    package func checkSplit(_ split: [[String]]) throws(Failure) {
        let file = url.appendingPathComponent("split.json")
        guard let known = try? Data(contentsOf: file) else {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted]
            return try write(try! encoder.encode(split) + Data("\n".utf8), to: file.lastPathComponent)
        }
        guard let before = try? JSONDecoder().decode([[String]].self, from: known), before == split else {
            throw .badData(
                "\(settings.data) does not hold the patients this run began with (\(file.path)); "
                    + "restore them, or begin a new run.")
        }
    }

    /// Writes the pre-trained encoder, without the projection head, under the names and in the layout of PyTorch.
    package func writeEncoder(_ parameters: Parameters) throws {
        let preprocessing = Preprocessing(spacing: settings.spacing, size: settings.size)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let metadata = [
            "format": "pt", "preprocessing": String(decoding: try encoder.encode(preprocessing), as: UTF8.self),
            "model": "U-Net encoder, width \(settings.width), depth 4, batch norm",
            "input": "1 channel, \(settings.size) × \(settings.size) pixels of \(settings.spacing) mm, "
                + "intensities clipped to the volume's percentiles 1 to 99 and scaled to 0 … 1",
            "pretraining": settings.summary,
        ]
        try parameters.safetensors(including: { !$0.name.hasPrefix("head.") }, metadata: metadata)
            .write(to: url.appendingPathComponent("encoder.safetensors"))
    }
}

extension PretrainingSettings {
    /// How an encoder came about, in a line.
    package var summary: String {
        guard methodType.isTrained else { return "\(methodType.title), seed \(seed)" }
        let sites =
            switch collaboration {
            case .fedavg: "\(clients) clients"
            case .centralised: "all patients at one site"
            case .local: "\(clients) clients each alone"
            }
        let without = leftOut.map { ", " + $0.rawValue.dropFirst(2).replacing("-", with: " ") }.sorted().joined()
        return "\(methodType.title)\(without), \(sites), \(rounds) rounds, seed \(seed)"
    }
}
