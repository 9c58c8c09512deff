import Federation

extension Metric {
    /// The value of `loss` when nothing is learned, if known.
    public static let lossConstant = Metric("constant")
    /// L_local of ``FCL``, in nats.
    public static let localLoss = Metric("localLoss")
    /// The value of ``localLoss`` when all features are equal, in nats.
    public static let localConstant = Metric("localConstant")
    /// L_remote of ``FCL``, in nats.
    public static let remoteLoss = Metric("remoteLoss")
    /// The value of ``remoteLoss`` when all features are equal, in nats.
    public static let remoteConstant = Metric("remoteConstant")
    /// The mean cosine similarity of features of the same partition in the bank at the start of the round.
    public static let positiveSimilarity = Metric("positiveSimilarity")
    /// The mean cosine similarity of features of different partitions in the bank at the start of the round.
    public static let negativeSimilarity = Metric("negativeSimilarity")
    /// The third term of ``FCLPlus``, which keeps features apart, in nats.
    public static let spreadLoss = Metric("spreadLoss")
    /// The value of ``spreadLoss`` when all features are equal, in nats.
    public static let spreadConstant = Metric("spreadConstant")
    /// ``positiveSimilarity`` minus ``negativeSimilarity``.
    public static let separation = Metric("separation")
    /// The metrics of ``Representation``, which the server measures.
    static let ofRepresentation: Set<Metric> = [
        .partitionNeighbors, .partitionProbe, .diagnosisNeighbors, .diagnosisProbe, .uniformity, .alignment,
    ]
    /// The fraction of slices whose partition is correctly predicted by their nearest neighbors.
    public static let partitionNeighbors = Metric("partitionNeighbours")
    /// The fraction of slices whose partition is correctly predicted by a linear map.
    public static let partitionProbe = Metric("partitionProbe")
    /// The fraction of patients whose diagnosis is correctly predicted by their nearest neighbors.
    public static let diagnosisNeighbors = Metric("diagnosisNeighbours")
    /// The fraction of patients whose diagnosis is correctly predicted by a linear map.
    public static let diagnosisProbe = Metric("diagnosisProbe")
    /// `FeatureSet.uniformity` of the encoder's features.
    public static let uniformity = Metric("uniformity")
    /// `FeatureSet.alignment(with:)` of the encoder's features of slices and their views.
    public static let alignment = Metric("alignment")
}
