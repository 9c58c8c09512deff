import Foundation

/// The names and colors of labels for programs that show label maps.
enum ColorTables {
    /// Colors as in the pages of this package; the background is transparent.
    private static let colors = [
        (0, 114, 178), (213, 94, 0), (0, 158, 115), (184, 82, 140), (230, 159, 0), (86, 180, 233), (196, 181, 0),
        (59, 70, 80),
    ]

    private static func color(_ label: Int) -> (Int, Int, Int) {
        label == 0 ? (0, 0, 0) : colors[(label - 1) % colors.count]
    }

    /// Returns the label descriptions of ITK-SNAP.
    static func itkSnap(_ classes: [String]) -> String {
        let lines = classes.enumerated().map { label, name in
            let (red, green, blue) = color(label)
            let name = name.replacingOccurrences(of: "\"", with: "'")
            let shown = label == 0 ? 0 : 1
            return "\(label) \(red) \(green) \(blue) \(shown) \(shown) \(shown) \"\(name)\""
        }
        return (["# ITK-SnAP Label Description File", "# IDX R G B A VIS MSH LABEL"] + lines).joined(separator: "\n")
            + "\n"
    }

    /// Returns the color table of 3D Slicer.
    static func slicer(_ classes: [String]) -> String {
        let lines = classes.enumerated().map { label, name in
            let (red, green, blue) = color(label)
            let name = name.replacingOccurrences(of: " ", with: "_")
            return "\(label) \(name) \(red) \(green) \(blue) \(label == 0 ? 0 : 255)"
        }
        return (["# Color table"] + lines).joined(separator: "\n") + "\n"
    }
}
