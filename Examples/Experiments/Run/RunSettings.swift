import Foundation

/// Everything that determines a run: what is written to `config.json` and read back from there.
package protocol RunSettings: Codable, Equatable, Sendable {
    /// The defaults.
    init()
    /// Settings that do not occur among the encoded defaults, since they are absent by default, such as `training.size`.
    static var optionalKeys: Set<String> { get }
    /// Refuses what no run can be made of, naming the option and its range.
    func validate() throws(Failure)
}

extension RunSettings {
    /// Settings from a JSON file; what it leaves out keeps its default, what it has too much is an error.
    package init(contentsOf url: URL) throws(Failure) {
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw .noInput("\(url.path) cannot be read: \(error.localizedDescription)")
        }
        do {
            guard let given = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
                throw Failure.badData("\(url.path): a JSON object of settings is expected.")
            }
            let merged = try Self.merged(given, into: Self().dictionary(), path: "", file: url.path)
            self = try JSONDecoder().decode(Self.self, from: JSONSerialization.data(withJSONObject: merged))
        } catch let failure as Failure {
            throw failure
        } catch let DecodingError.typeMismatch(_, context), let DecodingError.dataCorrupted(context),
            let DecodingError.valueNotFound(_, context)
        {
            let field = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw .badData(
                "\(url.path)" + (field.isEmpty ? "" : ", setting '\(field)'") + ": \(context.debugDescription)")
        } catch {
            throw .badData("\(url.path) is not JSON: \(error.localizedDescription)")
        }
    }

    /// Defaults with the given values in place of their own, object by object.
    private static func merged(
        _ given: [String: Any], into defaults: [String: Any], path: String, file: String
    ) throws(Failure) -> [String: Any] {
        let optional = optionalKeys.filter { $0.hasPrefix(path) }.map { String($0.dropFirst(path.count)) }
        let known = Set(defaults.keys).union(optional.filter { !$0.contains(".") })
        if let unknown = given.keys.filter({ !known.contains($0) }).min() {
            throw .badData(
                "\(file): '\(path)\(unknown)' is not a setting; known are \(known.sorted().joined(separator: ", ")).")
        }
        var merged = defaults
        for (key, value) in given {
            if let object = value as? [String: Any], let own = defaults[key] as? [String: Any] {
                merged[key] = try self.merged(object, into: own, path: "\(path)\(key).", file: file)
            } else {
                merged[key] = value
            }
        }
        return merged
    }

    private func dictionary() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: JSONEncoder().encode(self)) as? [String: Any] ?? [:]
    }

    /// The settings as they are written to a run's folder. JSON has no number that is not finite.
    package func encoded() throws(Failure) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do { return try encoder.encode(self) + Data("\n".utf8) } catch {
            throw .usage("the settings cannot be written as JSON; every number among them has to be finite.")
        }
    }
}
