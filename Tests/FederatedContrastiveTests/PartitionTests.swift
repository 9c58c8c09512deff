import Foundation
import Tensor
import Testing
import Volumes
import _TestSupport

@testable import FederatedContrastive

@Suite struct PartitionTests {
    /// A data set of 60 patients in three groups, at two scanners, in nnU-Net's layout.
    private static func dataSet(in folder: TemporaryFolder, described: Bool = true) throws -> DataSet {
        let image = NIfTI(
            volume: Volume(
                extent: .init(x: 2, y: 2, slices: 1), spacing: .init(x: 1, y: 1, slice: 1), voxels: [0, 1, 0, 1]),
            datatype: .uint8)
        for name in ["imagesTr", "labelsTr"] {
            try FileManager.default.createDirectory(at: folder.file(name), withIntermediateDirectories: true)
        }
        try Data(#"{"channel_names": {"0": "MRI"}, "labels": {"background": 0, "heart": 1}}"#.utf8)
            .write(to: folder.file("dataset.json"))
        var table = "patient,group,scanner\n"
        for number in 10..<70 {
            try image.write(to: folder.file("imagesTr/p\(number)_0000.nii.gz"))
            try image.write(to: folder.file("labelsTr/p\(number).nii.gz"))
            table += "p\(number),g\(number % 3),s\(number % 2)\n"
        }
        if described { try Data(table.utf8).write(to: folder.file("patients.csv")) }
        return try DataSet(contentsOf: folder.url)
    }

    private func groupShares(_ sites: [[String]]) -> [[Double]] {
        sites.map { site in
            (0..<3).map { group in
                Double(site.count { Int($0.dropFirst())! % 3 == group }) / Double(site.count)
            }
        }
    }

    @Test("The iid rule is the frozen split; groups and scanners are sites")
    func rules() throws {
        let folder = try TemporaryFolder()
        let data = try Self.dataSet(in: folder)
        let patients = data.patients.map(\.id)
        let iid = try PartitionRule.iid.sites(of: data, count: 6, seed: 4)
        #expect(iid == PatientSplit(of: patients, clients: 6, seed: 4).clients)
        let groups = try PartitionRule.group.sites(of: data, count: 3, seed: 4)
        #expect(groups.map(\.count) == [20, 20, 20] && groups[1].allSatisfy { Int($0.dropFirst())! % 3 == 1 })
        let scanners = try PartitionRule.scanner.sites(of: data, count: 2, seed: 4)
        #expect(scanners[0].allSatisfy { Int($0.dropFirst())! % 2 == 0 })
        let error = #expect(throws: RunError.self) { try PartitionRule.group.sites(of: data, count: 4, seed: 1) }
        #expect("\(error!)".contains("makes 3 sites; pass --clients 3"))
        let few = #expect(throws: RunError.self) { try PartitionRule.iid.sites(of: data, count: 61, seed: 1) }
        #expect("\(few!)".contains("too few for 61 clients"))
    }

    @Test("Dirichlet sites hold every patient once, and differ the more the smaller the concentration")
    func dirichlet() throws {
        let folder = try TemporaryFolder()
        let data = try Self.dataSet(in: folder)
        func spread(_ alpha: Float, _ seed: UInt64) throws -> Double {
            let sites = try PartitionRule.dirichlet(alpha).sites(of: data, count: 5, seed: seed)
            #expect(sites.flatMap(\.self).sorted() == data.patients.map(\.id))
            #expect(sites.allSatisfy { $0.count >= 2 })
            return groupShares(sites).flatMap(\.self).reduce(0) { $0 + ($1 - 1 / 3) * ($1 - 1 / 3) }
        }
        let skewed = try (1...20).reduce(0) { try $0 + spread(0.3, $1) }
        let even = try (1...20).reduce(0) { try $0 + spread(100, $1) }
        #expect(skewed > 5 * even, "\(skewed), \(even)")
        let rule = PartitionRule.dirichlet(0.5)
        #expect(try rule.sites(of: data, count: 5, seed: 3) == rule.sites(of: data, count: 5, seed: 3))
        #expect(try rule.sites(of: data, count: 5, seed: 3) != rule.sites(of: data, count: 5, seed: 4))
        let error = #expect(throws: RunError.self) {
            try PartitionRule.dirichlet(0.01).sites(of: data, count: 30, seed: 1)
        }
        #expect("\(error!)".contains("fewer than 2 patients"))
    }

    @Test("The gamma distribution has its mean and variance")
    func gamma() {
        for shape: Float in [0.3, 1, 4.5] {
            var generator = SeededGenerator(seed: 11, path: 1)
            let values = (0..<40_000).map { _ in Double(generator.gamma(shape: shape)) }
            let mean = values.reduce(0, +) / 40_000
            let deviations = values.map { ($0 - mean) * ($0 - mean) }
            let variance = deviations.reduce(0, +) / 40_000
            #expect(abs(mean / Double(shape) - 1) < 0.03 && abs(variance / Double(shape) - 1) < 0.06, "\(shape)")
        }
    }

