import Dispatch
import Foundation
import Synchronization

/// Turns the first SIGINT or SIGTERM into a call, so that a run stops between two steps; a second one ends the program
/// at once.
package final class Interruption: Sendable {
    private let received = Mutex<Int32?>(nil)
    private let sources: [any DispatchSourceSignal & Sendable]

    /// The signal that came.
    package var signal: Int32? { received.withLock { $0 } }

    package init(handler: @escaping @Sendable () -> Void) {
        var sources: [any DispatchSourceSignal & Sendable] = []
        for number in [SIGINT, SIGTERM] {
            // The default action must be off for the source to see the signal.
            Foundation.signal(number, SIG_IGN)
            sources.append(DispatchSource.makeSignalSource(signal: number, queue: .global()) as! DispatchSource)
        }
        self.sources = sources
        for (source, number) in zip(sources, [SIGINT, SIGTERM]) {
            source.setEventHandler { [weak self] in
                guard let self else { return }
                let isFirst = received.withLock { stored in
                    defer { stored = stored ?? number }
                    return stored == nil
                }
                if isFirst { handler() } else { _exit(128 + number) }
            }
            source.resume()
        }
    }
}
