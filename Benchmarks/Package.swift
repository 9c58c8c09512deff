// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that those who depend on the libraries never fetch what only measuring needs.
let package = Package(
    name: "Benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        // Named, because the folder of a checkout may be called anything.
        .package(name: "federated-contrastive", path: ".."),
        // No traits: the default ones replace malloc, which changes what is measured.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        .executableTarget(
            name: "Kernels",
            dependencies: [
                .product(name: "Benchmark", package: "benchmark"),
                .product(name: "CBLAS", package: "federated-contrastive"),
                .product(name: "Tensor", package: "federated-contrastive"),
                .product(name: "UNet", package: "federated-contrastive"),
            ],
            path: "Benchmarks/Kernels",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
        .executableTarget(
            name: "LoadTimer", dependencies: [.product(name: "Volumes", package: "federated-contrastive")],
            path: "LoadTimer"),
    ],
    swiftLanguageModes: [.v6]
)
