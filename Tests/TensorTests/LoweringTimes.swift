import Foundation
import Testing
import _TestSupport

@testable import Tensor

/// The measurement behind the policy: how long each lowering takes for the convolutions of an encoder, on one thread.
///
/// `TIME_LOWERINGS=1 swift test -c release --disable-xctest --filter LoweringTimes`
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["TIME_LOWERINGS"] != nil))
struct LoweringTimes {
    @Test(arguments: [(16, 64), (32, 192)])
    func ofAnEncoder(width: Int, size: Int) {
        print("\nMilliseconds for forward + input gradient + filter gradient, batch 8")
        print("| convolution | " + LoweringTests.bounds.map(\.name).joined(separator: " | ") + " | chosen |")
        print("| --- |" + String(repeating: " ---: |", count: LoweringTests.bounds.count) + " --- |")
        for level in 0...4 {
            let channels = width << level
            for inputs in [level == 0 ? 1 : channels / 2, channels] {
                let extent = size >> level
                let g = ConvolutionGeometry(
                    input: [8, extent, extent, inputs], filter: [3, 3, inputs, channels], stride: 1, padding: 1)
                let cells = LoweringTests.bounds.map { name, lowering, _ in
                    LoweringTests.lowerings(for: g).contains { $0.name == name } ? Self.times(g, lowering) : "–"
                }
                let chosen = LoweringTests.bounds.first { "\($0.lowering)" == "\(g.lowering)" }?.name ?? "?"
                print("| \(extent)² \(inputs)→\(channels) | \(cells.joined(separator: " | ")) | \(chosen) |")
            }
        }
    }

    /// The medians of the three directions.
    private static func times(_ g: ConvolutionGeometry, _ lowering: any ConvolutionLowering) -> String {
        let x = Tensor(random: g.inputShape, seed: 1), filter = Tensor(random: g.filterShape, seed: 2)
        let upstream = Tensor(random: g.outputShape, seed: 3)
        var y = upstream, dx = x, dw = filter
        let (target, byInput, byFilter) = (y.mutablePointer(), dx.mutablePointer(), dw.mutablePointer())
        let times = [
            median {
                lowering.forward(g, input: g.images(x.pointer), filter: filter.pointer, beta: 0, output: target)
            },
            median {
                lowering.inputGradient(
                    g, upstream: upstream.pointer, filter: filter.pointer, beta: 0, gradient: byInput)
            },
            median {
                lowering.filterGradient(
                    g, input: g.images(x.pointer), upstream: upstream.pointer, beta: 0, gradient: byFilter)
            },
        ]
        withExtendedLifetime((x, filter, upstream, y, dx, dw)) {}
        return times.map { String(format: "%.2f", $0) }.joined(separator: " + ")
    }

    private static func median(_ body: () -> Void) -> Double {
        Parallel.$threadLimit.withValue(1) {
            let clock = ContinuousClock()
            body()
            let start = clock.now
            var times: [Duration] = []
            while times.count < 5 || clock.now - start < .milliseconds(100) { times.append(clock.measure(body)) }
            return times.sorted()[times.count / 2] / .milliseconds(1)
        }
    }
}
