import ArgumentParser
import Foundation
import Phantoms
import Testing
import Volumes
import _TestSupport

@testable import MakePhantoms

@Suite struct MakePhantomsTests {
    @Test("Every option has help and a default")
    func defaults() throws {
        let command = try MakePhantoms.parse([])
        #expect(command.output == "phantoms" && command.patients == 20 && command.seed == 1)
        #expect(command.format == .acdc && command.spacing == nil)
        #expect(!command.cine && !command.overwrite && !command.quiet && command.scanners == 0)
        let help = MakePhantoms.helpMessage(columns: 200)
        let options = [
            "--output", "--format", "--patients", "--seed", "--scanners", "--spacing", "--cine", "--overwrite",
            "--quiet",
        ]
        for option in options {
            let line = help.split(separator: "\n").first { $0.contains(option + " ") && $0.hasPrefix("  -") }
            #expect(line.map { $0.split(separator: " ").count > 3 } == true, "\(option)")
        }
        #expect(help.contains("(default: 20)"))
    }

    @Test(
        "Wrong usage ends with 64",
        arguments: [
            ["--patients", "0"], ["--patients", "x"], ["--scanners", "-1"], ["--output", ""], ["--what"],
            ["--format", "nifti"], ["--spacing", "2"], ["--format", "hvsmr", "--spacing", "0"],
            ["--format", "nnunet", "--cine"], ["--format", "hvsmr", "--cine"],
            ["--format", "hvsmr", "--scanners", "2"],
        ])
    func usage(arguments: [String]) {
        do {
            _ = try MakePhantoms.parse(arguments)
            Issue.record("\(arguments) were accepted")
        } catch {
            #expect(MakePhantoms.exitCode(for: error).rawValue == 64)
        }
    }

    private func run(_ command: MakePhantoms) async throws {
        try await command.run()
    }

    @Test("Whole hearts are an HVSMR data set")
    func wholeHearts() async throws {
        let folder = try TemporaryFolder()
        try await run(
            MakePhantoms.parse(
                ["--format", "hvsmr", "--spacing", "9", "--patients", "2", "--output", folder.url.path, "--quiet"]))
        let hvsmr = try HVSMR(contentsOf: folder.url)
        #expect(hvsmr.patients.map(\.id) == ["pat0", "pat1"])
        #expect(try NIfTI(contentsOf: hvsmr.patients[0].image).volume.spacing.x == 9)
    }

    @Test("A folder that is not empty is left alone, unless told otherwise")
    func overwriting() async throws {
        let folder = try TemporaryFolder()
        try Data().write(to: folder.file("mine"))
        let command = try MakePhantoms.parse(["--output", folder.url.path, "--patients", "1", "--quiet"])
        let refused = await #expect(throws: ExitCode.self) { try await run(command) }
        #expect(refused?.rawValue == 73)
        #expect(try folder.contents == ["mine"])

        let inFile = try MakePhantoms.parse(["--output", folder.file("mine").path, "--quiet"])
        let impossible = await #expect(throws: ExitCode.self) { try await run(inFile) }
        #expect(impossible?.rawValue == 73)

        try Data().write(to: folder.file("training"))
        let told = try MakePhantoms.parse(
            ["--output", folder.url.path, "--patients", "1", "--quiet", "--overwrite"])
        let blocked = await #expect(throws: ExitCode.self) { try await run(told) }
        #expect(blocked?.rawValue == 74)
    }
}
