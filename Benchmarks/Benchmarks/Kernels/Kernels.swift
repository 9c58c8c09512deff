import Benchmark

let benchmarks: @Sendable () -> Void = {
    registerMatrixProducts()
    registerConvolutions()
    registerEncoderSteps()
}
