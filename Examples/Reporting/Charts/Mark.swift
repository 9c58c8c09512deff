/// The form of a point, so that kinds can be told apart where there are more than colours.
enum Mark: Int, CaseIterable {
    case circle, square, triangle, diamond

    /// The form of a kind: it changes when the colours begin again.
    init(kind: Int) {
        self = Self.allCases[kind / Ink.kinds % Self.allCases.count]
    }

    func markup(x: Double, y: Double, radius: Double, ink: Ink, note: String = "") -> Markup {
        let style = "fill:\(ink.css)"
        let r = radius
        let (left, right, up, down) = ((x - r).attribute, (x + r).attribute, (y - r).attribute, (y + r).attribute)
        let notes: [Markup] = note.isEmpty ? [] : [.element("title", note)]
        switch self {
        case .circle: return .element("circle", ["class": "mark", "style": style, "cx": x, "cy": y, "r": r], notes)
        case .square:
            return .element(
                "path", ["class": "mark", "style": style, "d": "M\(left) \(up)H\(right)V\(down)H\(left)z"], notes)
        case .triangle:
            return .element(
                "path", ["class": "mark", "style": style, "d": "M\(left) \(down)H\(right)L\(x.attribute) \(up)z"], notes
            )
        case .diamond:
            let d = "M\(left) \(y.attribute)L\(x.attribute) \(up)L\(right) \(y.attribute)L\(x.attribute) \(down)z"
            return .element("path", ["class": "mark", "style": style, "d": d], notes)
        }
    }
}
