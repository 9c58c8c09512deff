import Foundation
import Volumes

/// The settings of cross-validated fine-tuning on one data set.
public protocol CrossValidationSettings: RunSettings {
    /// The initial weights to compare, and the training of networks.
    var training: FineTuningSettings { get set }
    /// The mode: each client alone, or all of them together.
    var mode: Trial.Mode { get }
    /// The title of the report.
    static var title: String { get }
    /// Whether to train a model on all patients too, for use.
    var final: Bool { get }

    /// Reads and divides the patients.
    ///
    /// - Parameters:
    ///   - starts: The initial weights, whose pre-training used the same division.
    ///   - preprocessing: The preprocessing of the images.
    func patients(
        of starts: [InitialWeights], preparedBy preprocessing: Preprocessing
    ) async throws -> LabelledPatients
}

extension CrossValidationSettings {
    /// The same settings with the defaults that depend on the mode, so that `config.json` states them.
    public var resolved: Self {
        var settings = self
        settings.training = training.resolved(for: mode)
        return settings
    }

    /// Returns whether only the lists of the training grew, so that finished trials remain.
    public func extends(_ earlier: Self) -> Bool {
        var same = earlier
        same.training = training
        return self == same && training.extends(earlier.training)
    }
}

/// The patients of a cross-validation, with their labeled images.
public struct LabelledPatients: Sendable {
    /// The division among clients and folds.
    public let split: PatientSplit
    /// The labeled images of each patient.
    public let cases: [String: [LabelledCase]]
    /// The names of the classes, the background first.
    public let classes: [String]
    /// The number of channels of an image.
    public let channels: Int

    /// Creates the patients of a data set.
    public init(split: PatientSplit, cases: [String: [LabelledCase]], classes: [String], channels: Int = 1) {
        (self.split, self.cases, self.classes, self.channels) = (split, cases, classes, channels)
    }
}

/// The settings of fine-tuning on a folder in the layout of ACDC or of nnU-Net.
public struct ACDCFineTuningSettings: CrossValidationSettings {
    /// The heading of reports.
    public static let title = "Segmentation from few annotated patients"

    /// The initial weights to compare, and the training of networks.
    public var training = FineTuningSettings()
    /// The mode: each client alone, or all of them together.
    public var mode = Trial.Mode.federated
    /// The number of sites among which the patients are divided.
    public var clients = 10
    /// The seed of the division, equal to that of the pre-training.
    public var splitSeed: UInt64 = 1
    /// The rule by which the patients are divided, that of the pre-training.
    public var partition = PartitionRule.iid
    /// A file with the patients of each site, or of each fold, in place of those rules; see ``SplitFile``.
    public var splitFile: String?
    /// Whether to distribute all diagnoses among clients and folds as equally as possible.
    public var stratified = false
    /// Whether to train a model on all patients too, for use.
    public var final = false

    /// Creates the default settings.
    public init() {}

    /// Checks every setting.
    ///
    /// - Throws: `RunError` that names the first setting that is out of range.
    public func validate() throws(RunError) {
        try training.validate()
        try check("clients", clients, (1...1000).contains(clients), "a number from 1 to 1000")
        if stratified, partition != .iid {
            throw .conflict("--stratified makes sites alike, and --partition \(partition) makes them differ; give one.")
        }
        if splitFile != nil, partition != .iid || stratified {
            throw .conflict("--split prescribes the division; leave out --partition and --stratified.")
        }
        if final, mode == .local || training.starts.count > 1 {
            throw .conflict("--final trains one model of all clients; pass one --init, and not --mode local.")
        }
    }

