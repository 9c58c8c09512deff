// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// The folder of a checkout can have any name, so the package is named here.
let checkout = "federated-contrastive"

// A separate package, so that projects that depend on the libraries never fetch the dependencies of the benchmarks.
let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: checkout, path: ".."),
        // No traits: the default ones replace malloc, which would change the results.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        .target(
            name: "Workloads",
            dependencies: [
                .product(name: "Tensor", package: checkout),
                .product(name: "UNet", package: checkout),
                .product(name: "Contrastive", package: checkout),
                .product(name: "Federation", package: checkout),
                .product(name: "FederatedContrastive", package: checkout),
                .product(name: "Features", package: checkout),
                .product(name: "Volumes", package: checkout),
            ],
            swiftSettings: strict),
        .target(name: "CPeak"),
        // Not next to `Benchmarks/Kernels`: every executable in a folder of that name counts as a benchmark suite.
        .executableTarget(
            name: "StepTimer",
            dependencies: [
                "Workloads",
                .product(name: "Tensor", package: checkout),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "Kernels",
            dependencies: [
                "Workloads", "CPeak",
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "CBLAS", package: checkout),
                .product(name: "Tensor", package: checkout),
                .product(name: "Contrastive", package: checkout),
                .product(name: "Features", package: checkout),
                .product(name: "Volumes", package: checkout),
            ],
            path: "Benchmarks/Kernels",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
        .executableTarget(
            name: "LoadTimer", dependencies: [.product(name: "Volumes", package: checkout)], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
