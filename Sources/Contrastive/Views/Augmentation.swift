/// The random changes that make two views of one image.
///
/// Geometry is one map, sampled once, bilinearly, with zeros outside the image: mirror images, rotation, enlargement and
/// translation (which together are a random resized crop), and an elastic deformation. Intensities, expected in 0 … 1,
/// are blurred, then changed in contrast, brightness and gamma, and noise is added. Every image of a batch draws its own
/// changes.
///
/// ```swift
/// let queries = Augmentation.weak(images, using: &generator)
/// let keys = Augmentation.weak(images, using: &generator)
/// ```
///
/// Source: Chen et al., ICML 2020, and Chaitanya et al., NeurIPS 2020, for the kinds of change; their strengths are this
/// package's reconstruction.
public struct Augmentation: Hashable, Sendable, Codable {
    /// Whether each axis is mirrored in half of the views.
    public var mirrors = false
    /// The largest rotation to either side, in degrees.
    public var rotation: Float = 0
    /// By what the image is enlarged; above 1 a part of it fills the view. Its logarithm is uniform.
    public var scale: ClosedRange<Float> = 1...1
    /// The largest shift along each axis to either side, as a fraction of the extent.
    public var translation: Float = 0
    /// The standard deviation of the elastic deformation's control points, which lie a quarter of the image apart, as a
    /// fraction of the extent; the deformation between them deviates half as much.
    public var elasticity: Float = 0
    /// The largest standard deviation of a Gaussian blur, in pixels; half of the views are not blurred.
    public var blur: Float = 0
    /// By what the distance of intensities from their mean is multiplied.
    public var contrast: ClosedRange<Float> = 1...1
    /// The largest number added to intensities, to either side.
    public var brightness: Float = 0
    /// The power to which intensities are raised. Its logarithm is uniform.
    public var gamma: ClosedRange<Float> = 1...1
    /// The largest standard deviation of noise.
    public var noise: Float = 0

    /// No change; set what should vary.
    public init() {}

    /// Views that are the image itself.
    public static let identity = Augmentation()

    /// Changes that leave the anatomy plain: for small images and short training.
    ///
    /// No mirror images: hearts lie the same way round in all images, and in short training on ACDC the banks told
    /// partitions apart twice as well without them.
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

    /// Changes as strong as is usual in contrastive learning.
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

    /// The same without mirror images: for organs that lie the same way round in all images.
    public static let upright: Augmentation = {
        var upright = Augmentation.standard
        upright.mirrors = false
        return upright
    }()

    /// What is wrong with these settings, in one sentence; `nil` when views can be made with them.
    public var problem: String? {
        let extents: [(String, Float, ClosedRange<Float>)] = [
            ("rotation", rotation, 0...360), ("translation", translation, 0...1), ("elasticity", elasticity, 0...0.25),
            ("blur", blur, 0...16), ("brightness", brightness, 0...1), ("noise", noise, 0...1),
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
