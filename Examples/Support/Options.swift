import ArgumentParser
import Contrastive
import FederatedContrastive
import Foundation
import UNet
import Volumes

/// A group of options, each with the name of the setting that it replaces.
///
/// A setting is declared once in the library and once here, as an optional option whose property has the same name.
/// Nested settings are found by name too. Everything else follows from these declarations.
public protocol SettingOptions: ParsableArguments, Sendable {}

extension SettingOptions {
    /// The given options with the names of their settings.
    private var values: [(setting: String, value: any Encodable)] {
        Mirror(reflecting: self).children.compactMap { child in
            guard let label = child.label, let option = child.value as? any OptionWrapper, let value = option.given
            else { return nil }
            return (String(label.drop { $0 == "_" }), value)
        }
    }

    /// The names of the given options, none of which may be given for a resumed run.
    public var given: [String] { values.map { OptionNames.option($0.setting) } }

    /// Returns the settings with their values replaced by the given options.
    ///
    /// - Throws: `RunError` if an option does not fit its setting, or is not a finite number, such as `nan`.
    public func applied<Settings: RunSettings>(to settings: Settings) throws -> Settings {
        var object: [String: Any] = [:]
        for (setting, value) in values {
            guard let path = Settings.path(ofSetting: setting) else { preconditionFailure("no setting '\(setting)'") }
            do {
                let json = try JSONEncoder().encode(value)
                try insert(
                    JSONSerialization.jsonObject(with: json, options: .fragmentsAllowed), at: path[...], into: &object)
            } catch EncodingError.invalidValue(let found, _) {
                throw RunError.setting(setting, found: "\(found)", expected: "a finite number")
            }
        }
        return try settings.replacing(object, from: "the command line")
    }

    private func insert(_ value: Any, at path: ArraySlice<String>, into object: inout [String: Any]) {
        guard let name = path.first else { return }
        if path.count == 1 { return object[name] = value }
        var nested = object[name] as? [String: Any] ?? [:]
        insert(value, at: path.dropFirst(), into: &nested)
        object[name] = nested
    }

    /// The settings that the options name, for tests.
    public static var settingNames: [String] {
        Mirror(reflecting: Self()).children.compactMap { $0.label.map { String($0.drop { $0 == "_" }) } }
    }
}

/// The command-line names of settings.
public enum OptionNames {
    /// The settings whose option names are not their own names in kebab case.
    private static let exceptions = [
        "starts": "init", "splitFile": "split", "learningRates": "learning-rate", "encoderRates": "encoder-rate",
        "remoteLoss": "no-remote-loss",
        "exchange": "no-exchange", "momentumEncoder": "no-momentum-encoder",
    ]

    /// Returns the option of a setting, such as `--batch-volumes` for `batchVolumes`.
    public static func option(_ setting: String) -> String {
        let name =
            exceptions[setting]
            ?? setting.reduce(into: "") { $0 += $1.isUppercase ? "-" + $1.lowercased() : String($1) }
        return "--" + name
    }
}

/// An option or flag whose value may be missing.
private protocol OptionWrapper {
    var given: (any Encodable)? { get }
}

extension Option: OptionWrapper {
    fileprivate var given: (any Encodable)? { unwrapped(wrappedValue) }
}

extension Flag: OptionWrapper {
    fileprivate var given: (any Encodable)? { unwrapped(wrappedValue) }
}

/// Returns a value unless it is `nil` or an empty list.
private func unwrapped(_ value: Any) -> (any Encodable)? {
    switch value {
    case let optional as (any OptionalValue): optional.content as? any Encodable
    case let list as [String]: list.isEmpty ? nil : list
    default: value as? any Encodable
    }
}

private protocol OptionalValue {
    var content: Any? { get }
}

extension Optional: OptionalValue {
    fileprivate var content: Any? { map { $0 as Any } }
}

/// A list of numbers and ranges, such as `1,2,4` or `0-4`.
public struct Numbers: ExpressibleByArgument, Encodable, Sendable {
    /// The numbers.
    public let values: [Int]

    /// The numbers of an argument; `nil` if it is not of that form.
    public init?(argument: String) {
        var values: [Int] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends[0], ends.count <= 2, first >= 0 else { return nil }
            guard let last = ends.last!, last >= first, last - first < 1000 else { return nil }
            values += first...last
        }
        self.values = values
    }

    /// Encodes the bare value.
    public func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }
}

/// A list of decimal numbers, such as `1e-3,4e-3`.
public struct DecimalNumbers: ExpressibleByArgument, Encodable, Sendable {
    /// The numbers.
    public let values: [Float]

    /// The numbers of an argument; `nil` if it is not of that form.
    public init?(argument: String) {
        let values = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
        guard values.allSatisfy({ $0 != nil }) else { return nil }
        self.values = values.map { $0! }
    }

    /// Encodes the bare value.
    public func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }
}

/// A list of names, such as `fcl,random`.
public struct Names: ExpressibleByArgument, Encodable, Sendable {
    /// The names.
    public let values: [String]

    /// Creates a list by parsing an argument.
    public init(argument: String) { values = argument.split(separator: ",").map(String.init) }

    /// Encodes the bare value.
    public func encode(to encoder: any Encoder) throws { try values.encode(to: encoder) }
}

/// An absolute path, so that a run can continue from any directory.
public struct AbsolutePath: ExpressibleByArgument, Encodable, Sendable {
    /// The path.
    public let path: String

    /// Creates a path by parsing an argument.
    public init(argument: String) { path = URL(fileURLWithPath: argument).path }

    /// Encodes the bare value.
    public func encode(to encoder: any Encoder) throws { try path.encode(to: encoder) }
}

extension Trial.Mode: ExpressibleByArgument {}
extension AugmentationStrength: ExpressibleByArgument {}
extension SegmentationLoss: ExpressibleByArgument {}
extension FineTuningPlan.Decay: ExpressibleByArgument {}
extension FCLLoss.Negatives: ExpressibleByArgument {}
extension PretrainingSettings.Collaboration: ExpressibleByArgument {}
extension PretrainingSettings.BatchComposition: ExpressibleByArgument {}
extension PretrainingSettings.KeyNormalization: ExpressibleByArgument {}
extension PretrainingSettings.Frames: ExpressibleByArgument {}
extension HVSMR.Release: ExpressibleByArgument {}
extension HVSMR.SliceAxis: ExpressibleByArgument {}
