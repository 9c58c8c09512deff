import Foundation
import Tensor
import Volumes

/// All patients, divided among the sites and preprocessed.
public struct Cohort: Sendable {
    /// The names of each site's patients.
    public let split: [[String]]
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
        let acdc = try ACDC(contentsOf: URL(fileURLWithPath: settings.data), requiringLabels: false)
        let patients = acdc.patients.map(\.id)
        guard patients.count >= settings.siteCount else {
            throw RunError.data(
                "\(settings.data) holds \(patients.count) patients, too few for \(settings.clients) clients; "
                    + "lower --clients.")
        }
        let scans = try await acdc.scans(
            preparedBy: Preprocessing(spacing: settings.spacing, size: settings.size),
            frames: settings.frames == .cine ? .all : .labelled, withLabels: false)
        let volumes = Dictionary(grouping: scans, by: \.patient.id).mapValues { $0.map(\.volume) }
        let phases = Dictionary(grouping: scans, by: \.patient.id).mapValues { $0.map { $0.phase == .endSystole } }
        let groups = acdc.patients.compactMap { $0.group.flatMap(ACDC.Group.allCases.firstIndex) }
        self.init(
            patients, volumes, settings, endSystolic: phases,
            diagnoses: groups.count == patients.count ? groups : nil)
    }

    /// Creates a cohort of patients whose volumes are already preprocessed.
    ///
    /// - Precondition: At least as many patients as sites.
    public init(
        _ patients: [String], _ volumes: [String: [PreparedVolume]], _ settings: PretrainingSettings,
        endSystolic: [String: [Bool]]? = nil, diagnoses: [Int]? = nil
    ) {
        self.diagnoses = diagnoses
        let numbers = Dictionary(uniqueKeysWithValues: patients.enumerated().map { ($1, $0) })
        split = PatientSplit(of: patients, clients: settings.siteCount, seed: settings.seed).clients
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
