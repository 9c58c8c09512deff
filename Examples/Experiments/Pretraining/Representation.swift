import Contrastive
import Foundation
import Tensor
import UNet

/// What the encoder's features say of things that it was not trained on, so that a bad pre-training is seen in minutes:
/// which part of the heart a slice shows, and what its patient has.
///
/// Features are the bottleneck's, averaged over the image, of every slice of all sites: the simulation has them all; a
/// site of a real federation would measure its own. The diagnoses are used for this number only.
package struct Representation: Sendable {
    private let encoder: UNet.Encoder
    private let cohort: Cohort
    private let settings: PretrainingSettings

    package init(_ model: PretrainingModel, _ cohort: Cohort, _ settings: PretrainingSettings) {
        (encoder, self.cohort, self.settings) = (model.encoder, cohort, settings)
    }

    /// Whether this round is one to be measured: every `probeEvery`th, and the last.
    package func isDue(after round: Int) -> Bool {
        settings.probeEvery > 0 && (round % settings.probeEvery == 0 || round == settings.rounds)
    }

    /// The metrics of a round: the share of slices whose partition, and of patients whose diagnosis, neighbours
    /// (`…Neighbours`) and a linear map (`…Probe`) guess; `uniformity` and `alignment` of unit features.
    package func metrics(of parameters: Parameters) throws -> [String: Double] {
        var generator = SeededGenerator(seed: settings.seed, path: Stream.representation)
        var (rows, views): ([Float], [Float]) = ([], [])
        var (partitions, owners): ([Int], [Int]) = ([], [])
        for (slices, patients) in zip(cohort.libraries, cohort.owners) {
            for batch in slices.inOrder(batchSize: 16) {
                try Task.checkCancellation()
                let images = slices.images(batch)
                rows += features(of: images, by: parameters).elements
                views += features(of: settings.views(images, using: &generator), by: parameters).elements
                partitions += batch.map { Int($0.partition) }
                owners += batch.map { patients[$0.volume] }
            }
        }
        let shape: Tensor.Shape = [partitions.count, encoder.outputChannels]
        let features = Tensor(rows, shape: shape)
        var metrics: [String: Double] = [:]
        metrics["partitionNeighbours"] = Probe.nearestNeighbours(features, classes: partitions, groups: owners)
        metrics["partitionProbe"] = Probe.linear(features, classes: partitions, groups: owners)
        let set = FeatureSet(features: features.l2Normalized(), partitions: partitions.map(UInt8.init))
        let other = FeatureSet(features: Tensor(views, shape: shape).l2Normalized(), partitions: set.partitions)
        metrics["uniformity"] = set.uniformity
        metrics["alignment"] = set.alignment(with: other)
        if let diagnoses = cohort.diagnoses {
            let (means, patients) = Self.means(of: features, by: owners)
            let classes = patients.map { diagnoses[$0] }
            metrics["diagnosisNeighbours"] = Probe.nearestNeighbours(
                means, classes: classes, groups: patients, neighbours: 5)
            metrics["diagnosisProbe"] = Probe.linear(means, classes: classes, groups: patients, penalty: 10)
        }
        return metrics
    }

    private func features(of images: Tensor, by parameters: Parameters) -> Tensor {
        evaluate(parameters) { globalAveragePool(encoder($0.constant(images))) }
    }

    /// The mean feature of each patient, and the patients in the order of the rows.
    private static func means(of features: Tensor, by owners: [Int]) -> (Tensor, [Int]) {
        let patients = Set(owners).sorted()
        let places = Dictionary(uniqueKeysWithValues: patients.enumerated().map { ($1, $0) })
        let columns = features.shape[1]
        var means = Tensor(zeros: [patients.count, columns])
        let elements = features.elements
        let counts = Dictionary(owners.map { ($0, 1) }, uniquingKeysWith: +)
        means.withMutableElements { target in
            for (row, owner) in owners.enumerated() {
                let (start, share) = (places[owner]! * columns, 1 / Float(counts[owner]!))
                for column in 0..<columns { target[start + column] += share * elements[row * columns + column] }
            }
        }
        return (means, patients)
    }
}
