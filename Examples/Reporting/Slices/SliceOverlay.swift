/// A slice overlaid with the outlines of structures: dashed for the reference, solid for the prediction.
public struct SliceOverlay: Drawing {
    /// The heading, and the line below it.
    public let title: String, subtitle: String
    private let image: [UInt8]
    private let width: Int, height: Int
    private let spacing: (x: Double, y: Double)
    private let structures: [Structure]
    private let reference: [UInt8]?, prediction: [UInt8]?
    /// The part of the slice that is shown, in pixels.
    private var window: (x: Range<Int>, y: Range<Int>)
    private static let size = 300.0

    /// A structure of the heart.
    public struct Structure: Sendable {
        let label: UInt8
        let name: String

        /// Creates a structure with a label and a name.
        public init(_ label: UInt8, _ name: String) { (self.label, self.name) = (label, name) }
    }

    /// Creates an overlay.
    ///
    /// - Parameters:
    ///   - intensities: The image, row by row, from 0 for black to 1 for white; values beyond that range are clamped.
    ///   - width: The length of a row.
    ///   - spacing: The pixel spacing in mm, along a row and from row to row.
    ///   - reference: The annotated labels, row by row.
    ///   - prediction: The predicted labels, row by row.
    ///   - structures: The structures to outline. A structure enclosed by another one follows it.
    /// - Precondition: The image has whole rows, as many pixels as there are labels, and positive spacing.
    public init(
        _ title: String, subtitle: String = "", intensities: [Float], width: Int,
        spacing: (x: Double, y: Double) = (1, 1), reference: [UInt8]? = nil, prediction: [UInt8]? = nil,
        structures: [Structure]
    ) {
        precondition(
            width > 0 && !intensities.isEmpty && intensities.count % width == 0,
            "\(intensities.count) pixels in rows of \(width)")
        precondition(spacing.x > 0 && spacing.y > 0, "pixels of \(spacing.x) × \(spacing.y) mm")
        for labels in [reference, prediction] {
            if let labels { precondition(labels.count == intensities.count, "\(labels.count) labels") }
        }
        (self.title, self.subtitle, self.width, self.spacing) = (title, subtitle, width, spacing)
        height = intensities.count / width
        // NaN becomes black.
        image = intensities.map { $0 > 0 ? UInt8(min($0, 1) * 255 + 0.5) : 0 }
        (self.reference, self.prediction, self.structures) = (reference, prediction, structures)
        window = (0..<width, 0..<height)
    }

    /// Returns the slice cropped to all outlines plus a margin in mm, or the whole slice if there are no outlines.
    public func cropped(margin millimetres: Double) -> SliceOverlay {
        let labels = Set(structures.map(\.label))
        let inside = image.indices.filter { place in
            [reference, prediction].contains { $0.map { labels.contains($0[place]) } ?? false }
        }
        guard !inside.isEmpty else { return self }
        let (columns, rows) = (inside.map { $0 % width }, inside.map { $0 / width })
        // A square in mm, so that slices next to each other have the same shape.
        let extent = max(
            Double(columns.max()! - columns.min()! + 1) * spacing.x, Double(rows.max()! - rows.min()! + 1) * spacing.y)
        func range(_ places: [Int], _ spacing: Double, _ limit: Int) -> Range<Int> {
            let length = min(limit, Int(((extent + 2 * millimetres) / spacing).rounded(.up)))
            let start = (places.min()! + places.max()! + 1 - length) / 2
            let first = min(max(0, start), limit - length)
            return first..<first + length
        }
        var cropped = self
        cropped.window = (range(columns, spacing.x, width), range(rows, spacing.y, height))
        return cropped
    }

    /// The drawing as SVG.
    public var svg: Markup {
        let scale = Self.size / (Double(window.x.count) * spacing.x)
        let pixel = (x: spacing.x * scale, y: spacing.y * scale)
        let (imageWidth, imageHeight) = (Double(window.x.count) * pixel.x, Double(window.y.count) * pixel.y)
        let pixels = window.y.flatMap { row in
            image[row * width + window.x.lowerBound..<row * width + window.x.upperBound]
        }
        let head = subtitle.isEmpty ? 24.0 : 42
        var picture: [Markup] = [
            .leaf(
                "image",
                [
                    "href": PNG(grey: pixels, width: window.x.count, height: window.y.count).address,
                    "width": imageWidth, "height": imageHeight, "preserveAspectRatio": "none",
                ])
        ]
        for (labels, isDashed) in [(prediction, false), (reference, true)] {
            if let labels { picture += outlines(of: labels, pixel: pixel, isDashed: isDashed) }
        }
        let legend = Legend(entries)
        var marks: [Markup] = [
            .element("text", ["class": "title", "x": 0, "y": 15], Plot.fitted(title, into: Self.size, size: 14)),
            // An inner svg element clips everything outside the window.
            .element(
                "svg", ["class": "slice", "y": head, "width": imageWidth, "height": imageHeight],
                picture),
        ]
        if !subtitle.isEmpty {
            marks.append(
                .element("text", ["class": "soft", "x": 0, "y": 34], Plot.fitted(subtitle, into: Self.size, size: 13)))
        }
        marks += legend.marks(at: head + imageHeight + 8, width: Self.size)
        return .svg(
            width: Self.size, height: head + imageHeight + 8 + legend.height(in: Self.size),
            label: "\(title). \(subtitle)", marks)
    }

    /// The structures, and the two line styles if there are both reference and prediction.
    private var entries: [Legend.Entry] {
        let kinds = structures.enumerated().map { Legend.Entry(name: $1.name, ink: .structure($0), sample: .block) }
        guard reference != nil, prediction != nil else { return kinds }
        return kinds + [
            Legend.Entry(name: "prediction", ink: .muted, sample: .line),
            Legend.Entry(name: "reference", ink: .muted, sample: .dashedLine),
        ]
    }

    private func outlines(of labels: [UInt8], pixel: (x: Double, y: Double), isDashed: Bool) -> [Markup] {
        structures.enumerated().flatMap { index, structure -> [Markup] in
            // A hole filled by structures drawn later already has their outlines.
            let later = Set(structures[(index + 1)...].map(\.label))
            let contours = Contour.around(structure.label, in: labels, width: width).filter { contour in
                contour.area > 0
                    || !contour.outerNeighbours(width: width, height: height).allSatisfy { later.contains(labels[$0]) }
            }
            guard !contours.isEmpty else { return [] }
            let origin = Contour.Corner(x: window.x.lowerBound, y: window.y.lowerBound)
            let path = contours.map { $0.path(origin: origin, scale: pixel) }.joined()
            let dashes = isDashed ? ";stroke-dasharray:5 4" : ""
            let line = "fill:none;stroke-linejoin:round"
            // A dark line below the bright one makes it stand out against bright tissue.
            return [
                .leaf(
                    "path", ["style": "\(line);stroke:#000;stroke-opacity:.55;stroke-width:3.4\(dashes)", "d": path]),
                .leaf(
                    "path",
                    ["style": "\(line);stroke:\(Ink.structure(index).css);stroke-width:1.8\(dashes)", "d": path]),
            ]
        }
    }
}
