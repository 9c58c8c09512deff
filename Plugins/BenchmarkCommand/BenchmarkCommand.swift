import Foundation
import PackagePlugin

/// Runs `swift package benchmark` in Benchmarks/, which is a package of its own so that dependents never fetch what only
/// benchmarks need.
@main
struct BenchmarkCommand: CommandPlugin {
    func performCommand(context: PluginContext, arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // This command holds the lock of its build folder, so the other package needs one of its own.
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "SWIFTPM_BUILD_DIR" }
        process.arguments =
            [
                "swift", "package", "--package-path", context.package.directoryURL.appending(path: "Benchmarks").path(),
                "benchmark",
            ] + arguments
        try process.run()
        process.waitUntilExit()
        if process.terminationStatus != 0 { exit(process.terminationStatus) }
    }
}
