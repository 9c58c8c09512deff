import Foundation
import Reporting

#if canImport(FoundationXML)
import FoundationXML
#endif

/// A page or a drawing as an XML parser sees it.
final class WellFormed: NSObject, XMLParserDelegate {
    /// One element and its attributes.
    struct Element {
        let name: String
        let attributes: [String: String]
        /// The text directly and indirectly inside.
        var text = ""
    }

    /// All elements in the order of their beginnings.
    private(set) var elements: [Element] = []
    /// Why the source is not well-formed; `nil` if it is.
    private(set) var fault: String?
    private var open: [Int] = []

    init(_ source: String) {
        super.init()
        let parser = XMLParser(data: Data(source.utf8))
        parser.shouldResolveExternalEntities = false
        parser.delegate = self
        if !parser.parse() { fault = parser.parserError.map { "\($0), line \(parser.lineNumber)" } ?? "unknown" }
    }

    convenience init(_ drawing: some Drawing) { self.init(drawing.svg.description) }

    /// The elements of a name.
    func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }

    /// The texts of all elements of a name.
    func texts(_ name: String = "text") -> [String] { all(name).map(\.text) }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        open.append(elements.count)
        elements.append(Element(name: name, attributes: attributes))
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        open.removeLast()
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        for index in open { elements[index].text += string }
    }
}

/// What a path or a circle says of places.
extension WellFormed.Element {
    /// The numbers of the attribute `d`.
    var numbers: [Double] {
        (attributes["d"] ?? "").split { !"0123456789.-e".contains($0) }.compactMap { Double($0) }
    }
}
