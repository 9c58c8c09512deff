import Tensor

extension UNet {
    /// The contracting half of a U-Net, with the same slots as in the whole network: what was trained in one is taken
    /// into the other by `Parameters.take(from:)`.
    public struct Encoder: Layer {
        /// The description that the encoder was made from; the number of classes does not matter.
        public let configuration: Configuration
        private let first: DoubleConvolution
        private let steps: [DoubleConvolution]

        /// Registers the slots `inc` and `down1`, `down2`, ….
        public init(_ configuration: Configuration, in builder: inout ParameterBuilder) {
            self.configuration = configuration
            first = builder.scope("inc") {
                DoubleConvolution(from: configuration.inputChannels, to: configuration.width, configuration, in: &$0)
            }
            steps = (1...configuration.depth).map { level in
                builder.scope("down\(level).maxpool_conv.1") {
                    DoubleConvolution(
                        from: configuration.channels(level: level - 1), to: configuration.channels(level: level),
                        configuration, in: &$0)
                }
            }
        }

        /// The channels of the bottleneck.
        public var outputChannels: Int { configuration.channels(level: configuration.depth) }

        /// The features of every level, from the first (the image's extents) to the bottleneck.
        ///
        /// **Shapes** `[batch, height, width, inputChannels]` → `[batch, height / 2^l, width / 2^l, width · 2^l]`.
        ///
        /// - Precondition: height and width are multiples of 2^depth.
        public func features(_ x: Variable) -> [Variable] {
            precondition(
                x.shape.rank == 4 && x.shape[3] == configuration.inputChannels
                    && x.shape[1] % configuration.divisor == 0 && x.shape[2] % configuration.divisor == 0,
                "a U-Net of depth \(configuration.depth) takes [batch, height, width, \(configuration.inputChannels)] "
                    + "with extents divisible by \(configuration.divisor), not \(x.shape)")
            var features = [first(x)]
            for step in steps { features.append(step(maxPool(features.last!))) }
            return features
        }

        /// The features of the bottleneck.
        ///
        /// **Shapes** `[batch, height, width, inputChannels]` → `[batch, height / 2^depth, width / 2^depth, outputChannels]`.
        public func callAsFunction(_ x: Variable) -> Variable {
            features(x).last!
        }
    }
}
