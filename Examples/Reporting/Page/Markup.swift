import Foundation

/// A fragment of HTML or SVG, built from elements and escaped text only so that no name from a file can become markup.
public struct Markup: Hashable, Sendable, CustomStringConvertible {
    /// The source, which is also well-formed XML.
    public let description: String

    private init(source: String) {
        description = source
    }

    /// Returns escaped text.
    public static func text(_ text: String) -> Markup {
        Markup(source: escaped(text))
    }

    /// Returns an element without contents, such as `<path d="…"/>`.
    ///
    /// In HTML, only SVG elements and elements such as `meta` and `br` can have this form.
    public static func leaf(_ name: StaticString, _ attributes: KeyValuePairs<String, any AttributeValue>) -> Markup {
        Markup(source: "<\(name)\(source(of: attributes))/>")
    }

    /// Returns an element with contents, which may be empty.
    public static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<String, any AttributeValue>, _ contents: [Markup]
    ) -> Markup {
        Markup(source: "<\(name)\(source(of: attributes))>\(joined(contents))</\(name)>")
    }

    /// Returns an element that contains text.
    public static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<String, any AttributeValue>, _ text: String
    ) -> Markup {
        element(name, attributes, [.text(text)])
    }

    /// Returns an element with contents and no attributes.
    public static func element(_ name: StaticString, _ contents: [Markup]) -> Markup {
        element(name, [:], contents)
    }

    /// Returns an element that contains text and has no attributes.
    public static func element(_ name: StaticString, _ text: String) -> Markup {
        element(name, [:], [.text(text)])
    }

    /// Returns source unchanged, such as a style sheet of this module.
    static func verbatim(_ source: StaticString) -> Markup {
        Markup(source: "\(source)")
    }

    /// Returns the concatenation of fragments.
    public static func joined(_ pieces: [Markup]) -> Markup {
        Markup(source: pieces.lazy.map(\.description).joined())
    }

    private static func source(of attributes: KeyValuePairs<String, any AttributeValue>) -> String {
        attributes.lazy.map { " \($0.key)=\"\(escaped($0.value.attribute))\"" }.joined()
    }

    /// Returns text that is safe in contents and in attributes between double quotes.
    ///
    /// Characters that XML does not allow become U+FFFD.
    static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            case "'": result.append(contentsOf: "&#39;".unicodeScalars)
            case "\t", "\n", "\r": result.append(scalar)
            case "\0"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}

/// A type whose values an attribute of an element can hold.
public protocol AttributeValue {
    /// The value as unescaped text.
    var attribute: String { get }
}

extension String: AttributeValue {
    /// The text.
    public var attribute: String { self }
}

extension Int: AttributeValue {
    /// The digits.
    public var attribute: String { "\(self)" }
}

extension Double: AttributeValue {
    /// The number rounded to hundredths, finer than a screen shows: `12`, `3.5`, `0.25`.
    public var attribute: String {
        precondition(isFinite, "a coordinate that is \(self)")
        let rounded = (self * 100).rounded() / 100
        guard abs(rounded) < 1e15, rounded == rounded.rounded() else { return "\(rounded)" }
        return "\(Int(rounded))"
    }
}
