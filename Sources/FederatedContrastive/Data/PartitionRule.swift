import Foundation
import Tensor
import Volumes

/// The rule by which the patients of one folder are divided among simulated sites.
///
/// As text: `iid`, `dirichlet:0.5`, `group`, or `scanner`.
public enum PartitionRule: Hashable, Sendable {
    /// At random, in equal numbers.
    case iid
    /// At random, but with groups in other proportions at every site: those of a group are drawn from a Dirichlet
    /// distribution of this concentration. The smaller it is, the more the sites differ.
    ///
    /// Source: Hsu, Qi, and Brown, "Measuring the effects of non-identical data distribution for federated visual
    /// classification", 2019, section 3.
    case dirichlet(Float)
    /// A site for each group of patients, such as each diagnosis.
    case group
    /// A site for each scanner.
    case scanner

    /// The texts of all rules, for messages.
    public static let expected = "iid, dirichlet:0.01 to 1000, group, or scanner"

    /// Creates the rule of a text; `nil` if there is none.
    public init?(_ text: String) {
        switch text {
        case "iid": self = .iid
        case "group": self = .group
        case "scanner": self = .scanner
        default:
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == "dirichlet", let alpha = Float(parts[1]), (0.01...1000).contains(alpha)
            else { return nil }
            self = .dirichlet(alpha)
        }
    }

    /// Returns the patients of each site.
    ///
    /// - Parameters:
    ///   - data: The patients, of whom groups or scanners have to be known for the rules that need them.
    ///   - count: The number of sites, which is that of the groups or scanners for the rules of these names.
    ///   - seed: The seed of random rules.
    /// - Throws: `RunError` if the data do not allow the division.
    public func sites(of data: DataSet, count: Int, seed: UInt64) throws(RunError) -> [[String]] {
        let patients = data.patients.map(\.id)
        guard patients.count >= count else {
            throw .data(
                "\(data.folder.path) holds \(patients.count) patients, too few for \(count) clients; lower --clients.")
        }
        switch self {
        case .iid:
            return PatientSplit(of: patients, clients: count, seed: seed).clients
        case .dirichlet(let alpha):
            let groups = try known(data.groups, "group")
            return try Self.dirichlet(alpha, patients, groups, count: count, seed: seed)
        case .group, .scanner:
            let names = try known(self == .group ? data.groups : data.scanners, description)
            let sites = Dictionary(grouping: patients) { names[$0]! }.sorted { $0.key < $1.key }.map(\.value)
            guard sites.count == count else {
                throw .conflict("--partition \(description) makes \(sites.count) sites; pass --clients \(sites.count).")
            }
            return sites
        }
    }

    private func known(_ names: [String: String]?, _ column: String) throws(RunError) -> [String: String] {
        guard let names else {
            throw .data("--partition \(description) needs the \(column) of every patient, in patients.csv or Info.cfg.")
        }
        return names
    }

    /// The fewest patients of a site: one to learn from and one to score.
    private static let fewestPatients = 2

    private static func dirichlet(
        _ alpha: Float, _ patients: [String], _ groups: [String: String], count: Int, seed: UInt64
    ) throws(RunError) -> [[String]] {
        var generator = SeededGenerator(seed: seed, path: RandomStream.split, 1)
        let kinds = Dictionary(grouping: patients) { groups[$0]! }.sorted { $0.key < $1.key }.map(\.value)
        // As usual, a draw that leaves a site with too few is repeated.
        for _ in 0..<10_000 {
            var sites = Array(repeating: [String](), count: count)
            for kind in kinds {
                let order = generator.permutation(of: kind.count).map { kind[$0] }
                let shares = (0..<count).map { _ in generator.gamma(shape: alpha) }
                let total = max(shares.reduce(0, +), .leastNormalMagnitude)
                var (sum, start) = (Float(0), 0)
                for (site, share) in shares.enumerated() {
                    sum += share
                    let end = site == count - 1 ? kind.count : Int((sum / total * Float(kind.count)).rounded())
                    sites[site] += order[start..<max(start, min(end, kind.count))]
                    start = max(start, min(end, kind.count))
                }
            }
            if sites.allSatisfy({ $0.count >= fewestPatients }) { return sites.map { $0.sorted() } }
        }
        throw .conflict(
            "--partition dirichlet:\(alpha) leaves one of \(count) sites with fewer than \(fewestPatients) patients; "
                + "lower --clients, or raise the concentration.")
    }
}

extension PartitionRule: CustomStringConvertible, Codable {
    /// The text of the rule.
    public var description: String {
        switch self {
        case .iid: "iid"
        case .dirichlet(let alpha): "dirichlet:\(alpha)"
        case .group: "group"
        case .scanner: "scanner"
        }
    }

    /// Decodes the text.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        let text = try value.decode(String.self)
        guard let rule = Self(text) else {
            throw DecodingError.dataCorruptedError(
                in: value, debugDescription: "'\(text.prefix(40))' is no partition; \(Self.expected) are.")
        }
        self = rule
    }

    /// Encodes the text.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(description)
    }
}

extension SeededGenerator {
    /// Returns a random number of the gamma distribution of scale 1.
    ///
    /// Source: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000, with their
    /// remark for shapes below 1.
    mutating func gamma(shape: Float) -> Float {
        if shape < 1 { return gamma(shape: shape + 1) * pow(max(uniform(), .leastNormalMagnitude), 1 / shape) }
        let d = shape - 1 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
            guard v > 0 else { continue }
            if log(max(uniform(), .leastNormalMagnitude)) < x * x / 2 + d - d * v + d * log(v) { return d * v }
        }
    }
}