    @Test("Rules that need what is not known say so")
    func unknown() throws {
        let folder = try TemporaryFolder()
        let data = try Self.dataSet(in: folder, described: false)
        for rule in [PartitionRule.group, .scanner, .dirichlet(1)] {
            let error = #expect(throws: RunError.self) { try rule.sites(of: data, count: 3, seed: 1) }
            #expect("\(error!)".contains("of every patient, in patients.csv or Info.cfg"))
        }
    }

    @Test("A rule is read from text and written as text", arguments: ["iid", "group", "scanner", "dirichlet:0.5"])
    func text(_ text: String) throws {
        let rule = try #require(PartitionRule(text))
        #expect(rule.description == text)
        #expect(try JSONDecoder().decode(PartitionRule.self, from: JSONEncoder().encode(rule)) == rule)
    }

    @Test("Texts that are no rule", arguments: ["", "dirichlet", "dirichlet:0", "dirichlet:nan", "iid:1", "Group"])
    func wrong(_ text: String) throws {
        #expect(PartitionRule(text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(PartitionRule.self, from: JSONEncoder().encode(text))
        }
    }

    private func split(_ text: String, in folder: TemporaryFolder) throws -> SplitFile {
        try Data(text.utf8).write(to: folder.file("split.json"))
        return try SplitFile(contentsOf: folder.file("split.json"))
    }

    @Test("Split files of all forms")
    func files() throws {
        let folder = try TemporaryFolder()
        #expect(try split(#"[["b", "a"], ["c"]]"#, in: folder).sites == [["b", "a"], ["c"]])
        let named = try split(#"{"sites": {"Z": ["c"], "A": ["a", "b"]}, "folds": [["a", "c"], ["b"]]}"#, in: folder)
        #expect(named.sites == [["a", "b"], ["c"]])
        #expect(named.folds?.map(\.validation) == [["a", "c"], ["b"]])
        #expect(named.folds?.map(\.training) == [["b"], ["a", "c"]])
        let foreign = try split(
            #"[{"train": ["p1_frame01", "p1_frame12", "p2_frame01"], "val": ["p3_frame01", "p3_frame09"]}]"#, in: folder
        )
        let pretrained = try split(#"{"sites": [["a", "b"]], "heldOut": ["b"]}"#, in: folder)
        #expect(pretrained.sites == [["a", "b"]] && pretrained.heldOut == ["b"] && pretrained.folds == nil)
        #expect(named.heldOut == [])
        #expect(foreign.sites == nil && foreign.folds == [.init(training: ["p1", "p2"], validation: ["p3"])])
    }

    @Test(
        "Split files with faults",
        arguments: [
            ("{}", "is expected"), ("[]", "a site has no patients"), (#"[["a"], []]"#, "a site has no patients"),
            (#"[["a"], ["a"]]"#, "named twice"), (#"[{"train": ["a"], "val": ["a"]}]"#, "trained on and scored"),
            ("[1]", "is expected"),
        ])
    func faults(text: String, reason: String) throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: RunError.self) { try split(text, in: folder) }
        #expect("\(error!)".contains(reason), "\(error!)")
    }

    @Test(
        "Prescribed folds are followed, another patient is annotated first in each, and a run's own file is read back")
    func folds() throws {
        let folder = try TemporaryFolder()
        let data = try Self.dataSet(in: folder)
        let drawn = PatientSplit(of: data.patients.map(\.id), clients: 4, seed: 2)
        try drawn.file(folds: 5).write(to: folder.file("split.json"))
        let file = try SplitFile(contentsOf: folder.file("split.json"))
        try file.check(data, sites: 4)
        let split = PatientSplit(clients: try #require(file.sites), seed: 2, folds: file.folds)
        #expect(split.clients == drawn.clients && split.prescribedFoldCount == 5)
        for client in 0..<4 {
            for fold in 0..<5 {
                let (own, other) = (split.fold(fold, of: 5, client: client), drawn.fold(fold, of: 5, client: client))
                #expect(own.validation == other.validation && own.training == other.training)
            }
        }
        #expect(split.fewestTraining(folds: 5) == 12)
        let error = #expect(throws: RunError.self) { try file.check(data, sites: 3) }
        #expect("\(error!)".contains("pass --clients 4"))
        try Data(#"[["p10", "nobody"]]"#.utf8).write(to: folder.file("other.json"))
        let absent = #expect(throws: RunError.self) {
            try SplitFile(contentsOf: folder.file("other.json")).check(data, sites: 1)
        }
        #expect("\(absent!)".contains("no patient 'nobody'"))
    }
}
