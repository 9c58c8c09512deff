import Features
import Federation
import Foundation
import Tensor

/// The types of messages that the server sends to sites.
///
/// The first word is one of Flower's own types.
///
/// | type | the server sends | the site replies |
/// | --- | --- | --- |
/// | `query.describe` | the job | its name, the maximum number of features it sends |
/// | `query.parameters` | the job | the model with its initial weights |
/// | `query.exchange` | the global model | its features |
/// | `train` | the global model, the features of the other sites | its model, metrics |
///
/// A site that has received `query.exchange` already has the round's model, and `train` does not send it again. If the
/// site was restarted in between, it replies that the model is missing, and the request is repeated with the model.
///
/// Flower's own `FedAvg` and a stock ClientApp need only `train`.
///
/// Flower makes a request for each array of a message and for each chunk of an array, of some milliseconds. So a site
/// and a server of this package send each other a model as one array, the bytes of a safetensors file: the site replies
/// to `query.describe` that it is able to, and the server marks its requests. Everybody else gets one array per weight.
public enum MessageType: String, Sendable {
    case describe = "query.describe"
    case parameters = "query.parameters"
    case exchange = "query.exchange"
    case train
}

/// The names of records and of their entries, the same as in Flower's own strategies where those exist.
package enum RecordName {
    package static let arrays = "arrays"
    package static let metrics = "metrics"
    package static let config = "config"
    /// The features of the replying site.
    package static let features = "features"
    /// The features of the other sites.
    package static let bank = "bank"

    package static let exampleCount = "num-examples"
    package static let round = "server-round"
    package static let client = "client"
    /// The job description for a site, as JSON.
    package static let job = "job"
    package static let maximumShared = "max-shared"
    /// The record that the site is missing for training, in a reply to `train`.
    package static let missing = "missing"
    /// Whether the site reads models that are one array; whether the server expects one.
    package static let packed = "packed"
    /// The array of a model that is one array.
    package static let safetensors = "safetensors"
}

extension Record<NumPyArray> {
    /// Creates a record from a model: one array per weight, with PyTorch's names and layout, in the order of the slots.
    ///
    /// A stock Flower app can load, average, and return it.
    public init(_ parameters: Parameters) {
        let weights = parameters.safetensors()
        self.init(
            parameters.slots.map { slot in
                let weight = weights.tensors[slot.name]!
                return (slot.name, NumPyArray(weight))
            })
    }

    /// Creates a record from a model as one array: a safetensors file, uint8 `[bytes]`.
    package init(packing parameters: Parameters) {
        let file = parameters.safetensors().data
        self.init([(RecordName.safetensors, NumPyArray(dtype: .uint8, shape: [file.count], bytes: file))])
    }

    /// Returns the model in this record, in either form, which must have exactly the weights of `reference`.
    ///
    /// - Throws: `Rejection.slot` for the first weight that is missing, has another shape or type, or is unexpected.
    public func parameters(like reference: Parameters, client: String) throws(Rejection) -> Parameters {
        let arrays = try unpacked(client, atMost: reference.byteCount + Self.maximumHeader)
        var weights = Safetensors()
        for slot in reference.slots {
            let shape = slot.layout.exportedShape(slot.shape)
            let name = "float32 \(slot.name) \(shape)"
            guard let array = arrays[slot.name] else {
                throw Rejection(client, .slot(expected: name, found: "no such weight"))
            }
            guard let tensor = Tensor(array), tensor.shape == shape else {
                throw Rejection(client, .slot(expected: name, found: "\(array.dtype.rawValue) \(array.shape)"))
            }
            weights.tensors[slot.name] = tensor
        }
        if let other = arrays.names.first(where: { weights.tensors[$0] == nil }) {
            throw Rejection(client, .slot(expected: "no further weight", found: PeerText.excerpt(of: other)))
        }
        var parameters = reference
        // Loading cannot fail, since every shape was compared above.
        do { _ = try parameters.load(weights) } catch {
            throw Rejection(client, .slot(expected: "the global model", found: "\(error)"))
        }
        return parameters
    }

    /// The maximum size of what a model as one array has besides the weights: names, shapes, and places.
    private static let maximumHeader = 1 << 20

    /// Returns the record with one array per weight, if it is a model as one array; otherwise this record.
    private func unpacked(_ client: String, atMost limit: Int) throws(Rejection) -> ArrayRecord {
        guard names == [RecordName.safetensors], let file = self[RecordName.safetensors], file.dtype == .uint8 else {
            return self
        }
        guard file.bytes.count <= limit else {
            throw Rejection(client, .slot(expected: "no more than \(limit)", found: "\(file.bytes.count) bytes"))
        }
        do throws(WeightsError) {
            let weights = try Safetensors(data: file.bytes).tensors.sorted { $0.key < $1.key }
            return ArrayRecord(weights.map { ($0.key, NumPyArray($0.value)) })
        } catch {
            throw Rejection(client, .slot(expected: "weights", found: "bytes that are no safetensors file"))
        }
    }
}

extension NumPyArray {
    /// Creates a float32 array from a tensor.
    public init(_ tensor: Tensor) {
        self.init(tensor.elements, shape: tensor.shape.array)
    }
}

