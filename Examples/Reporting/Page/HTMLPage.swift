/// A report as a single, self-contained HTML file.
///
/// The page loads nothing, runs no scripts, and suits light and dark screens. It is also well-formed XML.
///
/// ```swift
/// let page = HTMLPage(
///     title: "Pre-training", lead: "Ten clients, 60 rounds.", facts: [("Seed", "1")],
///     sections: [.init("Loss", [.figure(Figure("Loss by round.", [chart]))])])
/// try page.html.write(to: url, atomically: true, encoding: .utf8)
/// ```
public struct HTMLPage: Sendable {
    /// The headline.
    public let title: String
    /// The summary below the headline.
    public let lead: String
    /// The key facts below the summary, as names and values.
    public let facts: [(name: String, value: String)]
    /// The sections, in order.
    public let sections: [Section]
    /// The seconds after which a browser loads the page again; `nil` for a page that does not change any more.
    public var refresh: Int?

    /// A section of the page.
    public struct Section: Sendable {
        /// The heading.
        public let heading: String
        /// The items below the heading, in order.
        public let items: [Item]

        /// Creates a section.
        public init(_ heading: String, _ items: [Item]) {
            (self.heading, self.items) = (heading, items)
        }
    }

    /// An item of a section.
    public enum Item: Sendable {
        /// A figure with a caption.
        case figure(Figure)
        /// A table.
        case table(Table)
        /// A paragraph.
        case text(String)
        /// A block of terminal commands.
        case code(String)
    }

    /// Creates a page.
    public init(title: String, lead: String, facts: [(name: String, value: String)] = [], sections: [Section]) {
        (self.title, self.lead, self.facts, self.sections) = (title, lead, facts, sections)
    }

