import Tensor

/// The two-dimensional U-Net.
///
/// It consists of an encoder that halves the image size `depth` times, a decoder that doubles it as many times and
/// receives the encoder's features at each resolution, and a 1×1 convolution that computes class scores.
///
/// ```swift
/// var builder = ParameterBuilder(generator: SeededGenerator(seed: 1))
/// let network = UNet(UNet.Configuration(inputChannels: 1, classes: 4, width: 16), in: &builder)
/// let scores = evaluate(builder.parameters()) { tape in network(tape.constant(images)) }
/// ```
///
/// Slots use the names of milesial's widely used PyTorch implementation, so its weight files fit. Encoder slots are
/// in the group `ParameterGroup.encoder`, all others in `ParameterGroup.decoder`.
///
/// Source: Ronneberger, Fischer, and Brox, MICCAI 2015; with batch norm, and padding that preserves the image size.
public struct UNet: Layer {
    /// The configuration of the network.
    public let configuration: Configuration
    /// The encoder, the part that pre-training trains.
    public let encoder: Encoder
    private let steps: [UpStep]
    private let last: Convolution

    /// Creates a U-Net, registering the slots of encoder and decoder.
    public init(_ configuration: Configuration, in builder: inout ParameterBuilder) {
        self.configuration = configuration
        encoder = Encoder(configuration, in: &builder)
        (steps, last) = builder.group(.decoder) { builder in
            let steps = (1...configuration.depth).map { step in
                builder.scope("up\(step)") { builder in
                    let channels = configuration.channels(level: configuration.depth - step)
                    return UpStep(channels: channels, configuration, in: &builder)
                }
            }
            let last = Convolution(
                inputChannels: configuration.width, outputChannels: configuration.classes, kernelSize: 1,
                name: "outc.conv", in: &builder)
            return (steps, last)
        }
    }

    /// Returns the class scores (logits) of every pixel.
    ///
    /// **Shapes** `[batch, height, width, inputChannels]` → `[batch, height, width, classes]`.
    ///
    /// - Precondition: Height and width are multiples of 2^depth.
    public func callAsFunction(_ x: Variable) -> Variable {
        let split = levelsByImage(x)
        return split == 0 ? scores(from: encoder.features(x)) : scores(x, byImageAbove: split)
    }

    /// Returns the number of upper levels at which inference computes one image after another: those at which the
    /// features of the batch exceed 16 MiB and would leave the cache.
    private func levelsByImage(_ x: Variable) -> Int {
        guard x.tape.allowsPartsOfBatch && x.shape.rank == 4 && x.shape[0] > 1 else { return 0 }
        return (0..<configuration.depth).prefix { level in
            ((x.shape[0] * x.shape[1] * x.shape[2]) >> (2 * level)) * configuration.channels(level: level) > 4 << 20
        }.count
    }

    /// Returns the class scores of a batch, computing the levels above `level` one image after another. The deeper
    /// levels, whose filters are larger than their images, compute the batch together.
    private func scores(_ x: Variable, byImageAbove level: Int) -> Variable {
        let tape = x.tape, images = 0..<x.shape[0], depth = configuration.depth
        let skips = images.map { encoder.features(slice(x, rows: $0..<$0 + 1), levels: 0..<level) }
        let pooled = tape.constant(Tensor(joiningRows: skips.map { maxPool($0.last!).value }))
        let deep = decoded(encoder.features(pooled, levels: level..<depth + 1), levels: level...depth)
        let scores = images.map { image in
            last(decoded(skips[image] + [slice(deep, rows: image..<image + 1)], levels: 0...level)).value
        }
        return tape.constant(Tensor(joiningRows: scores))
    }

    /// Returns the class scores that the decoder computes from encoder features, such as those of a frozen encoder.
    ///
    /// **Shapes** `[batch, height / 2^l, width / 2^l, width · 2^l]` for each level l →
    /// `[batch, height, width, classes]`.
    ///
    /// - Precondition: The features of every level, from the first to the bottleneck.
    public func scores(from features: [Variable]) -> Variable {
        precondition(
            features.count == configuration.depth + 1,
            "features of \(features.count) levels for a decoder of depth \(configuration.depth)")
        return last(decoded(features, levels: 0...configuration.depth))
    }

    /// Returns the features of the decoder at the first of some levels, given those of the encoder at all of them but
    /// the last, and at the last one those to begin with.
    private func decoded(_ features: [Variable], levels: ClosedRange<Int>) -> Variable {
        let steps = steps[configuration.depth - levels.upperBound..<configuration.depth - levels.lowerBound]
        return zip(steps, features.dropLast().reversed()).reduce(features.last!) { y, next in next.0(y, skip: next.1) }
    }

    /// The sizes and layer kinds of a U-Net.
    public struct Configuration: Hashable, Sendable, Codable {
        /// The number of channels of the image.
        public var inputChannels: Int
        /// The number of segmentation classes, including the background.
        public var classes: Int
        /// The number of channels of the first level; it doubles with each deeper level.
        public var width: Int
        /// The number of times the image size is halved.
        public var depth: Int
        /// The normalization after every 3×3 convolution.
        public var normalization: Normalization.Kind
        /// The slope of the activation below zero: 0 for ReLU, 0.01 for a common leaky ReLU.
        public var slope: Float

