import Contrastive
import Foundation
import Tensor

/// Everything that determines a run: what is written to `config.json` and read back from there.
package struct PretrainingSettings: RunSettings {
    /// The folder of patients.
    package var data = ""
    /// The method, one of ``PretrainingMethods/names``.
    package var method = "fcl"
    /// Who shares weights with whom; the method's own way if absent.
    package var federation: Collaboration?
    /// How many sites the patients are divided among.
    package var clients = 10
    /// How often weights and features are exchanged.
    package var rounds = 100
    /// Passes of each client over its slices in a round.
    package var localEpochs = 1
    /// Parts into which a volume is cut along the slice axis, S.
    package var partitions = 4
    /// The temperature τ of the loss; the method's own if absent.
    package var temperature: Float?
    /// How much of itself the momentum encoder keeps in each step, m.
    package var momentum: Float = 0.99
    /// The length D of a feature.
    package var featureDimension = 128
    /// Entries of a client's memory bank, K; one for each of its slices if absent.
    package var bank: Int?
    /// Which entries of the bank are negatives.
    package var negatives = FCLLoss.Negatives.otherPartitions
    /// FCL's remote loss.
    package var remoteLoss = true
    /// Whether sites send each other features, where the method does.
    package var exchange = true
    /// FCL's momentum encoder; without it, keys come from the main encoder.
    package var momentumEncoder = true
    /// SwAV's prototypes.
    package var prototypes = 64
    /// Channels of the encoder's first level.
    package var width = 16
    /// Rows and columns of a slice.
    package var size = 192
    /// Distance between pixels, in mm.
    package var spacing = 1.37
    /// Volumes in a batch, V; the batch has V · S slices.
    package var batchVolumes = 2
    /// How slices are put together to batches.
    package var batch = BatchComposition.balanced
    /// Adam's rate at the start; it falls to zero along a cosine.
    package var learningRate: Float = 1e-3
    /// The L2 penalty added to the gradient.
    package var weightDecay: Float = 1e-4
    /// The strength of the random views.
    package var augmentation = AugmentationStrength.weak
    /// Which statistics the momentum encoder normalises with.
    package var keyNormalization = KeyNormalization.batch
    /// Which frames of a patient are used.
    package var frames = Frames.endpoints
    /// The fewest clients with which a round counts; all of them if absent.
    package var quorum: Int?
    /// After how many rounds the representation is measured; 0 for never.
    package var probeEvery = 10
    /// The seed of all randomness.
    package var seed: UInt64 = 1

    /// The defaults.
    package init() {}

    /// Who shares weights with whom.
    package enum Collaboration: String, Codable, CaseIterable, Sendable {
        /// The server averages the sites' weights after every round.
        case fedavg
        /// One site has the patients of all.
        case centralised = "none"
        /// Each site trains alone; the sites' models are averaged at the end.
        case local
    }

    /// What may be left out of a method.
    package enum Ablation: String, CaseIterable, Sendable {
        case remoteLoss = "--no-remote-loss"
        case exchange = "--no-exchange"
        case momentumEncoder = "--no-momentum-encoder"
    }

    /// Equally many slices of every partition in a batch, or slices whatever their partition.
    package enum BatchComposition: String, Codable, CaseIterable, Sendable { case balanced, random }

    /// How strong views are.
    package enum AugmentationStrength: String, Codable, CaseIterable, Sendable {
        case weak, upright, standard

        var views: Augmentation {
            switch self {
            case .weak: .weak
            case .upright: .upright
            case .standard: .standard
            }
        }
    }

    /// Statistics of a batch norm.
    package enum KeyNormalization: String, Codable, CaseIterable, Sendable { case batch, running }

    /// The frames of a patient: its two endpoints, or all.
    package enum Frames: String, Codable, CaseIterable, Sendable { case endpoints, cine }
}

extension PretrainingSettings {
    package static let optionalKeys: Set<String> = ["bank", "federation", "quorum", "temperature"]

