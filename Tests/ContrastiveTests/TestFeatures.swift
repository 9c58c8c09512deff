import Features
import Tensor

extension FeatureSet {
    /// Features for a test, which can be normalized.
    init(features: Tensor, partitions: [UInt8]) {
        do throws(FeatureError) { try self.init(normalizing: features, partitions: partitions) } catch {
            preconditionFailure("\(error)")
        }
    }
}
