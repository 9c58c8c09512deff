import Features
import Reporting
import Tensor

/// The features of all banks in the plane of their two principal components.
struct FeatureMap {
    private static let mostPoints = 2_000
    private let components: PrincipalComponents
    /// The partition and the site of each point.
    private let origins: [(partition: Int, site: Int)]
    private let featureCount: Int
    private let partitions: Int
    private let sites: Int

    /// Creates the map of the banks of all sites; `nil` if the features do not span a plane or are not finite.
    ///
    /// - Parameters:
    ///   - banks: The bank of each site.
    ///   - partitions: The number of partitions.
    ///   - partition: Returns the partition of a feature with a tag.
    init?(_ banks: [FeatureSet], partitions: Int, partition: (UInt8) -> Int) {
        let places = banks.enumerated().flatMap { site, bank in (0..<bank.count).map { (site: site, row: $0) } }
        (featureCount, self.partitions, sites) = (places.count, partitions, banks.count)
        let count = min(places.count, Self.mostPoints)
        // Of too many features, an evenly spaced selection.
        let chosen = (0..<count).map { places[$0 * places.count / count] }
        guard count > 2, banks[0].dimension > 1 else { return nil }
        let rows = chosen.flatMap { banks[$0.site].vectors.rows($0.row..<$0.row + 1).elements }
        let features = Tensor(rows, shape: [count, banks[0].dimension])
        guard features.isFinite else { return nil }
        components = features.principalComponents(2)
        origins = chosen.map { (partition(banks[$0.site].partitions[$0.row]), $0.site) }
    }

    /// The map twice, colored by partition and by site.
    var figure: Figure {
        let part = origins.count < featureCount ? "\(origins.count) of \(featureCount) features" : "All features"
        return Figure(
            "\(part) of the last round, one dot per slice, along the two directions in which they differ most (principal "
                + "components). On the left, slices of a partition should lie together, in order from one end of the "
                + "heart to the other. On the right, clients should be mixed: the encoder sees anatomy, not the hospital.",
            [
                plot(
                    "By partition",
                    (0..<partitions).map { .level("partition \($0 + 1)", $0, of: partitions) }, \.partition),
                plot("By client", (0..<sites).map { .kind("client \($0 + 1)", $0) }, \.site),
            ])
    }

    private func plot(
        _ title: String, _ categories: [ScatterPlot.Category], _ category: ((partition: Int, site: Int)) -> Int
    ) -> ScatterPlot {
        let points = origins.enumerated().map { row, origin in
            ScatterPlot.Point(
                x: Double(components.projection[row, 0]), y: Double(components.projection[row, 1]),
                category: category(origin))
        }
        return ScatterPlot(title, xTitle: axis(0), yTitle: axis(1), categories: categories, points)
    }

    private func axis(_ component: Int) -> String {
        let share = Numeral.text(100 * components.explainedVarianceRatios[component], decimals: 1)
        return "component \(component + 1) (\(share) % of the variance)"
    }
}