    /// Refuses what no run can be made of, naming the option and its range.
    package func validate() throws(Failure) {
        try check(!data.isEmpty, "--data is missing: the folder of patients, such as ACDC/training.")
        guard let type = PretrainingMethods.named(method) else {
            throw .usage(
                "--method \(method): one of \(PretrainingMethods.names.joined(separator: ", ")) is expected.")
        }
        for ablation in leftOut.subtracting(type.ablations).sorted(by: { $0.rawValue < $1.rawValue }) {
            let names = PretrainingMethods.all.filter { $0.ablations.contains(ablation) }.map { $0.name }
            throw .usage(
                "\(ablation.rawValue) is for --method \(names.joined(separator: " and ")); \(method) has none to leave "
                    + "out.")
        }
        try check((1...1000).contains(clients), "--clients \(clients): a number from 1 to 1000 is expected.")
        try check(rounds > 0, "--rounds \(rounds): a positive number is expected.")
        try check(probeEvery >= 0, "--probe-every \(probeEvery): a number of rounds is expected, or 0 for never.")
        try check(localEpochs > 0, "--local-epochs \(localEpochs): a positive number is expected.")
        try check((2...64).contains(partitions), "--partitions \(partitions): a number from 2 to 64 is expected.")
        try check(
            tau.isFinite && tau > 0, "--temperature \(tau): a positive number is expected.")
        try check((2...4096).contains(prototypes), "--prototypes \(prototypes): a number from 2 to 4096 is expected.")
        try check((0...1).contains(momentum), "--momentum \(momentum): a number from 0 to 1 is expected.")
        try check((1...4096).contains(featureDimension), "--feature-dimension \(featureDimension): 1 to 4096 expected.")
        try check(bank.map { $0 > 0 } ?? true, "--bank \(bank ?? 0): a positive number is expected.")
        try check((1...256).contains(width), "--width \(width): a number from 1 to 256 is expected.")
        try check(
            (16...1024).contains(size) && size % 16 == 0,
            "--size \(size): a multiple of 16 from 16 to 1024 is expected.")
        try check(
            spacing.isFinite && (0.1...20).contains(spacing), "--spacing \(spacing): 0.1 to 20 mm are expected.")
        try check(
            (1...64).contains(batchVolumes), "--batch-volumes \(batchVolumes): a number from 1 to 64 is expected.")
        try check(
            learningRate.isFinite && learningRate > 0, "--learning-rate \(learningRate): a positive number is expected."
        )
        try check(
            weightDecay.isFinite && weightDecay >= 0, "--weight-decay \(weightDecay): zero or more is expected.")
        try check(
            quorum.map { (1...siteCount).contains($0) } ?? true,
            "--quorum \(quorum ?? 0): a number from 1 to the number of sites, \(siteCount), is expected.")
    }
}

extension PretrainingSettings {
    /// The method; FCL where the name is not known, which `validate` refuses.
    package var methodType: any PretrainingMethod.Type { PretrainingMethods.named(method) ?? FCL.self }

    /// Who shares weights with whom.
    package var collaboration: Collaboration { federation ?? methodType.federation }

    /// The number of sites: one where all patients are at one.
    package var siteCount: Int { collaboration == .centralised ? 1 : clients }

    /// The rounds that are run: none where there is nothing to train.
    package var trainedRounds: Int { methodType.isTrained ? rounds : 0 }

    /// The same with the method's own values written out, so that `config.json` says them.
    package var resolved: PretrainingSettings {
        var settings = self
        (settings.temperature, settings.federation) = (tau, collaboration)
        return settings
    }

    /// The temperature τ.
    var tau: Float { temperature ?? methodType.temperature }

    /// What is left out of the method.
    var leftOut: Set<Ablation> {
        Set(
            [(Ablation.remoteLoss, remoteLoss), (.exchange, exchange), (.momentumEncoder, momentumEncoder)]
                .filter { !$0.1 }.map(\.0))
    }

    /// The random views that these settings describe.
    var views: Augmentation { augmentation.views }

    /// How the momentum encoder normalises.
    var keyStatistics: Tape.Normalization { keyNormalization == .batch ? .batchStatistics : .runningStatistics }
}
