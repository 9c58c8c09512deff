#if Flower
import Federation
import Foundation
import Tensor

extension ArrayRecord {
    /// A model as one array for each weight, with the names and the layout of PyTorch, in the order of the slots.
    ///
    /// So a stock Flower app can load, average and return it.
    public init(_ parameters: Parameters) {
        let weights = parameters.safetensors()
        self.init(
            parameters.slots.map { slot in
                let weight = weights.tensors[slot.name]!
                return (slot.name, NumPyArray(weight))
            })
    }

    /// The model in this record, which has the weights of `reference` and no others.
    ///
    /// - Throws: `Rejection.slot` for the first weight that is missing, has another shape or type, or is not known.
    public func parameters(like reference: Parameters, client: String) throws(Rejection) -> Parameters {
        var weights = Safetensors()
        for slot in reference.slots {
            let shape = slot.layout.exportedShape(slot.shape)
            let name = "float32 \(slot.name) \(shape)"
            guard let array = self[slot.name] else {
                throw .slot(client: client, expected: name, found: "no such weight")
            }
            guard let tensor = Tensor(array), tensor.shape == shape else {
                throw .slot(client: client, expected: name, found: "\(array.dtype.rawValue) \(array.shape)")
            }
            weights.tensors[slot.name] = tensor
        }
        if let other = names.first(where: { weights.tensors[$0] == nil }) {
            throw .slot(client: client, expected: "no further weight", found: other)
        }
        var parameters = reference
        // Every shape was compared above.
        do { _ = try parameters.load(weights) } catch {
            throw .slot(client: client, expected: "the global model", found: "\(error)")
        }
        return parameters
    }
}

extension NumPyArray {
    /// A tensor, float32.
    public init(_ tensor: Tensor) {
        self.init(
            dtype: .float32, shape: tensor.shape.array, bytes: tensor.withElements { Data(buffer: $0) })
    }
}

extension Tensor {
    /// An array of float32; `nil` for another type, or a shape that no tensor has.
    public init?(_ array: NumPyArray) {
        guard array.dtype == .float32, array.shape.count <= Shape.maximumRank,
            array.shape.allSatisfy({ $0 <= Int32.max })
        else { return nil }
        self.init(zeros: Shape(array.shape))
        let bytes = array.bytes
        withMutableElements { elements in
            _ = bytes.copyBytes(to: UnsafeMutableRawBufferPointer(elements))
        }
    }
}
#endif
