import Federation
import Foundation
import Support
import Tensor
import Testing
import Volumes
import _TestSupport

/// What happens when nobody takes what a program says, or a disk takes nothing any more.
struct StandardStreamTests {
    /// Runs a program in a shell that redirects its streams.
    private func exitCode(_ name: String, _ arguments: [String], _ redirection: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments =
            ["-c", "exec \"$0\" \"$@\" " + redirection, Executable(name: name).url.path] + arguments
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))) func fullStreams() throws {
        let folder = try TemporaryFolder()
        let phantoms = ["--output", folder.file("phantoms").path, "--patients", "2"]
        // Messages are lost, and the work goes on.
        #expect(try exitCode("MakePhantoms", phantoms, "2>/dev/full") == 0)
        let image = folder.file("phantoms/training/patient001/patient001_frame01.nii.gz").path
        #expect(try exitCode("VolumeInfo", [image], ">/dev/null 2>/dev/full") == 0)
        // Results are what the program is there for.
        #expect(try exitCode("VolumeInfo", [image], ">/dev/full 2>/dev/null") == 74)
        #expect(try exitCode("VolumeInfo", ["--json", image], ">/dev/full 2>/dev/null") == 74)
    }

    @Test func exitCodesOfDisksAreNotThoseOfData() {
        #expect(Failure(WeightsError.unwritable(file: "a", reason: "No space left on device")).exitCode == 74)
        #expect(Failure(WeightsError.unreadable(file: "a", reason: "Input/output error")).exitCode == 66)
        #expect(Failure(WeightsError.invalid(file: "a", tensor: "", field: "", expected: "", found: "")).exitCode == 65)
        #expect(Failure(FederationError.unwritable(path: "a", reason: "")).exitCode == 74)
        #expect(Failure(FederationError.unreadable(path: "a", reason: "")).exitCode == 66)
        #expect(Failure(FederationError.noCheckpoint(directory: "a", round: 1, saved: [])).exitCode == 65)
        #expect(Failure(FederationError.aggregateRefused(round: 1, reason: "")).exitCode == 75)
    }
}
