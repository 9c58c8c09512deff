import Tensor

extension UNet {
    /// The extents and the kinds of layers of a U-Net.
    public struct Configuration: Hashable, Sendable, Codable {
        /// Channels of the image.
        public var inputChannels: Int
        /// Classes of the segmentation, the background among them.
        public var classes: Int
        /// Channels of the first level; each level below has twice as many.
        public var width: Int
        /// How often the image is halved.
        public var depth: Int
        /// The normalisation behind every 3×3 convolution.
        public var normalization: Normalization.Kind
        /// The slope of the rectifiers below zero: 0 for ReLU, 0.01 for a common leaky one.
        public var slope: Float

        /// A description; the defaults are a cardiac U-Net of width 16.
        ///
        /// - Precondition: all extents are positive.
        public init(
            inputChannels: Int = 1, classes: Int = 4, width: Int = 16, depth: Int = 4,
            normalization: Normalization.Kind = .batch, slope: Float = 0
        ) {
            precondition(
                inputChannels > 0 && classes > 0 && width > 0 && depth > 0,
                "a U-Net of \(inputChannels) input channels, \(classes) classes, width \(width) and depth \(depth)")
            self.inputChannels = inputChannels
            self.classes = classes
            self.width = width
            self.depth = depth
            self.normalization = normalization
            self.slope = slope
        }

        /// The channels of a level; level 0 is the first, level `depth` the bottleneck.
        public func channels(level: Int) -> Int { width << level }

        /// The number by which height and width must be divisible.
        public var divisor: Int { 1 << depth }
    }
}
