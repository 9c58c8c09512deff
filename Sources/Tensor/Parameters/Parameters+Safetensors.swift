extension Parameters {
    /// The weights in PyTorch's layout, ready to be written.
    ///
    /// `safetensors.torch.load_file` and `load_state_dict` take the file as it is: beside every `running_var` stands
    /// the `num_batches_tracked` that PyTorch's batch norms expect.
    ///
    /// - Parameters:
    ///   - isIncluded: Which slots to write, such as those of the encoder.
    ///   - metadata: Text to keep with them, such as the preprocessing of the images; `"format": "pt"` is added.
    public func safetensors(
        including isIncluded: (ParameterSlot) -> Bool = { _ in true }, metadata: [String: String] = [:]
    ) -> Safetensors {
        var file = Safetensors(metadata: metadata.merging(["format": "pt"]) { given, _ in given })
        for slot in slots where isIncluded(slot) {
            file.tensors[slot.name] = slot.layout.exported(self[slot])
            if slot.name.hasSuffix("running_var") {
                file.integers[slot.name.dropLast("running_var".count) + Self.batchCounter] = .init(0)
            }
        }
        return file
    }

    /// Copies every weight of the file whose name occurs here, and reports what was loaded and what stayed fresh.
    ///
    /// The parameters change only if nothing is thrown.
    ///
    /// - Throws: `WeightsError.mismatch` when a weight of the same name has another shape or is not floating-point.
    public mutating func load(_ file: Safetensors) throws(WeightsError) -> Transfer {
        var transfer = Transfer()
        for slot in slots {
            guard file.tensors[slot.name] != nil || file.integers[slot.name] != nil else {
                transfer.missing.append(slot.name)
                continue
            }
            _ = try file.tensor(slot.name, shape: slot.layout.exportedShape(slot.shape))
            transfer.loaded.append(slot.name)
        }
        let loaded = Set(transfer.loaded)
        for slot in slots where loaded.contains(slot.name) {
            self[slot] = slot.layout.imported(file.tensors[slot.name]!)
        }
        let counters = file.integers.keys.filter { !$0.hasSuffix(Self.batchCounter) }
        transfer.unexpected = (Array(file.tensors.keys) + counters).filter { !loaded.contains($0) }.sorted()
        return transfer
    }

    private static let batchCounter = "num_batches_tracked"
}

extension ParameterSlot.Layout {
    /// The shape in PyTorch's layout of a weight that has `shape` here.
    public func exportedShape(_ shape: Tensor.Shape) -> Tensor.Shape {
        switch self {
        case .plain: shape
        case .convolution, .transposedConvolution: [shape[3], shape[2], shape[0], shape[1]]
        case .linear: [shape[1], shape[0]]
        }
    }

    /// The weight in PyTorch's layout.
    func exported(_ weight: Tensor) -> Tensor {
        let shape = weight.shape
        return switch self {
        case .plain: weight
        // Seen as a matrix of positions, each a matrix of channels: [k, a, b] becomes [b, a, k].
        case .convolution, .transposedConvolution:
            weight.reversingAxes([shape[0] * shape[1], shape[2], shape[3]]).reshaped(to: exportedShape(shape))
        case .linear: weight.reversingAxes([shape[0], 1, shape[1]]).reshaped(to: exportedShape(shape))
        }
    }

    /// The weight in this package's layout.
    func imported(_ weight: Tensor) -> Tensor {
        let shape = weight.shape
        return switch self {
        case .plain: weight
        case .convolution, .transposedConvolution:
            weight.reversingAxes([shape[0], shape[1], shape[2] * shape[3]])
                .reshaped(to: [shape[2], shape[3], shape[1], shape[0]])
        case .linear: weight.reversingAxes([shape[0], 1, shape[1]]).reshaped(to: [shape[1], shape[0]])
        }
    }
}

extension Tensor {
    /// With the elements seen as `[a, b, c]`, those of `[c, b, a]`.
    fileprivate func reversingAxes(_ extents: Shape) -> Tensor {
        let (a, b, c) = (extents[0], extents[1], extents[2])
        var result = Tensor(uninitialized: [c, b, a])
        let (source, target) = (pointer, result.mutablePointer())
        for i in 0..<a {
            for j in 0..<b {
                for k in 0..<c { target[(k * b + j) * a + i] = source[(i * b + j) * c + k] }
            }
        }
        return result
    }
}