extension Tensor {
    /// Creates a tensor from a float32 array; `nil` for another type, or a shape that tensors do not support.
    public init?(_ array: NumPyArray) {
        guard array.dtype == .float32, array.shape.count <= Shape.maximumRank,
            array.shape.allSatisfy({ $0 <= Int32.max })
        else { return nil }
        self.init(array.floats ?? [], shape: Shape(array.shape))
    }
}

extension Record<NumPyArray> {
    private static let vectors = "vectors", tags = "partitions"
    /// The maximum number of sites whose features a message holds.
    private static let maximumBanks = 1000

    /// Creates a record from a client's features: `vectors`, float32 `[count, dimension]`, and `partitions`, uint8
    /// `[count]`.
    package init(_ share: FeatureShare) {
        self.init([])
        append(share, prefix: "")
    }

    /// Creates a record from the features of several clients, with each client's name as a prefix.
    ///
    /// A client's arrays are the same objects for every receiver, so that Flower stores each of them once.
    package init(bank shares: [FeatureShare]) {
        self.init([])
        for share in shares { append(share, prefix: share.client + "/") }
    }

    private mutating func append(_ share: FeatureShare, prefix: String) {
        self[prefix + Self.vectors] = NumPyArray(share.features.vectors)
        self[prefix + Self.tags] = NumPyArray(
            dtype: .uint8, shape: [share.features.count], bytes: Data(share.features.partitions))
    }

    /// Returns the validated features of the client that sent this record.
    package func share(
        from client: String, round: Int, expecting exchange: FeatureExchange, prefix: String = ""
    ) throws(Rejection) -> FeatureShare {
        guard let vectors = self[prefix + Self.vectors].flatMap({ Tensor($0) }), vectors.shape.rank == 2,
            vectors.shape[1] == exchange.dimension
        else {
            let found = self[prefix + Self.vectors]?.shape.last ?? 0
            throw Rejection(client, .featureDimension(expected: exchange.dimension, found: found))
        }
        guard vectors.shape[0] <= exchange.maximumCount else {
            throw Rejection(client, .featureCount(found: vectors.shape[0], limit: exchange.maximumCount))
        }
        guard let tags = self[prefix + Self.tags], tags.dtype == .uint8, tags.shape == [vectors.shape[0]] else {
            let found = self[prefix + Self.tags]?.shape.first ?? 0
            throw Rejection(client, .features(.tagCount(features: vectors.shape[0], tags: found)))
        }
        if let row = tags.bytes.firstIndex(where: { Int($0) >= exchange.partitions }) {
            throw Rejection(
                client,
                .partition(
                    row: row - tags.bytes.startIndex, found: Int(tags.bytes[row]), partitions: exchange.partitions))
        }
        do throws(FeatureError) {
            let features = try FeatureSet(validating: vectors, partitions: Array(tags.bytes))
            return FeatureShare(features, client: client, round: round)
        } catch {
            throw Rejection(client, .features(error))
        }
    }

    /// Returns the features of several clients, in the order in which they were sent.
    package func bank(round: Int, expecting exchange: FeatureExchange) throws(Rejection) -> [FeatureShare] {
        var shares: [FeatureShare] = []
        for name in names where name.hasSuffix("/" + Self.vectors) {
            let client = String(name.dropLast(Self.vectors.count + 1))
            guard ClientName.isValid(client) else { throw Rejection("server", .sender(claimed: client)) }
            guard shares.count < Self.maximumBanks else {
                throw Rejection("server", .featureCount(found: shares.count + 1, limit: Self.maximumBanks))
            }
            shares.append(
                try share(from: client, round: round, expecting: exchange, prefix: client + "/"))
        }
        return shares
    }
}

extension RecordDict {
    /// Creates the reply to `train` from a trained model, as one array if the server expects that, and its metrics.
    package init(_ update: LocalUpdate, packed: Bool = false) {
        var metrics = MetricRecord([(RecordName.exampleCount, .signed(Int64(update.sampleCount)))])
        metrics[RecordName.round] = .signed(Int64(update.round))
        for (name, value) in update.metrics.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            metrics[name.rawValue] = .double(value)
        }
        let model = packed ? ArrayRecord(packing: update.parameters) : ArrayRecord(update.parameters)
        self.init([(RecordName.arrays, .arrays(model)), (RecordName.metrics, .metrics(metrics))])
    }

    /// Returns the trained model in a reply to `train`.
    ///
    /// - Parameters:
    ///   - client: The client that replied.
    ///   - round: The requested round, which is assumed for replies without a round, such as those of stock apps.
    /// - Returns: The update; a missing sample count becomes 0.
    /// - Throws: `Rejection` if the weights do not match `reference`.
    package func update(
        from client: String, round: Int, like reference: Parameters
    ) throws(Rejection) -> LocalUpdate {
        let parameters = try (arrays(RecordName.arrays) ?? ArrayRecord([])).parameters(like: reference, client: client)
        let metrics = self.metrics(RecordName.metrics) ?? MetricRecord([])
        let count = metrics.double(RecordName.exampleCount).flatMap { Int(exactly: $0) } ?? 0
        let claimed = metrics.double(RecordName.round).flatMap { Int(exactly: $0) } ?? round
        var numbers: [Metric: Double] = [:]
        for name in metrics.names where name != RecordName.exampleCount && name != RecordName.round {
            numbers[Metric(name)] = metrics.double(name)
        }
        return LocalUpdate(
            parameters: parameters, sampleCount: count, round: claimed, client: client, metrics: numbers)
    }
}
