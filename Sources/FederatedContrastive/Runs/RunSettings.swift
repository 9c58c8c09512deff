import Foundation

/// The settings that determine a run, as written to and read from `config.json`.
///
/// A setting is a stored property with a default value; nested settings are properties of a `Codable` type. Its JSON
/// name is the name of the property.
public protocol RunSettings: Codable, Equatable, Sendable {
    /// Creates the default settings.
    init()
    /// Checks that the settings are valid for a run.
    ///
    /// - Throws: `RunError` with the setting, its value, and the range.
    func validate() throws(RunError)
    /// Returns whether a run with `earlier` settings can go on with these, so that what is finished is also part of the
    /// result: by default, if they are the same.
    func extends(_ earlier: Self) -> Bool
}

extension RunSettings {
    /// Returns whether the settings are the same.
    public func extends(_ earlier: Self) -> Bool { self == earlier }

    /// Reads settings from a JSON file; omitted settings keep their defaults.
    ///
    /// - Throws: `RunError` if the file cannot be read, is not JSON, or contains an unknown setting or a value of the
    ///   wrong type.
    public init(contentsOf url: URL) throws(RunError) {
        let data: Data
        do { data = try Data(contentsOf: url) } catch {
            throw .missing("\(url.path) cannot be read: \(error.localizedDescription)")
        }
        let given: [String: Any]
        do {
            guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
                throw RunError.data("\(url.path): a JSON object of settings is expected.")
            }
            given = object
        } catch let error as RunError {
            throw error
        } catch {
            throw .data("\(url.path) is not JSON: \(error.localizedDescription)")
        }
        self = try Self().replacing(given, from: url.path)
    }

    /// Returns the settings with values replaced by those of a JSON object, recursively for nested objects.
    ///
    /// - Parameters:
    ///   - given: The JSON object.
    ///   - source: The name of the object's origin in messages.
    /// - Throws: `RunError.data` for an unknown setting or a value of the wrong type.
    public func replacing(_ given: [String: Any], from source: String) throws(RunError) -> Self {
        do {
            let merged = try Self.merged(given, into: json(), reflecting: self, path: "", source: source)
            return try JSONDecoder().decode(Self.self, from: JSONSerialization.data(withJSONObject: merged))
        } catch let error as RunError {
            throw error
        } catch let DecodingError.typeMismatch(_, context), let DecodingError.dataCorrupted(context),
            let DecodingError.valueNotFound(_, context)
        {
            let field = context.codingPath.map(\.stringValue).joined(separator: ".")
            throw .data("\(source)" + (field.isEmpty ? "" : ", setting '\(field)'") + ": \(context.debugDescription)")
        } catch {
            throw .data("\(source): \(error)")
        }
    }

    /// Returns the values of `own`, replaced by the given ones.
    ///
    /// Settings without a default value do not occur in `own`, so the valid names are those of the properties.
    private static func merged(
        _ given: [String: Any], into own: [String: Any], reflecting settings: Any, path: String, source: String
    ) throws(RunError) -> [String: Any] {
        let properties = Dictionary(
            uniqueKeysWithValues: Mirror(reflecting: settings).children.compactMap { child in
                child.label.map { ($0, child.value) }
            })
        if let unknown = given.keys.filter({ properties[$0] == nil }).min() {
            let known = properties.keys.sorted().joined(separator: ", ")
            throw .data("\(source): '\(path)\(unknown)' is not a setting; known are \(known).")
        }
        var merged = own
        for (key, value) in given {
            if let object = value as? [String: Any], let nested = own[key] as? [String: Any],
                let property = properties[key]
            {
                merged[key] = try self.merged(
                    object, into: nested, reflecting: property, path: "\(path)\(key).", source: source)
            } else {
                merged[key] = value
            }
        }
        return merged
    }

    /// Returns the path of the setting with the given property name, such as `["plan", "rounds"]`; `nil` unless there
    /// is exactly one.
    public static func path(ofSetting name: String) -> [String]? {
        func paths(_ settings: Any) -> [[String]] {
            Mirror(reflecting: settings).children.flatMap { child -> [[String]] in
                guard let label = child.label else { return [] }
                return (label == name ? [[label]] : []) + paths(child.value).map { [label] + $0 }
            }
        }
        let found = paths(Self())
        return found.count == 1 ? found[0] : nil
    }

    /// Returns a phrase for each setting with another value than in `other`, such as "rounds 60, not 100".
    func differences(from other: Self) -> [String] {
        func values(_ object: Any, path: String) -> [String: String] {
            guard let object = object as? [String: Any] else {
                let text = try? JSONSerialization.data(
                    withJSONObject: object, options: [.fragmentsAllowed, .withoutEscapingSlashes])
                return [path: text.map { String(decoding: $0, as: UTF8.self) } ?? ""]
            }
            return object.reduce(into: [:]) { all, member in
                let name = path.isEmpty ? member.key : "\(path).\(member.key)"
                all.merge(values(member.value, path: name)) { value, _ in value }
            }
        }
        let own = (try? json()).map { values($0, path: "") } ?? [:]
        let others = (try? other.json()).map { values($0, path: "") } ?? [:]
        return Set(own.keys).union(others.keys).sorted().filter { own[$0] != others[$0] }
            .map { "\($0) \(own[$0] ?? "none"), not \(others[$0] ?? "none")" }
    }

    private func json() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: JSONEncoder().encode(self)) as? [String: Any] ?? [:]
    }

    /// Returns the settings as written to a run's folder. JSON cannot represent numbers that are not finite.
    public func encoded() throws(RunError) -> Data {
        do { return try JSON.encoded(self, pretty: true) } catch {
            throw .conflict("the settings cannot be written as JSON; every number among them has to be finite.")
        }
    }
}

/// The JSON format of run files: sorted keys, unescaped slashes, and a line feed at the end.
enum JSON {
    static func encoded(_ value: some Encodable, pretty: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value) + Data("\n".utf8)
    }
}
