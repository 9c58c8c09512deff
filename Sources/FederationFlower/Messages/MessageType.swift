#if Flower
/// The messages that the server sends to sites. The first word is one of Flower's own types.
///
/// | type | the server sends | the site replies |
/// | --- | --- | --- |
/// | `query.describe` | the job | who it is, how many features it sends at most |
/// | `query.parameters` | the job | the model with its first weights |
/// | `query.exchange` | the global model | its features |
/// | `train` | the global model, the features of the others | its model, numbers |
///
/// A site that was asked for its features has the round's model already, and `train` does not bring it again. If the site
/// was started anew in between, it replies that the model is missing, and is asked again with it.
///
/// `train` alone is all that Flower's own `FedAvg` and a stock ClientApp need.
public enum MessageType: String, Sendable {
    case describe = "query.describe"
    case parameters = "query.parameters"
    case exchange = "query.exchange"
    case train
}

/// The names of records and of their entries; where Flower's own strategies have a name for something, it is theirs.
package enum RecordName {
    package static let arrays = "arrays"
    package static let metrics = "metrics"
    package static let config = "config"
    /// The features of the site that replies.
    package static let features = "features"
    /// The features of the other sites.
    package static let bank = "bank"

    package static let exampleCount = "num-examples"
    package static let round = "server-round"
    package static let client = "client"
    /// What a site needs to know to take part, as JSON.
    package static let job = "job"
    package static let mostShared = "max-shared"
    /// In a reply to `train`: the record without which the site cannot train.
    package static let missing = "missing"
}
#endif
