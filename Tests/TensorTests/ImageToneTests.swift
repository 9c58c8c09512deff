import Foundation
import Testing
import _TestSupport

@testable import Tensor

@Suite struct ImageToneTests {
    private func uniform(_ extents: ImageExtents) -> Tensor {
        var generator = SeededGenerator(seed: 2)
        return Tensor(
            (0..<extents.count).map { _ in generator.uniform() },
            shape: [extents.height, extents.width, extents.channels])
    }

    private func applied(_ tone: ImageTone, to image: Tensor) -> Tensor {
        var (view, generator) = (image, SeededGenerator(seed: 3))
        let extents = ImageExtents(height: image.shape[0], width: image.shape[1], channels: image.shape[2])
        view.withMutableElements { tone.apply(to: $0.baseAddress!, extents, using: &generator) }
        return view
    }

    @Test func changesContrastAboutTheMeanAndThenBrightness() {
        let image = uniform(ImageExtents(height: 5, width: 5, channels: 1))
        let mean = image.mean
        let expected = image.elements.map { max(0, (Double($0) - mean) * 1.5 + mean - 0.1) }
        #expect(difference(applied(ImageTone(contrast: 1.5, brightness: -0.1), to: image), expected) == nil)
        #expect(expected.contains(0))
    }

    @Test(arguments: [0.5, 0.6, 1.6, 2.5] as [Float])
    func raisesToAPower(gamma: Float) {
        let values: [Float] = (0...999).map { Float($0) / 500 } + [-1, 4, 9]
        let expected = values.map { pow(min(4, max(0, Double($0))), Double(gamma)) }
        let image = Tensor(values, shape: [1, values.count, 1])
        // The table's resolution: far below the noise of an image.
        #expect(
            difference(applied(ImageTone(gamma: gamma), to: image), expected, relative: 3e-4, absolute: 3e-4) == nil)
    }

    @Test func noiseHasItsDeviation() {
        let image = Tensor(repeating: 0.5, shape: [63, 65, 1])
        let noise = applied(ImageTone(noise: 0.1), to: image).elements.map { Double($0) - 0.5 }
        let count = Double(noise.count)
        let mean = noise.reduce(0, +) / count
        let deviation = (noise.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
        #expect(abs(mean) < 0.005)
        #expect(abs(deviation - 0.1) < 0.003)
        // Nearly normal: 68 % lie within one deviation. Neighbours are independent.
        #expect(abs(Double(noise.count { abs($0) < 0.1 }) / count - 0.68) < 0.03)
        let neighbours = zip(noise, noise.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } / count
        #expect(abs(neighbours) < 0.05 * 0.01)
    }

    @Test(arguments: [0.4, 1.0], [1, 2])
    func blursWithTheBorderRepeated(deviation: Float, channels: Int) {
        let extents = ImageExtents(height: 6, width: 4, channels: channels)
        let image = uniform(extents)
        let radius = Int((3 * deviation).rounded(.up))
        var weights = (-radius...radius).map { exp(-Double($0 * $0) / (2 * Double(deviation * deviation))) }
        let sum = weights.reduce(0, +)
        weights = weights.map { $0 / sum }
        var expected: [Double] = []
        for row in 0..<6 {
            for column in 0..<4 {
                for channel in 0..<channels {
                    var value = 0.0
                    for i in -radius...radius {
                        for j in -radius...radius {
                            let pixel = image[max(0, min(5, row + i)), max(0, min(3, column + j)), channel]
                            value += weights[i + radius] * weights[j + radius] * Double(pixel)
                        }
                    }
                    expected.append(value)
                }
            }
        }
        #expect(difference(applied(ImageTone(blur: deviation), to: image), expected) == nil)
    }

    @Test(arguments: [(6, 4, 1), (5, 3, 2), (1, 1, 1)])
    func lowResolutionAveragesPairsAndInterpolates(height: Int, width: Int, channels: Int) {
        let extents = ImageExtents(height: height, width: width, channels: channels)
        let image = uniform(extents)
        /// The weights of the elements of an axis for element i: those of two pairs.
        func weights(_ i: Int, _ count: Int) -> [Double] {
            var weights = [Double](repeating: 0, count: count)
            let last = (count - 1) / 2
            for (pair, weight) in [(i / 2, 0.75), (min(last, max(0, i % 2 == 0 ? i / 2 - 1 : i / 2 + 1)), 0.25)] {
                weights[2 * pair] += weight / 2
                weights[min(2 * pair + 1, count - 1)] += weight / 2
            }
            return weights
        }
        var expected: [Double] = []
        for row in 0..<height {
            for column in 0..<width {
                for channel in 0..<channels {
                    var value = 0.0
                    for (i, down) in weights(row, height).enumerated() {
                        for (j, across) in weights(column, width).enumerated() {
                            value += down * across * Double(image[i, j, channel])
                        }
                    }
                    expected.append(value)
                }
            }
        }
        #expect(difference(applied(ImageTone(hasLowResolution: true), to: image), expected) == nil)
    }

    @Test func aBiasFieldIsASmoothFactor() {
        let extents = ImageExtents(height: 9, width: 7, channels: 2)
        let image = uniform(extents)
        var generator = SeededGenerator(seed: 5)
        let field = SmoothField(
            splines: SmoothField.Splines(extents), values: (0..<49).map { _ in generator.normal() })
        var expected: [Double] = []
        for row in 0..<9 {
            var line = [Float](repeating: 0, count: 7)
            field.add(row: row, to: &line)
            for column in 0..<7 {
                for channel in 0..<2 {
                    expected.append(exp(Double(line[column])) * Double(image[row, column, channel]))
                }
            }
        }
        #expect(difference(applied(ImageTone(biasField: field), to: image), expected) == nil)
    }

    @Test func withoutChangesTheBitsStay() {
        let image = uniform(ImageExtents(height: 3, width: 3, channels: 2))
        #expect(applied(ImageTone(), to: image).bits == image.bits)
    }
}
