import Benchmark

let benchmarks: @Sendable () -> Void = {
    Peak.register()
    registerMatrixProducts()
    registerConvolutions()
    registerLayers()
    registerContrast()
    registerSteps()
    registerDecoding()
}
