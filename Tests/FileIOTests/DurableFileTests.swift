import FileIO
import Foundation
import Synchronization
import Testing
import _TestSupport

/// Replacing a file is stopped before every single step; what is under the name afterwards is the old file or the new one.
struct DurableFileTests {
    private let folder: TemporaryFolder
    private var file: URL { folder.file("weights") }

    init() throws { folder = try TemporaryFolder() }

    @Test func replacesAFileAndLeavesNothingElse() throws {
        for contents in ["one", "", "three"] {
            try DurableFile.write(Data(contents.utf8), to: file)
            #expect(try String(contentsOf: file, encoding: .utf8) == contents)
        }
        #expect(try folder.contents == ["weights"])
    }

    @Test func whatIsNotCommittedLeavesNoTrace() throws {
        do {
            var unfinished = try DurableFile(file)
            try append("half of", to: &unfinished)
            #expect(try folder.contents.count == 1)
        }
        #expect(try folder.contents.isEmpty)
    }

    @Test(arguments: [false, true]) func everyStepMayBeTheLast(replacing: Bool) throws {
        var (steps, outcomes) = (0, Set<String>())
        while true {
            try? FileManager.default.removeItem(at: file)
            if replacing { try DurableFile.write(Data("old".utf8), to: file) }
            do {
                try write("new contents", stoppingBefore: steps)
                break
            } catch let error as FileError {
                #expect(error == .unwritable(path: "weights", reason: "killed"))
            }
            let contents = try? String(contentsOf: file, encoding: .utf8)
            #expect([replacing ? "old" : nil, "new contents"].contains(contents), "stopped before step \(steps)")
            outcomes.insert(contents ?? "none")
            #expect(try folder.contents.allSatisfy { $0 == "weights" })
            steps += 1
        }
        #expect(steps == 7, "create, three writes, synchronize, rename, synchronize the folder")
        #expect(outcomes == [replacing ? "old" : "none", "new contents"])
        #expect(try String(contentsOf: file, encoding: .utf8) == "new contents")
    }

    @Test func aFolderThatIsMissingIsNamed() {
        let missing = folder.file("none/weights")
        #expect {
            try DurableFile.write(Data(), to: missing)
        } throws: { error in
            guard case .unwritable(let path, let reason) = error as? FileError else { return false }
            return path == missing.path && reason.contains("No such file")
        }
    }

    private func write(_ text: String, stoppingBefore step: Int) throws {
        let steps = Steps()
        var disk = Disk()
        (disk.synchronizes, disk.chunkLength) = (false, 5)
        disk.beforeStep = { (_) throws(FileError) in
            if steps.next() == step { throw .unwritable(path: "weights", reason: "killed") }
        }
        var replacement = try DurableFile(file, disk: disk)
        try append(text, to: &replacement)
        try replacement.commit()
    }

    private func append(_ text: String, to file: inout DurableFile) throws {
        let bytes = Array(text.utf8)
        try bytes.withUnsafeBytes { try file.append($0) }
    }
}

private final class Steps: Sendable {
    private let taken = Mutex(0)

    /// The number of the next step, from 0.
    func next() -> Int {
        taken.withLock { taken in
            taken += 1
            return taken - 1
        }
    }
}
