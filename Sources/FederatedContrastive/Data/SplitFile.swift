import Foundation
import Volumes

/// A division of patients that a file prescribes.
///
/// These forms are read:
///
/// ```
/// [["patient001", "patient007"], ["patient002"]]                         the patients of each site
/// {"sites": [...], "folds": [["patient007"], ["patient001", ...], ...]}  also those that each fold scores
/// {"sites": [...], "heldOut": ["patient007", ...]}                       also those that a pre-training did not see
/// [{"train": ["patient001_frame01", ...], "val": [...]}, ...]            nnU-Net's splits_final.json: folds only
/// ```
///
/// `sites` may also be an object from names to lists. Runs write `split.json` in one of the first three forms.
public struct SplitFile: Sendable, Equatable {
    /// The patients of each site; `nil` if the file has folds only.
    public let sites: [[String]]?
    /// The training and the scored patients of each fold; `nil` if the file has sites only.
    public let folds: [PatientSplit.Fold]?
    /// The patients that a pre-training did not see.
    public let heldOut: [String]

    /// Reads a file.
    ///
    /// - Throws: `RunError` if it has none of these forms, or names a patient twice.
    public init(contentsOf url: URL) throws(RunError) {
        guard let data = try? Data(contentsOf: url) else { throw .missing("--split \(url.path) cannot be read.") }
        guard data.count <= 1 << 24, let form = try? JSONDecoder().decode(Form.self, from: data) else {
            throw .data(
                "--split \(url.path): a list of lists of patients, an object with 'sites' and 'folds', or nnU-Net's "
                    + "splits_final.json is expected.")
        }
        switch form {
        case .sites(let lists): (sites, folds, heldOut) = (lists, nil, [])
        case .both(let lists, let scored, let unseen):
            (sites, heldOut) = (lists, unseen)
            folds = scored.map { scored in
                scored.map { scored in
                    let all = Set(lists.flatMap { $0 })
                    return PatientSplit.Fold(training: all.subtracting(scored).sorted(), validation: scored)
                }
            }
        case .nnUNet(let parts):
            (sites, heldOut) = (nil, [])
            folds = parts.map { part in
                PatientSplit.Fold(training: Self.patients(part.train), validation: Self.patients(part.val))
            }
        }
        try check(url)
    }

    private func check(_ url: URL) throws(RunError) {
        let all = (sites ?? []).flatMap { $0 }
        if let sites, sites.contains(where: \.isEmpty) || sites.isEmpty {
            throw .data("--split \(url.path): a site has no patients.")
        }
        if let twice = Dictionary(grouping: all, by: \.self).filter({ $1.count > 1 }).keys.min() {
            throw .data("--split \(url.path): the patient '\(twice.prefix(60))' is named twice.")
        }
        for (number, fold) in (folds ?? []).enumerated() {
            if let both = Set(fold.training).intersection(fold.validation).min() {
                throw .data("--split \(url.path): in fold \(number), '\(both.prefix(60))' is trained on and scored.")
            }
        }
    }

    /// Returns the patients of cases, the parts of their names before `_frame`, once each, sorted.
    private static func patients(_ cases: [String]) -> [String] {
        Set(
            cases.map { name in
                name.range(of: "_frame", options: .backwards).map { String(name[..<$0.lowerBound]) } ?? name
            }
        )
        .sorted()
    }

    private enum Form: Decodable {
        case sites([[String]])
        case both([[String]], [[String]]?, heldOut: [String])
        case nnUNet([Part])

        struct Part: Decodable {
            let train: [String]
            let val: [String]
        }

        private enum Key: CodingKey { case sites, folds, heldOut }

        init(from decoder: any Decoder) throws {
            if let lists = try? [[String]](from: decoder) {
                self = .sites(lists)
            } else if let parts = try? [Part](from: decoder) {
                self = .nnUNet(parts)
            } else {
                let object = try decoder.container(keyedBy: Key.self)
                let folds = try object.decodeIfPresent([[String]].self, forKey: .folds)
                let heldOut = try object.decodeIfPresent([String].self, forKey: .heldOut) ?? []
                if let named = try? object.decode([String: [String]].self, forKey: .sites) {
                    self = .both(named.sorted { $0.key < $1.key }.map(\.value), folds, heldOut: heldOut)
                } else {
                    self = .both(try object.decode([[String]].self, forKey: .sites), folds, heldOut: heldOut)
                }
            }
        }
    }
}

extension PatientSplit {
    /// Returns the division as `split.json`, with the patients that each fold scores.
    ///
    /// - Throws: `RunError.unwritable` if it cannot be encoded.
    func file(folds count: Int) throws(RunError) -> Data {
        let folds = (0..<count).map { scored(inFold: $0, of: count) }
        do { return try JSON.encoded(["sites": clients, "folds": folds]) } catch {
            throw .unwritable("split.json: \(error)")
        }
    }
}

extension Cohort {
    /// Returns the division as `split.json`, with the patients that are not trained on, if there are any.
    ///
    /// - Throws: `RunError.unwritable` if it cannot be encoded.
    func file() throws(RunError) -> Data {
        do {
            if heldOut.isEmpty { return try JSON.encoded(split, pretty: true) }
            return try JSON.encoded(HeldOutSplit(sites: split, heldOut: heldOut), pretty: true)
        } catch {
            throw .unwritable("split.json: \(error)")
        }
    }

    private struct HeldOutSplit: Encodable {
        let sites: [[String]]
        let heldOut: [String]
    }
}

extension SplitFile {
    /// Checks that a file divides the patients of a data set among a number of sites.
    ///
    /// - Throws: `RunError` that names a patient who is missing on either side.
    func check(_ data: DataSet, sites count: Int) throws(RunError) {
        let present = Set(data.patients.map(\.id))
        let named = Set(
            sites.map { $0.flatMap(\.self) } ?? folds.map { $0.flatMap { $0.training + $0.validation } } ?? [])
        if let absent = named.subtracting(present).min() {
            throw .data("--split: there is no patient '\(absent.prefix(60))' in \(data.folder.path).")
        }
        if let sites, sites.count != count {
            throw .conflict("--split: the file has \(sites.count) sites; pass --clients \(sites.count).")
        }
    }
}