    /// Loads the patients by site, and their preprocessed slices.
    ///
    /// - Throws: `VolumesError` if a file cannot be read, `RunError` if there are too few patients.
    public func patients(
        of starts: [InitialWeights], preparedBy preprocessing: Preprocessing
    ) async throws -> LabelledPatients {
        var data = try DataSet(contentsOf: URL(fileURLWithPath: training.data))
        let split = try split(of: data, starts: starts)
        data.patients.removeAll { patient in !split.clients.contains { $0.contains(patient.id) } }
        try training.validate(for: split)
        return LabelledPatients(
            split: split, cases: try await LabelledCase.all(in: data, preparedBy: preprocessing),
            classes: data.classNames, channels: data.channelNames.count)
    }

    /// Returns the division of the patients, which must equal that of the pre-training runs.
    private func split(of data: DataSet, starts: [InitialWeights]) throws(RunError) -> PatientSplit {
        var groups: [String: String]?
        if stratified {
            if let unknown = data.patients.first(where: { $0.group == nil }) {
                throw .data("--stratified: neither Info.cfg nor patients.csv names a group of \(unknown.id).")
            }
            groups = data.groups
        }
        let split = try division(of: data, groups)
        for start in starts {
            if let known = start.clients, known != split.clients {
                throw .conflict(
                    "--init \(start.name): in pre-training the clients had other patients; pass that run's --data and "
                        + "--clients, and its seed as --split-seed.")
            }
        }
        return split
    }
}

extension ACDCFineTuningSettings {
    /// Returns the division by the file, or by the rule.
    private func division(of data: DataSet, _ groups: [String: String]?) throws(RunError) -> PatientSplit {
        if let splitFile {
            let file = try SplitFile(contentsOf: URL(fileURLWithPath: splitFile))
            try file.check(data, sites: clients)
            var sites = file.sites ?? []
            if file.sites == nil { sites = try partition.sites(of: data, count: clients, seed: splitSeed) }
            if let folds = file.folds, folds.count != training.foldCount {
                throw .conflict("--split: the file has \(folds.count) folds; pass --fold-count \(folds.count).")
            }
            return PatientSplit(clients: sites, seed: splitSeed, folds: file.folds)
        }
        let sites = try partition.sites(of: data, count: clients, seed: splitSeed)
        guard let groups else { return PatientSplit(clients: sites, seed: splitSeed) }
        return PatientSplit(of: data.patients.map(\.id), clients: clients, seed: splitSeed, stratifiedBy: groups)
    }
}

/// The settings of fine-tuning on HVSMR 2016, whose patients are all at one site.
public struct HVSMRTransferSettings: CrossValidationSettings {
    /// The heading of reports.
    public static let title = "Transfer to HVSMR 2016"

    /// The initial weights to compare, and the training of networks.
    public var training = FineTuningSettings()
    /// The release to read; by default, the only one in the folder.
    public var release: HVSMR.Release?
    /// The axis along which slices are taken.
    public var sliceAxis = HVSMR.SliceAxis.automatic
    /// The seed of the order in which patients are assigned to folds.
    public var splitSeed: UInt64 = 1

    /// Creates the default settings.
    public init() {}

    /// The mode, which is local because there is only one site.
    public var mode: Trial.Mode { .local }
    /// No model is trained on all patients.
    public var final: Bool { false }

    /// Checks every setting.
    ///
    /// - Throws: `RunError` that names the first setting that is out of range.
    public func validate() throws(RunError) { try training.validate() }

    /// Loads the patients by site, and their preprocessed slices.
    ///
    /// - Throws: `VolumesError` if a file cannot be read, `RunError` if there are too few patients.
    public func patients(
        of starts: [InitialWeights], preparedBy preprocessing: Preprocessing
    ) async throws -> LabelledPatients {
        let hvsmr = try HVSMR(contentsOf: URL(fileURLWithPath: training.data), release: release)
        let split = PatientSplit(of: hvsmr.patients.map(\.id), clients: 1, seed: splitSeed)
        try training.validate(for: split)
        return LabelledPatients(
            split: split,
            cases: try await LabelledCase.hvsmr(hvsmr, preparedBy: preprocessing, slicing: sliceAxis),
            classes: HVSMR.classNames)
    }
}
