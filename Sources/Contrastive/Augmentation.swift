import Foundation
import Tensor

/// A random transformation that creates views of an image.
///
/// The geometric map is sampled once, bilinearly, with zeros outside the image: mirroring, rotation, scaling, and
/// translation (together a random resized crop), and an elastic deformation. Intensities, expected to be about 0 to 1
/// and at most 4, lose resolution and are blurred, then they are multiplied by a smooth bias field, contrast,
/// brightness, and gamma are changed, and noise is added. Each image of a batch is transformed independently.
///
/// ```swift
/// let queries = Augmentation.weak(images, using: &generator)
/// let keys = Augmentation.weak(images, using: &generator)
/// ```
///
/// Source: Chen et al., ICML 2020, Chaitanya et al., NeurIPS 2020, and, for low resolution and the chances, Isensee
/// et al., Nature Methods 18:203–211, 2021, for the kinds of transformation; their strengths are this package's
/// reconstruction.
public struct Augmentation: Hashable, Sendable, Codable {
    /// Whether to mirror each axis in half of the views.
    public var mirrors = false
    /// The maximum rotation in either direction, in degrees.
    public var rotation: Float = 0
    /// The magnification, with a uniform logarithm; above 1, a part of the image fills the view.
    public var scale: ClosedRange<Float> = 1...1
    /// The maximum shift along each axis in either direction, as a fraction of the image size.
    public var translation: Float = 0
    /// The standard deviation of the displacements of the elastic deformation's control points, as a fraction of the
    /// image size.
    ///
    /// Control points are a quarter of the image apart; between them, the standard deviation is half as large.
    public var elasticity: Float = 0
    /// The fraction of the views that are deformed elastically.
    public var elasticityChance: Float = 1
    /// The fraction of the views that lose half of their resolution: pairs of rows and columns are averaged and
    /// interpolated again, as in an image with pixels of twice the size.
    public var lowResolutionChance: Float = 0
    /// The maximum standard deviation of a Gaussian blur, in pixels.
    public var blur: Float = 0
    /// The fraction of the views that are blurred.
    public var blurChance: Float = 0.5
    /// The standard deviation of the natural logarithm of a smooth factor, as a receiver coil causes it, at control
    /// points a quarter of the image apart; between them, it is half as large.
    public var biasField: Float = 0
    /// The fraction of the views that are multiplied by such a factor.
    public var biasFieldChance: Float = 1
    /// The factor applied to each intensity's difference from the mean.
    public var contrast: ClosedRange<Float> = 1...1
    /// The maximum offset added to intensities, in either direction.
    public var brightness: Float = 0
    /// The power to which intensities are raised, with a uniform logarithm.
    public var gamma: ClosedRange<Float> = 1...1
    /// The maximum standard deviation of the noise.
    public var noise: Float = 0
    /// The fraction of the views to which noise is added.
    public var noiseChance: Float = 1

    /// Creates the identity transformation.
    public init() {}

    /// The identity, whose views equal the image.
    public static let identity = Augmentation()

    /// A weak augmentation that preserves the anatomy, for small images and short training.
    ///
    /// There is no mirroring: hearts have the same orientation in all images, and in short training on ACDC the
    /// memory banks separated partitions twice as well without it.
    public static let weak: Augmentation = {
        var weak = Augmentation()
        weak.rotation = 15
        weak.scale = 0.85...1.2
        weak.translation = 0.06
        weak.contrast = 0.8...1.25
        weak.brightness = 0.1
        weak.gamma = 0.8...1.25
        weak.noise = 0.02
        return weak
    }()

    /// An augmentation of the strength usual in contrastive learning.
    public static let standard: Augmentation = {
        var standard = Augmentation()
        standard.mirrors = true
        standard.rotation = 30
        standard.scale = 0.7...1.3
        standard.translation = 0.1
        standard.elasticity = 0.02
        standard.blur = 1
        standard.contrast = 0.6...1.5
        standard.brightness = 0.2
        standard.gamma = 0.6...1.6
        standard.noise = 0.05
        return standard
    }()

    /// The standard augmentation without mirroring, for organs with the same orientation in all images.
    public static let upright: Augmentation = {
        var upright = Augmentation.standard
        upright.mirrors = false
        return upright
    }()

    /// A strong augmentation without mirroring, which covers how hearts and scanners differ between patients, for
    /// training on the labels of very few of them.
    ///
    /// In ACDC, the heart's center is up to 62 mm from the image's, and the blood of the left ventricle has a
    /// normalized intensity of 0.37 to 0.81.
    public static let strong: Augmentation = {
        var strong = Augmentation()
        strong.rotation = 45
        strong.scale = 0.65...1.5
        strong.translation = 0.2
        (strong.elasticity, strong.elasticityChance) = (0.03, 0.5)
        strong.lowResolutionChance = 0.2
        (strong.blur, strong.blurChance) = (1.2, 0.3)
        (strong.biasField, strong.biasFieldChance) = (0.3, 0.3)
        strong.contrast = 0.5...1.8
        strong.brightness = 0.25
        strong.gamma = 0.5...2
        (strong.noise, strong.noiseChance) = (0.08, 0.3)
        return strong
    }()

