/// A report: one file of HTML that needs nothing but a browser. It fetches nothing, runs no script, and suits light and
/// dark screens. It is well-formed XML as well.
///
/// ```swift
/// let page = HTMLPage(
///     title: "Pre-training", lead: "Ten clients, 60 rounds.", facts: [("Seed", "1")],
///     sections: [.init("Loss", [.figure(Figure("Loss by round.", [chart]))])])
/// try page.html.write(to: url, atomically: true, encoding: .utf8)
/// ```
public struct HTMLPage: Sendable {
    /// The head line.
    public let title: String
    /// What a reader should know who reads no further.
    public let lead: String
    /// Names and values, at a glance.
    public let facts: [(name: String, value: String)]
    /// The parts below.
    public let sections: [Section]

    /// A part of the page under a heading of its own.
    public struct Section: Sendable {
        /// The heading.
        public let heading: String
        /// What is below it, in order.
        public let items: [Item]

        /// A part of the page.
        public init(_ heading: String, _ items: [Item]) {
            (self.heading, self.items) = (heading, items)
        }
    }

    /// One thing on the page.
    public enum Item: Sendable {
        /// Pictures with a caption.
        case figure(Figure)
        /// Numbers.
        case table(Table)
        /// A paragraph.
        case text(String)
    }

    /// A page.
    public init(title: String, lead: String, facts: [(name: String, value: String)] = [], sections: [Section]) {
        (self.title, self.lead, self.facts, self.sections) = (title, lead, facts, sections)
    }

    /// The file.
    public var html: String {
        let head = Markup.element(
            "head",
            [
                .leaf("meta", ["charset": "utf-8"]),
                .leaf("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                .leaf("meta", ["name": "color-scheme", "content": "light dark"]),
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
        }
    }
}
