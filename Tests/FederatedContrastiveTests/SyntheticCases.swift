import Foundation
import Segmentation
import Tensor
import Volumes

@testable import FederatedContrastive

/// Patients whose images are discs brighter than what surrounds them, on a grid of 16 × 16 × 3.
enum SyntheticCases {
    static let preprocessing = Preprocessing(spacing: 1, size: 16)
    static let classes = ["background", "disc"]

    static func make(_ patients: [String]) -> [String: [LabelledCase]] {
        var cases: [String: [LabelledCase]] = [:]
        for (number, patient) in patients.enumerated() {
            var generator = SeededGenerator(seed: 1, path: number)
            let extent = Volume.Extent(x: 16, y: 16, slices: 3)
            let spacing = Volume.Spacing(x: 1, y: 1, slice: 5)
            let centre = (generator.uniform(in: 5...10), generator.uniform(in: 5...10))
            var voxels: [Float] = []
            var labels: [Float] = []
            for place in 0..<extent.count {
                let (x, y) = (Float(place % 16) - centre.0, Float(place / 16 % 16) - centre.1)
                let isInside = x * x + y * y < 16
                labels.append(isInside ? 1 : 0)
                voxels.append((isInside ? 1 : 0.3) + 0.05 * generator.normal())
            }
            let image = Volume(extent: extent, spacing: spacing, voxels: voxels)
            let reference = Volume(extent: extent, spacing: spacing, voxels: labels)
            cases[patient] = [
                LabelledCase(patient: patient, frame: "ED", volume: preprocessing(image, labels: reference)) {
                    () throws(VolumesError) in reference
                }
            ]
        }
        return cases
    }

    static func runner(_ folder: URL, clients: Int = 2, plan: FineTuningPlan = plan, starts: [String] = ["random"])
        throws
        -> TrialRunner
    {
        let patients = (1...12).map { "p\($0)" }
        return TrialRunner(
            folder: folder, starts: try InitialWeights.all(starts),
            split: PatientSplit(of: patients, clients: clients, seed: 3), cases: make(patients), folds: 3, plan: plan,
            inference: Inference(testTimeViews: false, cleanUp: true), width: 2, preprocessing: preprocessing,
            classes: classes)
    }

    static var plan: FineTuningPlan {
        var plan = FineTuningPlan()
        plan.rounds = 6
        plan.batchSize = 3
        plan.learningRate = 1e-2
        plan.augmentation = .weak
        return plan
    }

    static let trial = Trial(
        start: "random", mode: .federated, annotated: 2, fold: 0, seed: 1,
        rates: LearningRates(decoder: 1e-2, encoder: 1))
}
