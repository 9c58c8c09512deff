import Foundation
import Segmentation
import Tensor

/// A segmentation model as an ONNX file: opset 17, `image [batch, channel, row, column]` → `scores [batch, class, row,
/// column]`, any batch size, and rows and columns that are multiples of 2^depth.
///
/// The network alone is in the graph. Preprocessing and class names are in `metadata_props`, as JSON, and the Python
/// module beside the file follows them.
///
/// Source: onnx.proto of ONNX 1.14, for field numbers, and the operator reference of opset 17.
struct ONNXModel {
    private let model: SegmentationModel
    private let weights: Safetensors
    private var nodes: [(type: String, inputs: [String], output: String, attributes: [Attribute])] = []

    private enum Attribute {
        case integer(String, Int)
        case integers(String, [Int])
        case float(String, Float)
    }

    /// Describes the graph of a model.
    init(_ model: SegmentationModel) {
        self.model = model
        weights = model.parameters.safetensors(metadata: [:])
        let depth = model.network.configuration.depth
        var features = [doubleConvolution("image", "inc.double_conv")]
        for level in 1...depth {
            let pooled = add(
                "MaxPool", [features.last!], "down\(level).pooled",
                [.integers("kernel_shape", [2, 2]), .integers("strides", [2, 2])])
            features.append(doubleConvolution(pooled, "down\(level).maxpool_conv.1.double_conv"))
        }
        var y = features.removeLast()
        for step in 1...depth {
            let name = "up\(step)"
            let wide = add(
                "ConvTranspose", [y, "\(name).up.weight", "\(name).up.bias"], "\(name).wide",
                [.integers("kernel_shape", [2, 2]), .integers("strides", [2, 2])])
            let joined = add("Concat", [features.removeLast(), wide], "\(name).joined", [.integer("axis", 1)])
            y = doubleConvolution(joined, "\(name).conv.double_conv")
        }
        _ = add(
            "Conv", [y, "outc.conv.weight", "outc.conv.bias"], "scores", [.integers("kernel_shape", [1, 1])])
    }

    private mutating func doubleConvolution(_ input: String, _ name: String) -> String {
        var y = input
        for index in [0, 3] {
            y = add(
                "Conv", [y, "\(name).\(index).weight"], "\(name).\(index).sum",
                [.integers("kernel_shape", [3, 3]), .integers("pads", [1, 1, 1, 1])])
            let norm = "\(name).\(index + 1)"
            y = add(
                "BatchNormalization", [y] + ["weight", "bias", "running_mean", "running_var"].map { "\(norm).\($0)" },
                "\(norm).normal", [.float("epsilon", 1e-5)])
            y = add("Relu", [y], "\(norm).positive", [])
        }
        return y
    }

    private mutating func add(
        _ type: String, _ inputs: [String], _ output: String, _ attributes: [Attribute]
    ) -> String {
        nodes.append((type, inputs, output, attributes))
        return output
    }

    /// Returns the file.
    ///
    /// - Parameters:
    ///   - version: The version of this package.
    ///   - metadata: Texts to store with the model.
    func data(version: String, metadata: [String: String]) -> Data {
        var file = ProtocolBuffer()
        file.add(1, 8)
        file.add(2, "federated-contrastive")
        file.add(3, version)
        file.add(7, graph)
        file.add(8) { opset in
            opset.add(1, "")
            opset.add(2, 17)
        }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            file.add(14) { entry in
                entry.add(1, key)
                entry.add(2, value)
            }
        }
        return file.data
    }

    private func graph(_ graph: inout ProtocolBuffer) {
        for node in nodes {
            graph.add(1) { message in
                for input in node.inputs { message.add(1, input) }
                message.add(2, node.output)
                message.add(3, node.output)
                message.add(4, node.type)
                for attribute in node.attributes { message.add(5) { Self.write(attribute, to: &$0) } }
            }
        }
        graph.add(2, "U-Net")
        let used = Set(nodes.flatMap(\.inputs))
        for (name, tensor) in weights.tensors.sorted(by: { $0.key < $1.key }) where used.contains(name) {
            graph.add(5) { message in
                for index in 0..<tensor.shape.rank { message.add(1, tensor.shape[index]) }
                message.add(2, Self.float)
                message.add(8, name)
                message.add(9, tensor.elements.withUnsafeBytes { Data($0) })
            }
        }
        let configuration = model.network.configuration
        graph.add(11) { Self.write("image", channels: configuration.inputChannels, to: &$0) }
        graph.add(12) { Self.write("scores", channels: configuration.classes, to: &$0) }
    }

    /// The element type of tensors of 32-bit numbers.
    private static let float = 1

    private static func write(_ attribute: Attribute, to message: inout ProtocolBuffer) {
        switch attribute {
        case .integer(let name, let value):
            message.add(1, name)
            message.add(3, value)
            message.add(20, 2)
        case .integers(let name, let values):
            message.add(1, name)
            for value in values { message.add(8, value) }
            message.add(20, 7)
        case .float(let name, let value):
            message.add(1, name)
            message.add(2, value)
            message.add(20, 1)
        }
    }

    private static func write(_ name: String, channels: Int, to message: inout ProtocolBuffer) {
        message.add(1, name)
        message.add(2) { type in
            type.add(1) { tensor in
                tensor.add(1, float)
                tensor.add(2) { shape in
                    shape.add(1) { $0.add(2, "batch") }
                    shape.add(1) { $0.add(1, channels) }
                    shape.add(1) { $0.add(2, "rows") }
                    shape.add(1) { $0.add(2, "columns") }
                }
            }
        }
    }
}
