/// The waits between questions to Flower, which does not call back.
///
/// As long as there is nothing new, each wait is a quarter longer than the last one, up to twelve times the first. So news
/// is noticed late by at most a quarter of the time that it took, and a server whose sites train for hours leaves its
/// SuperLink in peace.
struct Polling {
    private let shortest: Duration
    private var current: Duration

    init(shortest: Duration) { (self.shortest, current) = (shortest, shortest) }

    /// Returns the next wait.
    ///
    /// - Parameter news: Whether the last question had an answer.
    mutating func wait(after news: Bool) -> Duration {
        if news { current = shortest }
        defer { current = min(current * 5 / 4, shortest * 12) }
        return current
    }
}
