import Foundation

/// A program of this package, run as a process of its own.
struct Executable {
    let name: String

    /// What a finished process left.
    struct Result {
        let exitCode: Int32
        let output: String
        let errors: String
    }

    /// Programs lie beside the tests.
    var url: URL {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        var folder = tests.deletingLastPathComponent()
        while folder.path != "/" {
            let program = folder.appendingPathComponent(name)
            if FileManager.default.isExecutableFile(atPath: program.path) { return program }
            folder = folder.deletingLastPathComponent()
        }
        preconditionFailure("\(name) does not lie beside \(tests.path)")
    }

    /// Starts the program; what it prints goes to files, so that it never waits for a reader.
    func start(_ arguments: [String], output: URL, errors: URL) throws -> Process {
        for file in [output, errors] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        return process
    }

    /// Runs the program to its end.
    func run(_ arguments: [String]) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (output, errors) = (folder.appendingPathComponent("out"), folder.appendingPathComponent("err"))
        let process = try start(arguments, output: output, errors: errors)
        process.waitUntilExit()
        return Result(
            exitCode: process.terminationStatus, output: try String(contentsOf: output, encoding: .utf8),
            errors: try String(contentsOf: errors, encoding: .utf8))
    }
}
