import Foundation
import Tensor
import Testing
import Volumes

@Suite("VolumeInfo as a process")
final class VolumeInfoTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "volume-info-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// The path of a file in the test's folder.
    private func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Runs VolumeInfo; what does not begin with a dash is the name of a file in the test's folder.
    private func run(_ arguments: [String]) throws -> Executable.Result {
        try Executable(name: "VolumeInfo").run(arguments.map { $0.hasPrefix("-") ? $0 : path($0) })
    }

    private func objects(_ json: String) throws -> [[String: Any]] {
        try #require(JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]], "\(json)")
    }

    private func write(_ voxels: [Float], frames: Int = 1, datatype: NIfTI.Datatype = .float32, to name: String) throws
    {
        let volume = Volume(
            extent: .init(x: voxels.count / frames, y: 1, slices: 1, frames: frames),
            spacing: .init(x: 1.5, y: 1.25, slice: 8), voxels: voxels)
        try NIfTI(volume: volume, datatype: datatype).write(to: folder.appending(path: name))
    }

    @Test("JSON has the size, the statistics and the hash of each file, in order")
    func json() throws {
        try write([1, 2, 3], to: "a.nii.gz")
        try write([0, 255, 7, 9], frames: 2, datatype: .uint8, to: "b c.nii")
        let outcome = try run(["--json", "a.nii.gz", "b c.nii"])
        #expect(outcome.exitCode == 0 && outcome.errors == "")
        let files = try objects(outcome.output)
        #expect(files.map { $0["file"] as? String } == [path("a.nii.gz"), path("b c.nii")])
        #expect(files.map { $0["shape"] as? [Int] } == [[3, 1, 1], [2, 1, 1, 2]])
        #expect(files.map { $0["spacing_mm"] as? [Double] } == [[1.5, 1.25, 8], [1.5, 1.25, 8]])
        #expect(files.map { $0["datatype"] as? String } == ["float32", "uint8"])
        #expect(files.map { $0["min"] as? Double } == [1, 0])
        #expect(files.map { $0["max"] as? Double } == [3, 255])
        #expect(files.map { $0["sum"] as? Double } == [6, 271])
        // sha256sum of the bytes 00 00 80 3f 00 00 00 40 00 00 40 40, and of 0, 255, 7 and 9 as float32.
        #expect(
            files.map { $0["sha256"] as? String } == [
                "8e628779e6a74ee0b36991c10158f63cafec7d340ad4e075592502c8708524dd",
                "a554a2b544e3f0da44f8769af4303b6c8a0225664f787f8ac52035ddc88d59db",
            ])
        #expect(
            Set(files[0].keys) == ["file", "shape", "spacing_mm", "datatype", "min", "max", "sum", "sha256"])
    }

    @Test("a bad file is an object with an error, and the others are still there")
    func faults() throws {
        try write([1], to: "good.nii")
        try Data("not an image at all".utf8).write(to: folder.appending(path: "bad.nii"))
        let outcome = try run(["bad.nii", "good.nii", "missing.nii", "--json"])
        #expect(outcome.exitCode == 65)
        let files = try objects(outcome.output)
        #expect(files.count == 3)
        #expect(Set(files[0].keys) == ["file", "error"])
        let error = try #require(files[0]["error"] as? String)
        #expect(error.contains("bad.nii") && error.contains("sizeof_hdr"), "\(error)")
        #expect(files[1]["sum"] as? Double == 1)
        #expect((files[2]["error"] as? String)?.contains("missing.nii") == true)
    }

    @Test("the exit status says whether files are missing or damaged", arguments: [[], ["--json"]])
    func exitCode(option: [String]) throws {
        try write([1], to: "good.nii")
        try Data([1]).write(to: folder.appending(path: "bad.nii"))
        #expect(try run(option + ["good.nii"]).exitCode == 0)
        #expect(try run(option + ["good.nii", "missing.nii"]).exitCode == 66)
        #expect(try run(option + ["missing.nii", "."]).exitCode == 66)
        #expect(try run(option + ["bad.nii"]).exitCode == 65)
        #expect(try run(option + ["missing.nii", "bad.nii"]).exitCode == 65)
        #expect(try run(option).exitCode == 64)
        #expect(try run(option + ["good.nii", "--unknown"]).exitCode == 64)
    }

    @Test("values that are not finite are null in JSON and words in the table")
    func notFinite() throws {
        try write([1, .nan, 3], to: "nan.nii")
        try write([1, .infinity, 3], to: "infinity.nii")
        let files = try objects(run(["--json", "nan.nii", "infinity.nii"]).output)
        for key in ["min", "max", "sum"] { #expect(files[0][key] is NSNull, "\(key)") }
        #expect(files[1]["min"] as? Double == 1)
        for key in ["max", "sum"] { #expect(files[1][key] is NSNull, "\(key)") }
        let table = try run(["nan.nii", "infinity.nii"]).output
        #expect(table.contains("nan") && table.contains("inf"))
    }

    @Test("the table is aligned, and warnings go to standard error")
    func table() throws {
        try write([1, 2, 3], to: "a.nii")
        try write((0..<1000).map(Float.init), datatype: .int16, to: "a longer name.nii.gz")
        var image = try NIfTI(contentsOf: folder.appending(path: "a.nii"))
        image.geometry.sformCode = 2
        image.geometry.affineX.x = 1
        image.geometry.affineY.y = 1
        image.geometry.affineZ.z = 1
        try image.write(to: folder.appending(path: "doubtful.nii"))
        let outcome = try run(["a.nii", "a longer name.nii.gz", "doubtful.nii", "missing.nii"])
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[0].hasPrefix("file "))
        #expect(lines[2].hasPrefix(path("a longer name.nii.gz") + "  1000 × 1 × 1  1.5 × 1.25 × 8 "))
        let columns = try lines.map { line in try #require(line.firstRange(of: /[0-9a-f]{12}$|sha256/)).lowerBound }
        let offsets = zip(lines, columns).map { line, column in line.distance(from: line.startIndex, to: column) }
        #expect(Set(offsets).count == 1, "\(outcome.output)")
        let complaints = outcome.errors.split(separator: "\n")
        #expect(complaints.count == 2)
        #expect(complaints[0].hasPrefix("warning: \(path("doubtful.nii")): the columns of sform"))
        #expect(complaints[1].hasPrefix("error: \(path("missing.nii")): "))
    }

    #if os(Linux)
    @Test("headers that promise gigabytes are refused within 512 MiB of address space")
    func hostilePromise() throws {
        // Noise does not deflate, so that its header may promise a thousand times as much before it is disbelieved.
        var generator = SeededGenerator(seed: 1)
        let noise = (0..<250_000).map { _ in Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())) }
        try write([1], to: "good.nii")
        for (voxels, extents) in [
            (noise, [4, 25000, 1000, 10, 1]), (noise, [4, 32767, 30000, 1, 1]),
            (noise, [4, 32767, 32767, 32767, 32767]),
            ([1, 2, 3], [4, 1000, 1000, 1000, 1]),
        ] as [([Float], [Int16])] {
            try write(voxels.count == 3 ? voxels : Array(voxels[..<25000]), to: "promise.nii")
            var bytes = try Data(contentsOf: folder.appending(path: "promise.nii"))
            for voxel in voxels.dropFirst(25000) { withUnsafeBytes(of: voxel) { bytes.append(contentsOf: $0) } }
            for (index, extent) in extents.enumerated() {
                withUnsafeBytes(of: extent.littleEndian) {
                    bytes.replaceSubrange(40 + 2 * index..<42 + 2 * index, with: $0)
                }
            }
            try bytes.write(to: folder.appending(path: "promise.nii"))
            // OpenBLAS, which VolumeInfo does not use but is linked to, waits for ever for the memory of its threads.
            let commands = """
                gzip -c promise.nii > promise.nii.gz
                ulimit -v \(512 << 10)
                OPENBLAS_NUM_THREADS=1 exec "$0" promise.nii promise.nii.gz good.nii --json > out
                """
            let shell = Process()
            shell.executableURL = URL(filePath: "/bin/sh")
            shell.arguments = ["-c", commands, Executable(name: "VolumeInfo").url.path]
            shell.currentDirectoryURL = folder
            try shell.run()
            shell.waitUntilExit()
            #expect(shell.terminationReason == .exit && shell.terminationStatus == 65)
            let files = try objects(String(contentsOf: folder.appending(path: "out"), encoding: .utf8))
            #expect(files.map { $0["error"] == nil } == [false, false, true])
        }
    }
    #endif

    @Test("help explains every option and the exit status")
    func help() throws {
        let outcome = try run(["--help"])
        #expect(outcome.exitCode == 0)
        for word in ["--json", "<files>", "sha256", "spacing_mm", "Exit status", "65", "66"] {
            #expect(outcome.output.contains(word), "\(word)")
        }
    }
}
