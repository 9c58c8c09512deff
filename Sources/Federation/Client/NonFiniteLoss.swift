/// Local training ran into a loss that is NaN or infinite. Throwing it ends the client's round, not the run.
public struct NonFiniteLoss: Error, Sendable, CustomStringConvertible {
    /// The loss.
    public let loss: Float
    /// The step of local training that produced it.
    public let step: Int

    /// Throws if `loss` is not a finite number.
    ///
    /// - Throws: `NonFiniteLoss` with the loss and the step.
    public static func check(_ loss: Float, step: Int) throws(NonFiniteLoss) {
        if !loss.isFinite { throw NonFiniteLoss(loss: loss, step: step) }
    }

    /// One sentence with the loss, the step and the remedy.
    public var description: String {
        "the loss became \(loss) in step \(step); a lower learning rate or weaker augmentation may help"
    }
}
