import FederatedContrastive
import Foundation
import Phantoms
import Volumes

// How much Dice does a grid cost? The experts' own labels go to the grid of the network and back, as a perfect network's
// would: GridCeiling ACDC/training 64x3.2 144x1.5. Without arguments, on synthetic hearts.
let arguments = CommandLine.arguments.dropFirst()
let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ceiling-\(UUID().uuidString)")
defer { try? FileManager.default.removeItem(at: folder) }
var training = arguments.first.map { URL(fileURLWithPath: $0) }
if training == nil {
    try await Phantom(seed: 1).write(patients: 2, to: folder)
    training = folder.appendingPathComponent("training")
}
let data = try DataSet(contentsOf: training!)
let grids = arguments.count > 1 ? Array(arguments.dropFirst()) : ["64x3.2", "144x1.5"]

for grid in grids {
    let parts = grid.split(separator: "x")
    guard parts.count == 2, let size = Int(parts[0]), let spacing = Double(parts[1]), size > 0, spacing > 0 else {
        print("\(grid): a number of pixels and their spacing in mm are expected, such as 144x1.5")
        exit(64)
    }
    let preprocessing = Preprocessing(spacing: spacing, size: size)
    let cases = try await LabelledCase.all(in: data, preparedBy: preprocessing).values.flatMap { $0 }
    var dice: [Double] = []
    for image in cases {
        let labels = image.volume.labels!
        let certain = labels.flatMap { label in data.classNames.indices.map { $0 == Int(label) ? Float(1) : 0 } }
        let back = image.volume.restored(scores: certain, classes: data.classNames.count)
        for label in data.classNames.indices.dropFirst() {
            let score = StructureScore.compare(prediction: back, reference: try image.reference(), label: label)
            if let value = score.dice { dice.append(value) }
        }
    }
    let mean = dice.reduce(0, +) / Double(dice.count)
    print("\(size) pixels of \(spacing) mm: Dice \((mean * 10_000).rounded() / 10_000), \(cases.count) images")
}
