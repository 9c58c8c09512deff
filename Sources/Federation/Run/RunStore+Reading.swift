import Foundation

/// Why a checkpoint is not whole.
struct Damage: Error, CustomStringConvertible {
    let description: String
}

extension RunStore {
    func location(of round: Int) -> URL {
        let digits = String(round)
        return checkpoints.appendingPathComponent(
            "round-" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits)
    }

    /// The rounds that have a checkpoint, whole or not, in ascending order.
    func savedRounds() throws(FederationError) -> [Int] {
        try names().compactMap { name in
            guard name.hasPrefix("round-"), let round = Int(name.dropFirst(6)), round >= 0 else { return nil }
            return location(of: round).lastPathComponent == name ? round : nil
        }.sorted()
    }

    /// What is in the directory of checkpoints.
    func names() throws(FederationError) -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: checkpoints.path) } catch {
            throw .unreadable(path: checkpoints.path, reason: error.localizedDescription)
        }
    }

    /// Reads a checkpoint and compares every byte with its manifest.
    func read(_ round: Int) throws(Damage) -> (checkpoint: Checkpoint, manifest: Manifest) {
        let directory = location(of: round)
        let name = directory.lastPathComponent
        guard let data = contents(directory.appendingPathComponent(Manifest.name), limit: 1 << 24),
            let manifest = Manifest(decoding: data), manifest.round == round
        else { throw Damage(description: "\(name): \(Manifest.name) is missing or damaged") }
        var files: [String: Data] = [:]
        for (file, expected) in manifest.files {
            guard let data = contents(directory.appendingPathComponent(file), limit: expected.bytes) else {
                throw Damage(description: "\(name): \(file) is missing or longer than \(expected.bytes) bytes")
            }
            guard Manifest.File(data) == expected else {
                throw Damage(description: "\(name): \(file) is damaged")
            }
            files[file] = data
        }
        return (Checkpoint(round: round, files: files), manifest)
    }

    /// The contents of a file of at most `limit` bytes.
    private func contents(_ url: URL, limit: Int) -> Data? {
        guard let size = try? FileManager.default.attributesOfItem(atPath: url.path)[.size] as? NSNumber,
            size.intValue <= limit
        else { return nil }
        return try? Data(contentsOf: url)
    }

    /// Checks that the journal holds the lines up to a checkpoint, the last of them being of its round.
    func check(_ journal: Data, against manifest: Manifest) throws(Damage) {
        let name = location(of: manifest.round).lastPathComponent
        let lines = journal.prefix(manifest.journalLength)
        guard lines.count == manifest.journalLength else {
            throw Damage(
                description: "\(name): rounds.jsonl has \(journal.count) of at least \(manifest.journalLength) bytes")
        }
        guard let end = lines.last else { return }
        struct Line: Decodable { let round: Int }
        let last = lines.dropLast().split(separator: 0x0A).last ?? Data()
        guard end == 0x0A, let line = try? JSONDecoder().decode(Line.self, from: Data(last)),
            line.round == manifest.round
        else { throw Damage(description: "\(name): rounds.jsonl does not have round \(manifest.round) where expected") }
    }
}
