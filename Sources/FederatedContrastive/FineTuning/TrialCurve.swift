import FileIO
import Foundation

/// The scores in the course of a trial, in a file that a stopped trial continues.
struct TrialCurve {
    private let file: URL
    private(set) var points: [TrialResult.CurvePoint] = []

    /// Reads the points up to a round; later ones are computed again.
    init(file: URL, until round: Int) {
        self.file = file
        guard let data = try? Data(contentsOf: file),
            let known = try? JSONDecoder().decode([TrialResult.CurvePoint].self, from: data)
        else { return }
        points = known.filter { $0.round <= round }
    }

    /// Adds a point and writes the file.
    mutating func add(_ point: TrialResult.CurvePoint) throws {
        points.append(point)
        let json = try JSON.encoded(points)
        do throws(FileError) { try DurableFile.write(json, to: file) } catch {
            throw RunError.unwritable("\(error)")
        }
    }
}
