import FileIO
import Foundation
import Synchronization
import Volumes

extension Phantom {
    /// Calls `write` with 0 … count − 1, several at a time, and `progress` with the number done, until one fails.
    func each(
        _ count: Int, workers: Int, progress: @escaping @Sendable (Int) -> Void,
        write: @escaping @Sendable (Int) throws(VolumesError) -> Void
    ) async throws(VolumesError) {
        precondition(count > 0, "\(count) patients leave nothing to write")
        let state = Mutex<(done: Int, failure: VolumesError?)>((0, nil))
        _ = await concurrently(count, workers: workers) { i in
            guard state.withLock({ $0.failure == nil }) else { return }
            do throws(VolumesError) {
                try write(i)
                progress(
                    state.withLock { state in
                        state.done += 1
                        return state.done
                    })
            } catch {
                state.withLock { $0.failure = $0.failure ?? error }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// What every folder says about its images.
    func note(on dataSet: String) -> String {
        """
        These images are synthetic. They were computed from a parametric model (Phantom, seed \(seed)) and show no patient.
        They follow the layout and the statistics of the \(dataSet) data set so that programs can be tried without it.
        Results on them say nothing about patients.

        """
    }

    static func makeFolder(_ url: URL) throws(VolumesError) {
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(file: url.path(percentEncoded: false), reason: Self.reason(of: error))
        }
    }

    static func write(_ text: String, to url: URL) throws(VolumesError) {
        do {
            try Data(text.utf8).write(to: url, options: .atomic)
        } catch {
            throw .unwritable(file: url.path(percentEncoded: false), reason: Self.reason(of: error))
        }
    }

    /// Why Foundation could not write, in the system's words where it passes them on.
    private static func reason(of error: any Error) -> String {
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
        return (cause ?? error).localizedDescription
    }
}