    /// The contents of the HTML file.
    public var html: String {
        let head = Markup.element(
            "head",
            [
                .leaf("meta", ["charset": "utf-8"]),
                .leaf("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                .leaf("meta", ["name": "color-scheme", "content": "light dark"]),
                refresh.map { .leaf("meta", ["http-equiv": "refresh", "content": "\($0)"]) } ?? .joined([]),
                .element("title", title), .element("style", [Self.style]),
            ])
        let body = Markup.element(
            "body", [.element("h1", title), .element("p", ["class": "lead"], lead), summary] + sections.map(\.markup))
        return "<!DOCTYPE html>\n" + Markup.element("html", ["lang": "en"], [head, body]).description + "\n"
    }

    private var summary: Markup {
        guard !facts.isEmpty else { return .joined([]) }
        return .element(
            "dl",
            facts.map { fact in .element("div", [.element("dt", fact.name), .element("dd", fact.value)]) })
    }
}

extension HTMLPage.Section {
    fileprivate var markup: Markup {
        .element("section", [.element("h2", heading)] + items.map(\.markup))
    }
}

extension HTMLPage.Item {
    fileprivate var markup: Markup {
        switch self {
        case .figure(let figure): figure.markup
        case .table(let table): table.markup
        case .text(let text): .element("p", text)
        case .code(let code): .element("pre", code)
        }
    }
}

extension HTMLPage {
    /// The style sheet of a page. Colors are variables, named by `Ink`; dark screens get lighter ones.
    static let style = Markup.verbatim(
        """

        :root { --page: #ffffff; --text: #1d2329; --soft: #5a646e; --grid: #e3e7eb; --rule: #aeb7c0; --card: #f5f7f9;
          --k0: #0072b2; --k1: #d55e00; --k2: #009e73; --k3: #b8528c; --k4: #e69f00; --k5: #56b4e9; --k6: #3b4650;
          --k7: #c4b500; color-scheme: light dark }
        @media (prefers-color-scheme: dark) { :root { --page: #14181c; --text: #e6eaee; --soft: #a3aeb8; --grid: #2b3238;
          --rule: #5c6770; --card: #1d2329; --k0: #4a9fdc; --k1: #f0803c; --k2: #2fc39a; --k3: #e091bd; --k4: #f2b632;
          --k5: #9bd7f7; --k6: #c9d1d8; --k7: #f0e442 } }
        * { box-sizing: border-box }
        body { font: 16px/1.55 system-ui, "Segoe UI", "Liberation Sans", sans-serif; color: var(--text);
          background: var(--page); max-width: 70rem; margin: 2.5rem auto 4rem; padding: 0 1.25rem }
        h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .75rem } .lead { max-width: 46rem; margin: 0 0 1.5rem }
        h2 { font-size: 1.3rem; margin: 2.75rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--grid) }
        section > p { max-width: 46rem }
        pre { background: var(--card); border-radius: .5rem; padding: .7rem .9rem; overflow-x: auto; font-size: .9rem }
        dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: .6rem; margin: 0 }
        dl div { background: var(--card); border-radius: .5rem; padding: .5rem .8rem; min-width: 0 }
        dt { font-size: .8rem; color: var(--soft) } dd { margin: 0; font-weight: 600; overflow-wrap: anywhere }
        figure { margin: 1.25rem 0 2rem }
        figcaption, .caption { font-size: .9rem; color: var(--soft); max-width: 46rem; margin: .6rem 0 0 }
        .drawings { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr));
          gap: 1.25rem 2rem; align-items: start }
        .drawings:has(.slice) { grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)) }
        .drawings > svg { display: block; width: 100%; height: auto; font: 13px system-ui, "Segoe UI", "Liberation Sans", sans-serif;
          fill: var(--text) }
        svg .title { font-weight: 600; font-size: 14px } svg .soft { fill: var(--soft) }
        svg .grid { stroke: var(--grid); stroke-width: 1; fill: none } svg .axis { stroke: var(--rule); fill: none }
        svg .mark { stroke: var(--page); stroke-width: 1 } svg .line { fill: none; stroke-width: 2;
          stroke-linejoin: round; stroke-linecap: round }
        svg .dashed { stroke-dasharray: 2 5 } svg .whisker { fill: none; stroke-width: 1.5 }
        svg .reference { fill: none; stroke: var(--soft); stroke-width: 1.25; stroke-dasharray: 6 4 }
        svg .halo { paint-order: stroke; stroke: var(--page); stroke-width: 4px; stroke-linejoin: round }
        .scroll { overflow-x: auto } .long { max-height: 28rem; overflow-y: auto }
        table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; min-width: min(100%, 36rem) }
        th, td { text-align: right; white-space: nowrap; padding: .25rem .9rem }
        th { position: sticky; top: 0; background: var(--page); box-shadow: inset 0 -1px var(--rule); font-size: .9rem }
        tr + tr td { border-top: 1px solid var(--grid) } td:first-child, th:first-child { text-align: left; padding-left: 0 }
        @media print { body { margin: 0; max-width: none } figure, table { break-inside: avoid } }

        """)
}

/// A figure: one or more drawings, side by side if there is room, with a caption.
public struct Figure: Sendable {
    /// The caption below the drawings.
    public let caption: String
    /// The drawings.
    public let drawings: [any Drawing]

    /// Creates a figure.
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

/// A drawing in a report.
public protocol Drawing: Sendable {
    /// The `<svg>` element, which takes its colors from the style of the page to suit light and dark screens.
    var svg: Markup { get }
}

extension Markup {
    /// Returns an `<svg>` element of the given size in its own units, about a pixel each; it shrinks to fit the page.
    ///
    /// - Parameter label: A description of the drawing for screen readers.
    static func svg(width: Double, height: Double, label: String, _ contents: [Markup]) -> Markup {
        .element(
            "svg",
            [
                "viewBox": "0 0 \(width.attribute) \(height.attribute)", "role": "img", "aria-label": label,
                "style": "max-width:\((width * 1.25).attribute)px",
            ], contents)
    }
}
