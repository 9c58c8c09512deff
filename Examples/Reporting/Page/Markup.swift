import Foundation

/// A piece of HTML or SVG. It is made of elements and text only, so that no name from a file can become markup.
public struct Markup: Hashable, Sendable, CustomStringConvertible {
    /// The source, well-formed as XML too.
    public let description: String

    private init(source: String) {
        description = source
    }

    /// Text, escaped.
    public static func text(_ text: String) -> Markup {
        Markup(source: escaped(text))
    }

    /// An element without contents: `<path d="…"/>`. In HTML these are SVG's elements and `meta`, `br` and the like.
    public static func leaf(_ name: StaticString, _ attributes: KeyValuePairs<String, any AttributeValue>) -> Markup {
        Markup(source: "<\(name)\(source(of: attributes))/>")
    }

    /// An element with contents, which may be empty.
    public static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<String, any AttributeValue>, _ contents: [Markup]
    ) -> Markup {
        Markup(source: "<\(name)\(source(of: attributes))>\(joined(contents))</\(name)>")
    }

    /// An element that contains a text.
    public static func element(
        _ name: StaticString, _ attributes: KeyValuePairs<String, any AttributeValue>, _ text: String
    ) -> Markup {
        element(name, attributes, [.text(text)])
    }

    /// An element with contents and without attributes.
    public static func element(_ name: StaticString, _ contents: [Markup]) -> Markup {
        element(name, [:], contents)
    }

    /// An element that contains a text and has no attributes.
    public static func element(_ name: StaticString, _ text: String) -> Markup {
        element(name, [:], [.text(text)])
    }

    /// Source that is taken as it is, such as a style sheet that is part of this module.
    static func verbatim(_ source: StaticString) -> Markup {
        Markup(source: "\(source)")
    }

    /// Pieces one after the other.
    public static func joined(_ pieces: [Markup]) -> Markup {
        Markup(source: pieces.lazy.map(\.description).joined())
    }

    private static func source(of attributes: KeyValuePairs<String, any AttributeValue>) -> String {
        attributes.lazy.map { " \($0.key)=\"\(escaped($0.value.attribute))\"" }.joined()
    }

    /// Text in which no character can be taken for markup, in contents and in attributes between double quotes.
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

/// What an attribute of an element can hold.
public protocol AttributeValue {
    /// The value before it is escaped.
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
    /// To a hundredth, which is more than a screen shows: `12`, `3.5`, `0.25`.
    public var attribute: String {
        precondition(isFinite, "a coordinate that is \(self)")
        let rounded = (self * 100).rounded() / 100
        guard abs(rounded) < 1e15, rounded == rounded.rounded() else { return "\(rounded)" }
        return "\(Int(rounded))"
    }
}