    /// A description of the problem with these settings, in one sentence; `nil` if they are valid.
    public var problem: String? {
        let extents: [(String, Float, ClosedRange<Float>)] = [
            ("rotation", rotation, 0...360), ("translation", translation, 0...1), ("elasticity", elasticity, 0...0.25),
            ("blur", blur, 0...16), ("brightness", brightness, 0...1), ("noise", noise, 0...1),
            ("biasField", biasField, 0...2), ("elasticityChance", elasticityChance, 0...1),
            ("lowResolutionChance", lowResolutionChance, 0...1), ("blurChance", blurChance, 0...1),
            ("biasFieldChance", biasFieldChance, 0...1), ("noiseChance", noiseChance, 0...1),
        ]
        for (name, value, allowed) in extents where !allowed.contains(value) {
            return "\(name) is \(value): expected \(allowed.lowerBound) to \(allowed.upperBound)."
        }
        let factors = [("scale", scale), ("contrast", contrast), ("gamma", gamma)]
        for (name, range) in factors where !(range.lowerBound >= 0.1 && range.upperBound <= 10) {
            return "\(name) is \(range.lowerBound) to \(range.upperBound): expected a range within 0.1 to 10."
        }
        return nil
    }
}

extension Augmentation {
    /// Returns a view of every image of a batch, computed on all threads.
    ///
    /// Results are bitwise identical for any number of threads.
    ///
    /// **Shapes** `[batch, height, width, channels]`, unchanged.
    ///
    /// - Precondition: Rank 4, and settings without a `problem`.
    public func callAsFunction(_ images: Tensor, using generator: inout SeededGenerator) -> Tensor {
        images.transformed(by: transforms(of: images, using: &generator))
    }

    /// Returns a view of every image of a batch, and transforms the labels of its pixels accordingly.
    ///
    /// Each label is taken from the nearest source; it is 0 (the background) where the view shows what lies outside
    /// the image.
    ///
    /// **Shapes** Images `[batch, height, width, channels]`; one label per pixel, row by row. Both unchanged.
    ///
    /// - Precondition: Rank 4, as many labels as pixels, and settings without a `problem`.
    public func callAsFunction(
        _ images: Tensor, labels: inout [UInt8], using generator: inout SeededGenerator
    ) -> Tensor {
        images.transformed(by: transforms(of: images, using: &generator), labels: &labels)
    }

    /// Returns a random transform for each image.
    ///
    /// Each image has its own generator, so the order of the work does not matter.
    private func transforms(of images: Tensor, using generator: inout SeededGenerator) -> [ImageTransform] {
        precondition(images.shape.rank == 4, "views of \(images.shape): [batch, height, width, channels] wanted")
        if let problem { preconditionFailure(problem) }
        return (0..<images.shape[0]).map { _ in
            transform(
                height: Float(images.shape[1]), width: Float(images.shape[2]),
                using: SeededGenerator(seed: generator.next()))
        }
    }

    /// Returns a random transform of an image, whose noise uses the remaining stream of the generator.
    func transform(
        height: Float, width: Float, using generator: consuming SeededGenerator
    ) -> ImageTransform {
        var transform = ImageTransform()
        let mirrorsRows = mirrors && generator.chance(0.5)
        let mirrorsColumns = mirrors && generator.chance(0.5)
        let angle = generator.uniform(in: -rotation...rotation) * .pi / 180
        let factor = generator.logUniform(in: scale)
        let (cosine, sine) = (cos(angle) / factor, sin(angle) / factor)
        let (rows, columns): (Float, Float) = (mirrorsRows ? -1 : 1, mirrorsColumns ? -1 : 1)
        transform.matrix = (cosine * rows, -sine * columns, sine * rows, cosine * columns)
        transform.shift.row = generator.uniform(in: -translation...translation) * height
        transform.shift.column = generator.uniform(in: -translation...translation) * width
        if elasticity > 0, generator.happens(elasticityChance) {
            transform.elastic = (
                generator.controlPoints(elasticity * height), generator.controlPoints(elasticity * width)
            )
        }
        transform.hasLowResolution = lowResolutionChance > 0 && generator.happens(lowResolutionChance)
        transform.blur = generator.chance(blurChance) ? generator.uniform(in: 0...blur) : 0
        if biasField > 0, generator.happens(biasFieldChance) {
            transform.biasField = generator.controlPoints(biasField)
        }
        transform.contrast = generator.logUniform(in: contrast)
        transform.brightness = generator.uniform(in: -brightness...brightness)
        transform.gamma = generator.logUniform(in: gamma)
        transform.noise = generator.uniform(in: 0...noise)
        if !generator.happens(noiseChance) { transform.noise = 0 }
        transform.generator = generator
        return transform
    }
}

extension SeededGenerator {
    /// Returns true with a probability; a certain event takes no random number.
    fileprivate mutating func happens(_ chance: Float) -> Bool { chance == 1 || self.chance(chance) }

    /// Returns normal numbers for the control points of a smooth field.
    fileprivate mutating func controlPoints(_ deviation: Float) -> [Float] {
        (0..<ImageTransform.controlPoints * ImageTransform.controlPoints).map { _ in
            normal(standardDeviation: deviation)
        }
    }

    /// Returns a number whose logarithm is uniform: halves and doubles are equally likely.
    fileprivate mutating func logUniform(in range: ClosedRange<Float>) -> Float {
        range.lowerBound * pow(range.upperBound / range.lowerBound, uniform())
    }
}
