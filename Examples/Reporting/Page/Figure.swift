/// Pictures that are read together, side by side where there is room, with what is to be seen in them.
public struct Figure: Sendable {
    /// A sentence or two below the pictures.
    public let caption: String
    /// The pictures.
    public let drawings: [any Drawing]

    /// A figure.
    public init(_ caption: String, _ drawings: [any Drawing]) {
        (self.caption, self.drawings) = (caption, drawings)
    }

    var markup: Markup {
        .element(
            "figure",
            [
                .element("div", ["class": "drawings"], drawings.map(\.svg)),
                .element("figcaption", caption),
            ])
    }
}
