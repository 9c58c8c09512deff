/// A way to compute a convolution and its two gradients by matrix products.
///
/// Memory is row-major in the layouts of `ConvolutionGeometry`. Gradients are written as `new + beta · old`, with
/// `beta` 0 (what was there is ignored) or 1.
protocol ConvolutionLowering: Sendable {
    /// output = input ∗ filter
    func forward(
        _ g: ConvolutionGeometry, input: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        output: UnsafeMutablePointer<Float>)

    /// The derivative by the input, from the derivative `upstream` by the output.
    func inputGradient(
        _ g: ConvolutionGeometry, upstream: UnsafePointer<Float>, filter: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>)

    /// The derivative by the filter.
    func filterGradient(
        _ g: ConvolutionGeometry, input: UnsafePointer<Float>, upstream: UnsafePointer<Float>, beta: Float,
        gradient: UnsafeMutablePointer<Float>)
}

extension ConvolutionGeometry {
    /// The policy: which lowering computes this convolution.
    var lowering: any ConvolutionLowering {
        if kernelHeight == 1 && kernelWidth == 1 && stride == 1 && paddingTop == 0 && paddingLeft == 0 {
            return PointwiseLowering()
        }
        return ColumnLowering()
    }
}
