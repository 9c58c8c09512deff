/// The place of one weight in the vector of a model's parameters. Layers hold slots, not weights.
public struct ParameterSlot: Hashable, Sendable {
    /// The name in weight files, unique in a model: `down1.maxpool_conv.1.double_conv.0.weight`.
    public let name: String
    /// The extents in this package's layout.
    public let shape: Tensor.Shape
    /// Whether gradients reach it.
    public let role: Role
    /// How it is stored in PyTorch's layout.
    public let layout: Layout
    /// The part of the model that it belongs to; not stored in files.
    public let group: ParameterGroup
    /// Where it begins among the slots of its role.
    let position: Int

    /// What a slot is for.
    public enum Role: String, Hashable, Sendable, Codable {
        /// Changed by the optimizer along its gradient.
        case trainable
        /// Measured during training, such as the running mean of a batch norm.
        case statistic
    }

    /// How the axes of a weight are ordered in PyTorch, whose weight files this package writes and reads.
    public enum Layout: String, Hashable, Sendable, Codable {
        /// As here.
        case plain
        /// `[kH, kW, in, out]` here, `[out, in, kH, kW]` there.
        case convolution
        /// `[kH, kW, out, in]` here, `[in, out, kH, kW]` there.
        case transposedConvolution
        /// `[in, out]` here, `[out, in]` there.
        case linear
    }
}

/// A part of a model that is treated as one: its slots have a learning rate, and are saved, of their own.
///
/// Modules that register slots declare their groups as static constants.
public struct ParameterGroup: Hashable, Sendable, CustomStringConvertible {
    private let name: String

    /// A group of that name.
    public init(_ name: String) { self.name = name }

    /// Slots that were registered outside any group.
    public static let none = ParameterGroup("none")

    /// The name.
    public var description: String { name }
}
