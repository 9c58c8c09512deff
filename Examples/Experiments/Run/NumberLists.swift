import ArgumentParser
import UNet

/// `1,2,4` or `0-4` or both.
package struct Numbers: ExpressibleByArgument {
    package let values: [Int]

    package init?(argument: String) {
        var values: [Int] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard let first = ends[0], ends.count <= 2, first >= 0 else { return nil }
            guard let last = ends.last!, last >= first, last - first < 1000 else { return nil }
            values += first...last
        }
        self.values = values
    }
}

/// `1e-3,4e-3`.
package struct NumberList: ExpressibleByArgument {
    package let values: [Float]

    package init?(argument: String) {
        let values = argument.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
        guard values.allSatisfy({ $0 != nil }) else { return nil }
        self.values = values.map { $0! }
    }
}

extension Trial.Mode: ExpressibleByArgument {}
extension FineTuning.Strength: ExpressibleByArgument {}
extension SegmentationLoss: ExpressibleByArgument {}
