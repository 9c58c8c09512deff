/// A picture in a report.
public protocol Drawing: Sendable {
    /// An `<svg>` element. It takes its colours from the style of the page, so that they suit light and dark screens.
    var svg: Markup { get }
}

extension Markup {
    /// An `<svg>` element of so many units; a unit is a pixel where there is room for it.
    ///
    /// - Parameter label: What the picture shows, for those who hear the page.
    static func svg(width: Double, height: Double, label: String, _ contents: [Markup]) -> Markup {
        .element(
            "svg",
            [
                "viewBox": "0 0 \(width.attribute) \(height.attribute)", "role": "img", "aria-label": label,
                "style": "max-width:\((width * 1.25).attribute)px",
            ], contents)
    }
}
