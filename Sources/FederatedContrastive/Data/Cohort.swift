import Foundation
import Tensor
import Volumes

extension PretrainingSettings {
    /// Returns the patients of each site.
    func sites(of data: DataSet) throws(RunError) -> [[String]] {
        guard let splitFile else { return try partition.sites(of: data, count: siteCount, seed: seed) }
        let file = try SplitFile(contentsOf: URL(fileURLWithPath: splitFile))
        try file.check(data, sites: siteCount)
        if let sites = file.sites { return sites.map { $0.sorted() } }
        return try partition.sites(of: data, count: siteCount, seed: seed)
    }

    /// Returns the patients that are not trained on: those that fine-tuning scores in the held-out fold.
    func heldOut(of sites: [[String]]) throws(RunError) -> [String] {
        guard let heldOutFold else { return [] }
        var folds: [PatientSplit.Fold]?
        if let splitFile { folds = try SplitFile(contentsOf: URL(fileURLWithPath: splitFile)).folds }
        if let folds, folds.count != foldCount {
            throw .conflict("--split: the file has \(folds.count) folds; pass --fold-count \(folds.count).")
        }
        let split = PatientSplit(clients: sites, seed: seed, folds: folds)
        for client in sites.indices
        where split.fold(heldOutFold, of: foldCount, client: client).training.isEmpty {
            throw .data(
                "--held-out-fold \(heldOutFold) leaves no patient to client \(client + 1), which has "
                    + "\(sites[client].count); pass another --fold-count.")
        }
        let heldOut = split.scored(inFold: heldOutFold, of: foldCount)
        guard !heldOut.isEmpty else {
            throw .data("--held-out-fold \(heldOutFold): in \(foldCount) folds it has no patient; lower --fold-count.")
        }
        return heldOut
    }
}

extension DataSet {
    /// Checks that images have as many channels as a network takes.
    ///
    /// - Throws: `RunError.conflict`.
    public func check(channels: Int) throws(RunError) {
        guard channels == channelNames.count else {
            throw .conflict(
                "--channels is \(channels), but the images in \(folder.path(percentEncoded: false)) have "
                    + "\(channelNames.count) (\(channelNames.joined(separator: ", "))).")
        }
    }
}

/// All patients, divided among the sites and preprocessed.
public struct Cohort: Sendable {
    /// The names of each site's patients.
    public let split: [[String]]
    /// The names of the patients among them that are not trained on.
    public let heldOut: [String]
    /// Each site's slices.
    public let libraries: [SliceLibrary]
    /// For each site, the index of the patient of each of its volumes among all patients.
    let owners: [[Int]]
    /// The index of each patient's diagnosis, if all are known.
    let diagnoses: [Int]?
    /// A one-line summary for display.
    public let summary: String

    /// Loads the patients of the folder given in the settings.
    ///
    /// - Throws: `VolumesError` if the folder cannot be read; `RunError` if it holds too few patients.
    public init(_ settings: PretrainingSettings) async throws {
        var data = try DataSet(contentsOf: URL(fileURLWithPath: settings.data), requiringLabels: false)
        try data.check(channels: settings.channels)
        let sites = try settings.sites(of: data)
        let heldOut = try settings.heldOut(of: sites)
        data.patients.removeAll { patient in
            heldOut.contains(patient.id) || !sites.contains { $0.contains(patient.id) }
        }
        let patients = data.patients.map(\.id)
        let scans = try await data.scans(
            preparedBy: Preprocessing(spacing: settings.spacing, size: settings.size),
            frames: settings.frames == .cine ? .all : .labelled, withLabels: false)
        let volumes = Dictionary(grouping: scans, by: \.patient.id).mapValues { $0.map(\.volume) }
        let phases = Dictionary(grouping: scans, by: \.patient.id).mapValues {
            $0.map { $0.image.phase == .endSystole }
        }
        let names = Set(data.patients.compactMap(\.group)).sorted()
        let groups = data.patients.compactMap { $0.group.flatMap(names.firstIndex) }
        self.init(
            patients, volumes, settings, sites: sites, heldOut: heldOut, endSystolic: phases,
            diagnoses: groups.count == patients.count && names.count > 1 ? groups : nil)
    }

    /// Creates a cohort of patients whose volumes are already preprocessed.
    ///
    /// - Parameters:
    ///   - patients: The names of the patients.
    ///   - volumes: The volumes of each patient.
    ///   - settings: The settings of the run.
    ///   - sites: The patients of each site; by default, they are divided at random.
    ///   - heldOut: The names of those without volumes, which are not trained on.
    ///   - endSystolic: Whether each volume shows end systole; by default, none does.
    ///   - diagnoses: The index of each patient's diagnosis, if all are known.
    /// - Precondition: At least as many patients as sites.
    public init(
        _ patients: [String], _ volumes: [String: [PreparedVolume]], _ settings: PretrainingSettings,
        sites: [[String]]? = nil, heldOut: [String] = [], endSystolic: [String: [Bool]]? = nil,
        diagnoses: [Int]? = nil
    ) {
        (self.diagnoses, self.heldOut) = (diagnoses, heldOut)
        let numbers = Dictionary(uniqueKeysWithValues: patients.enumerated().map { ($1, $0) })
        split = sites ?? PatientSplit(of: patients, clients: settings.siteCount, seed: settings.seed).clients
        libraries = split.map { names in
            SliceLibrary(
                names.flatMap { volumes[$0] ?? [] }, partitions: settings.partitions,
                tagging: settings.methodType.tagging,
                endSystolic: endSystolic.map { phases in names.flatMap { phases[$0] ?? [] } })
        }
        owners = split.map { names in
            names.flatMap { name in (volumes[name] ?? []).map { _ in numbers[name]! } }
        }
        let slices = libraries.map(\.count)
        let sites = settings.siteCount == 1 ? "one site" : "\(settings.siteCount) clients"
        summary =
            "\(patients.count) patients, \(volumes.values.reduce(0) { $0 + $1.count }) volumes, "
            + "\(slices.reduce(0, +)) slices at \(sites) (\(slices.min() ?? 0) to \(slices.max() ?? 0) each)"
    }

    /// Returns the number of training steps of all sites per round.
    func steps(_ settings: PretrainingSettings) -> Int {
        libraries.reduce(0) { $0 + $1.steps(volumes: settings.batchVolumes) * settings.localEpochs }
    }
}
