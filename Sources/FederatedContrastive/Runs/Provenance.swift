import FileIO
import Foundation
import Tensor
import Volumes

/// The software, machine, and time of a run: the contents of `environment.json`. Some of it affects the bits of the
/// results in addition to the settings.
public struct Provenance: Encodable, Sendable {
    /// The version of the format.
    public let schema = 1
    /// The version of the package.
    public let version = PackageVersion.text
    /// The commit of the sources: for an installed program, that which it was built from; otherwise, that of the checkout
    /// in which the program lies. `nil` if neither is known.
    public let commit = Self.installedCommit ?? Self.checkoutCommit
    /// The version of the compiler, as far as the compiler tells it.
    public let compiler = Self.compilerVersion
    /// The time, in the format of ISO 8601.
    public let started = ISO8601DateFormatter().string(from: Date())
    /// The operating system.
    public let system = ProcessInfo.processInfo.operatingSystemVersionString
    /// The number of cores in use.
    public let cores = ProcessInfo.processInfo.activeProcessorCount
    /// The BLAS library, with its version and kernels.
    public let blas = Machine.blas
    /// The instruction set of the package's own kernels.
    public let kernels = Machine.instructionSet

    /// Describes this process and this machine.
    public init() {}

    /// The version and, if it is known, the commit, as `--version` prints them.
    public static var versionLine: String {
        PackageVersion.text + ((installedCommit ?? checkoutCommit).map { " (\($0.prefix(12)))" } ?? "")
    }

    private static var compilerVersion: String {
        #if compiler(>=6.4)
        "Swift 6.4 or later"
        #elseif compiler(>=6.3)
        "Swift 6.3"
        #else
        "Swift 6.2"
        #endif
    }

    private static var program: URL? { Bundle.main.executableURL?.resolvingSymlinksInPath() }

    /// The contents of `share/federated-contrastive/commit`, beside the folder of the program.
    private static var installedCommit: String? {
        program.flatMap { program in
            let prefix = program.deletingLastPathComponent().deletingLastPathComponent()
            return commit(in: prefix.appendingPathComponent("share/federated-contrastive/commit"))
        }
    }

    /// The commit that is checked out in the repository in which the program lies.
    private static var checkoutCommit: String? {
        guard var folder = program?.deletingLastPathComponent() else { return nil }
        while folder.path != "/" {
            let git = folder.appendingPathComponent(".git")
            if let head = line(of: git.appendingPathComponent("HEAD")) {
                guard head.hasPrefix("ref: ") else { return commit(in: git.appendingPathComponent("HEAD")) }
                let name = String(head.dropFirst(5))
                return commit(in: git.appendingPathComponent(name)) ?? packed(name, in: git)
            }
            folder.deleteLastPathComponent()
        }
        return nil
    }

    private static func packed(_ name: String, in git: URL) -> String? {
        guard let text = try? String(contentsOf: git.appendingPathComponent("packed-refs"), encoding: .utf8) else {
            return nil
        }
        return text.split(separator: "\n").first { $0.hasSuffix(" " + name) }.map { String($0.prefix(40)) }
    }

    private static func commit(in file: URL) -> String? {
        line(of: file).flatMap { $0.count == 40 && $0.allSatisfy(\.isHexDigit) ? $0 : nil }
    }

    private static func line(of file: URL) -> String? {
        guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        return text.split(whereSeparator: \.isNewline).first.map(String.init)
    }
}
