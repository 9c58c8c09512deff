import Experiments
import Foundation
import Volumes

/// Labels images and writes the label maps: read and judge → prepare → label → measure and write.
struct Segmenter: Sendable {
    let model: SegmentationModel
    /// The folder of the label maps.
    let folder: URL
    /// End diastole and end systole of every cine, if the user says so.
    let moments: ACDC.Moments?
    let workers: Int

    /// How many inputs are in memory at a time.
    private var windowCount: Int { min(workers, 8) }

    /// What becomes of all inputs, in their order; an input that is no good does not stop the others.
    ///
    /// - Parameter finished: Is told every record when it is there.
    func records(of inputs: [Input], finished: (Record) -> Void) async throws -> [Record] {
        var records: [Record] = []
        for start in stride(from: 0, to: inputs.count, by: windowCount) {
            let window = Array(inputs[start..<min(start + windowCount, inputs.count)])
            for record in try await self.records(of: window) {
                finished(record)
                records.append(record)
            }
        }
        Function.add(to: &records, of: inputs)
        return records
    }

    /// What becomes of a few inputs, all in memory at the same time.
    private func records(of inputs: [Input]) async throws -> [Record] {
        var scans = try await inParallel(inputs.count, workers: workers) { index in
            try Task.checkCancellation()
            return Scan(inputs[index], model: model, moments: moments)
        }
        let frames = scans.indices.flatMap { index in
            (0..<(scans[index].image?.volume.extent.frames ?? 0)).map { (scan: index, frame: $0) }
        }
        let prepared = try await inParallel(frames.count, workers: workers) { [scans] index in
            model.preprocessing(scans[frames[index].scan].image!.volume.frame(frames[index].frame))
        }
        for (place, volume) in zip(frames, prepared) where volume.pixels.allSatisfy({ $0 == 0 }) {
            scans[place.scan].refuse(
                Failure.badData(
                    "\(inputs[place.scan].file): frame \(place.frame + 1) is empty: nearly all its voxels are equal."))
        }
        let fit = frames.indices.filter { scans[frames[$0].scan].image != nil }
        let labels = try await model.labels(of: fit.map { prepared[$0] }, workers: workers)
        for (index, map) in zip(fit, labels) { scans[frames[index].scan].labels.append(map) }
        return try await inParallel(scans.count, workers: workers) { [scans] index in
            try Task.checkCancellation()
            return try scans[index].finished(in: folder)
        }
    }
}
