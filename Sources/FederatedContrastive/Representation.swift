import Contrastive
import Features
import Federation
import Foundation
import Tensor
import UNet

/// A measurement of what the encoder's features reveal about properties it was not trained on: the part of the heart
/// in a slice, and the diagnosis of a patient.
///
/// It reveals bad pre-training within minutes. Features are those of the bottleneck, averaged over the image, of
/// every slice of all sites: the simulation has them all; a site of a real federation would measure its own. The
/// diagnoses are used only for this measurement.
struct Representation: Sendable {
    /// The number of patients below which the fraction of correct diagnoses is meaningless: ten of each of five
    /// groups.
    static let fewestPatients = 50

    private let encoder: UNet.Encoder
    private let cohort: Cohort
    private let settings: PretrainingSettings

    init(_ model: PretrainingModel, _ cohort: Cohort, _ settings: PretrainingSettings) {
        (encoder, self.cohort, self.settings) = (model.encoder, cohort, settings)
    }

    /// Returns whether to measure this round: every `probeEvery`th, and the last.
    func isDue(after round: Int) -> Bool {
        settings.probeEvery > 0 && (round % settings.probeEvery == 0 || round == settings.rounds)
    }

    /// Returns the metrics of a round: nearest-neighbor and linear probes of partition and diagnosis, uniformity, and
    /// alignment.
    func metrics(of parameters: Parameters) throws -> [Metric: Double] {
        var generator = SeededGenerator(seed: settings.seed, path: RandomStream.representation)
        var (parts, views): ([Tensor], [Tensor]) = ([], [])
        var (partitions, owners): ([Int], [Int]) = ([], [])
        for (slices, patients) in zip(cohort.libraries, cohort.owners) {
            for batch in slices.inOrder(batchSize: 16) {
                try Task.checkCancellation()
                let images = slices.images(batch)
                parts.append(features(of: images, with: parameters))
                views.append(features(of: settings.views(images, using: &generator), with: parameters))
                partitions += batch.map { Int($0.partition) }
                owners += batch.map { patients[$0.volume] }
            }
        }
        let features = Tensor(joiningRows: parts)
        var metrics: [Metric: Double] = [:]
        metrics[.partitionNeighbors] = Probe.nearestNeighbors(features, classes: partitions, groups: owners)
        metrics[.partitionProbe] = Probe.linear(features, classes: partitions, groups: owners)
        let tags = partitions.map(UInt8.init)
        if let set = try? FeatureSet(normalizing: features, partitions: tags),
            let other = try? FeatureSet(normalizing: Tensor(joiningRows: views), partitions: tags)
        {
            metrics[.uniformity] = set.uniformity
            metrics[.alignment] = set.alignment(with: other)
        }
        let (means, patients) = Self.means(of: features, by: owners)
        if let diagnoses = cohort.diagnoses, patients.count >= Self.fewestPatients {
            let classes = patients.map { diagnoses[$0] }
            metrics[.diagnosisNeighbors] = Probe.nearestNeighbors(
                means, classes: classes, groups: patients, neighbors: 5)
            metrics[.diagnosisProbe] = Probe.linear(means, classes: classes, groups: patients, penalty: 10)
        }
        return metrics
    }

    private func features(of images: Tensor, with parameters: Parameters) -> Tensor {
        evaluate(parameters) { globalAveragePool(encoder($0.constant(images))) }
    }

    /// Returns the mean feature of each patient, and the patients in the order of the rows.
    private static func means(of features: Tensor, by owners: [Int]) -> (Tensor, [Int]) {
        let patients = Set(owners).sorted()
        let places = Dictionary(uniqueKeysWithValues: patients.enumerated().map { ($1, $0) })
        let counts = Dictionary(owners.map { ($0, 1) }, uniquingKeysWith: +)
        let (columns, elements) = (features.shape[1], features.elements)
        var means = [Float](repeating: 0, count: patients.count * columns)
        for (row, owner) in owners.enumerated() {
            let (start, share) = (places[owner]! * columns, 1 / Float(counts[owner]!))
            for column in 0..<columns { means[start + column] += share * elements[row * columns + column] }
        }
        return (Tensor(means, shape: [patients.count, columns]), patients)
    }
}