        /// Creates a configuration; the defaults are a cardiac U-Net of width 16.
        ///
        /// - Precondition: All sizes are positive.
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

        /// Returns the number of channels of a level; level 0 is the first, level `depth` the bottleneck.
        public func channels(level: Int) -> Int { width << level }

        /// The number by which height and width must be divisible.
        public var divisor: Int { 1 << depth }
    }

    /// The encoder of a U-Net, with the same slots as in the whole network: `Parameters.take(from:)` loads weights
    /// trained in one into the other.
    public struct Encoder: Layer {
        /// The configuration of the encoder; the number of classes does not matter.
        public let configuration: Configuration
        private let first: DoubleConvolution
        private let steps: [DoubleConvolution]

        /// Creates an encoder, registering the slots `inc` and `down1`, `down2`, ….
        public init(_ configuration: Configuration, in builder: inout ParameterBuilder) {
            self.configuration = configuration
            (first, steps) = builder.group(.encoder) { builder in
                let first = builder.scope("inc") {
                    DoubleConvolution(
                        from: configuration.inputChannels, to: configuration.width, configuration, in: &$0)
                }
                let steps = (1...configuration.depth).map { level in
                    builder.scope("down\(level).maxpool_conv.1") {
                        DoubleConvolution(
                            from: configuration.channels(level: level - 1), to: configuration.channels(level: level),
                            configuration, in: &$0)
                    }
                }
                return (first, steps)
            }
        }

        /// The number of channels of the bottleneck.
        public var outputChannels: Int { configuration.channels(level: configuration.depth) }

        /// Returns the features of every level, from the full resolution to the bottleneck.
        ///
        /// **Shapes** `[batch, height, width, inputChannels]` → `[batch, height / 2^l, width / 2^l, width · 2^l]`.
        ///
        /// - Precondition: Height and width are multiples of 2^depth.
        public func features(_ x: Variable) -> [Variable] {
            features(x, levels: 0..<configuration.depth + 1)
        }

        /// Returns the features of some levels, given the image or the pooled features of the level above.
        fileprivate func features(_ x: Variable, levels: Range<Int>) -> [Variable] {
            precondition(
                levels.lowerBound > 0
                    || x.shape.rank == 4 && x.shape[3] == configuration.inputChannels
                        && x.shape[1] % configuration.divisor == 0 && x.shape[2] % configuration.divisor == 0,
                "a U-Net of depth \(configuration.depth) takes [batch, height, width, \(configuration.inputChannels)] "
                    + "with height and width divisible by \(configuration.divisor), not \(x.shape)")
            var features: [Variable] = []
            for layer in ([first] + steps)[levels] { features.append(layer(features.last.map { maxPool($0) } ?? x)) }
            return features
        }

        /// Returns the features of the bottleneck.
        ///
        /// **Shapes** `[batch, height, width, inputChannels]` →
        /// `[batch, height / 2^depth, width / 2^depth, outputChannels]`.
        public func callAsFunction(_ x: Variable) -> Variable {
            features(x).last!
        }
    }
}

extension ParameterGroup {
    /// The encoder of a U-Net.
    public static let encoder = ParameterGroup("encoder")
    /// The decoder of a U-Net.
    public static let decoder = ParameterGroup("decoder")
}

/// Two repetitions of a 3×3 convolution without bias, normalization, and ReLU.
private struct DoubleConvolution: Layer {
    private let convolutions: [Convolution]
    private let normalizations: [Normalization]

    init(from input: Int, to output: Int, _ configuration: UNet.Configuration, in builder: inout ParameterBuilder) {
        var convolutions: [Convolution] = []
        var normalizations: [Normalization] = []
        builder.scope("double_conv") { builder in
            // PyTorch's indices count the ReLUs too: convolution 0, norm 1, ReLU 2, convolution 3, norm 4.
            for (index, channels) in [(0, input), (3, output)] {
                convolutions.append(
                    Convolution(
                        inputChannels: channels, outputChannels: output, kernelSize: 3, bias: false, name: "\(index)",
                        in: &builder))
                normalizations.append(
                    Normalization(
                        configuration.normalization, channels: output, slope: configuration.slope,
                        name: "\(index + 1)", in: &builder))
            }
        }
        self.convolutions = convolutions
        self.normalizations = normalizations
    }

    func callAsFunction(_ x: Variable) -> Variable {
        var y = x
        for (convolution, normalization) in zip(convolutions, normalizations) { y = normalization(convolution(y)) }
        return y
    }
}

/// A level of the decoder: a transposed convolution doubles the image size and halves the channels, its result is
/// concatenated after the encoder's features, and a double convolution merges them.
private struct UpStep: Sendable {
    private let up: TransposedConvolution
    private let merge: DoubleConvolution

    init(channels: Int, _ configuration: UNet.Configuration, in builder: inout ParameterBuilder) {
        up = TransposedConvolution(inputChannels: 2 * channels, outputChannels: channels, name: "up", in: &builder)
        merge = builder.scope("conv") {
            DoubleConvolution(from: 2 * channels, to: channels, configuration, in: &$0)
        }
    }

    func callAsFunction(_ x: Variable, skip: Variable) -> Variable {
        merge(concatenate(skip, up(x)))
    }
}
