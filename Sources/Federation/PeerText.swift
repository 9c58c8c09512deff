/// Text that a peer sent, before a person or a file gets to see it.
public enum PeerText {
    /// The maximum length of an excerpt in bytes.
    public static let maximumLength = 300

    /// Returns the beginning of a text: at most ``maximumLength`` bytes of printable characters.
    ///
    /// Control characters, which can rewrite a terminal, and marks that combine with the character before, of which one
    /// character can have millions, become spaces.
    public static func excerpt(of text: String) -> String {
        var result = ""
        var length = 0
        for scalar in text.unicodeScalars {
            let properties = scalar.properties
            let isPrintable =
                switch properties.generalCategory {
                case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
                    .nonspacingMark, .enclosingMark:
                    false
                default: true
                }
            let shown = isPrintable ? scalar : " "
            length += UTF8.width(shown)
            if length > maximumLength { return result + "…" }
            result.unicodeScalars.append(shown)
        }
        return result
    }
}
