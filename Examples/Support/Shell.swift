import Foundation

/// Quoting of command-line arguments.
enum Shell {
    /// Returns a quoted path, relative to the current directory if it lies inside.
    static func path(_ url: URL) -> String {
        let (path, here) = (url.path, FileManager.default.currentDirectoryPath + "/")
        return word(path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path)
    }

    /// Returns a word, quoted if a shell would not read it as one.
    static func word(_ text: String) -> String {
        let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-./=,".contains($0)) }
        return isPlain ? text : "'" + text.replacing("'", with: #"'\''"#) + "'"
    }
}
