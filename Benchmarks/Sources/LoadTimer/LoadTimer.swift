import Foundation
import Volumes

/// Times how long it takes to load and preprocess a folder in the ACDC layout, as `ACDCPretrain` does: images without
/// labels.
///
///     LoadTimer --data DIR [--size 192] [--spacing 1.37] [--threads 2] [--passes 1] [--pixels FILE]
///
/// Prints one JSON object: the milliseconds of every pass, the numbers of volumes and slices, and the peak resident
/// memory. Writes the pixels of all slices to FILE as 32-bit floats, so that `Scripts/loading.py`, which does the same
/// work, can compare them.
@main
struct LoadTimer {
    static func main() async throws {
        var options = ["--size": "192", "--spacing": "1.37", "--threads": "2", "--passes": "1"]
        var words = CommandLine.arguments.dropFirst()
        while let name = words.popFirst() {
            guard let value = words.popFirst() else { stop("\(name) has no value") }
            options[name] = value
        }
        guard let folder = options["--data"], let size = Int(options["--size"]!), size > 0,
            let spacing = Double(options["--spacing"]!), spacing > 0,
            let threads = Int(options["--threads"]!), threads > 0,
            let passes = Int(options["--passes"]!), passes > 0
        else { stop("--data DIR is needed; size, spacing, threads and passes are positive numbers") }

        var scans: [DataSet.Scan] = []
        var milliseconds: [Double] = []
        for _ in 0..<passes {
            scans = []
            let start = ContinuousClock.now
            scans = try await DataSet(contentsOf: URL(fileURLWithPath: folder), requiringLabels: false)
                .scans(preparedBy: Preprocessing(spacing: spacing, size: size), withLabels: false, workers: threads)
            milliseconds.append((ContinuousClock.now - start) / .milliseconds(1))
        }
        let times = milliseconds.map { String(format: "%.1f", $0) }.joined(separator: ", ")
        let slices = scans.reduce(0) { $0 + $1.volume.sliceCount }
        print(
            "{\"milliseconds\": [\(times)], \"volumes\": \(scans.count), \"slices\": \(slices), "
                + "\"peakMegabytes\": \(peakMegabytes)}")
        if let file = options["--pixels"] { try write(scans, to: URL(fileURLWithPath: file)) }
    }

    /// The peak resident memory, in units of 10⁶ bytes.
    private static var peakMegabytes: Int {
        var usage = rusage()
        #if os(Linux)
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return usage.ru_maxrss * 1024 / 1_000_000
        #else
        getrusage(RUSAGE_SELF, &usage)
        return usage.ru_maxrss / 1_000_000
        #endif
    }

    private static func write(_ scans: [DataSet.Scan], to file: URL) throws {
        try Data().write(to: file)
        let handle = try FileHandle(forWritingTo: file)
        for scan in scans { try scan.volume.pixels.withUnsafeBytes { try handle.write(contentsOf: Data($0)) } }
        try handle.close()
    }

    private static func stop(_ reason: String) -> Never {
        FileHandle.standardError.write(Data("LoadTimer: \(reason).\n".utf8))
        exit(64)
    }
}
