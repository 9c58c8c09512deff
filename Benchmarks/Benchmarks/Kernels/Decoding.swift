import Benchmark
import Foundation
import Tensor
import Volumes

/// Registers the decoding of NIfTI files as large as one ACDC image: 256 × 256 × 10 voxels of 16 bits.
///
/// The byte count is that of the voxels in memory.
func registerDecoding() {
    let extent = Volume.Extent(x: 256, y: 256, slices: 10)
    for suffix in ["nii", "nii.gz"] {
        register("NIfTI decoding, \(extent.x)×\(extent.y)×\(extent.slices), .\(suffix)", .bytes(4 * extent.count)) {
            // Noise of a few gray levels on a ramp is about as compressible as an image.
            var generator = SeededGenerator(seed: 1)
            let voxels = (0..<extent.count).map { index in
                (Float(index % extent.x) + generator.normal(standardDeviation: 4)).rounded()
            }
            let volume = Volume(
                extent: extent, spacing: Volume.Spacing(x: 1.5, y: 1.5, slice: 10), voxels: voxels)
            let file = URL.temporaryDirectory.appending(
                path: "benchmark-\(ProcessInfo.processInfo.processIdentifier).\(suffix)")
            try NIfTI(volume: volume, datatype: .int16).write(to: file)
            return { stopwatch in
                stopwatch.measure { _ = try? NIfTI(contentsOf: file) }
            }
        }
    }
}
