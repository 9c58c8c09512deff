// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]
// No unsafe construct compiles in targets with these settings.
let safe = strict + [.strictMemorySafety()]

/// The platforms on which Accelerate stands in for OpenBLAS.
let apple: [Platform] = [.macOS, .macCatalyst, .iOS, .tvOS, .watchOS, .visionOS]

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "federated-contrastive",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "CBLAS", targets: ["CBLAS"]),
        .library(name: "Tensor", targets: ["Tensor"]),
        .library(name: "UNet", targets: ["UNet"]),
        .library(name: "Contrastive", targets: ["Contrastive"]),
        .library(name: "Federation", targets: ["Federation"]),
        .library(name: "Features", targets: ["Features"]),
        .library(name: "FederatedContrastive", targets: ["FederatedContrastive"]),
        .library(name: "Segmentation", targets: ["Segmentation"]),
        .library(name: "Volumes", targets: ["Volumes"]),
        .library(name: "Phantoms", targets: ["Phantoms"]),
        // What the example programs share, for those in Flower/.
        .library(name: "Support", targets: ["Support"]),
        .executable(name: "ACDCPretrain", targets: ["ACDCPretrain"]),
        .executable(name: "ACDCFineTune", targets: ["ACDCFineTune"]),
        .executable(name: "PaperTables", targets: ["PaperTables"]),
        .executable(name: "HVSMRTransfer", targets: ["HVSMRTransfer"]),
        .executable(name: "Evaluate", targets: ["Evaluate"]),
        .executable(name: "MakePhantoms", targets: ["MakePhantoms"]),
        .executable(name: "Segment", targets: ["Segment"]),
        .executable(name: "Export", targets: ["Export"]),
        .executable(name: "VolumeInfo", targets: ["VolumeInfo"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CBLAS", pkgConfig: "openblas lapacke",
            providers: [.apt(["libopenblas-dev", "liblapacke-dev", "pkg-config"]), .brew(["openblas", "lapack"])]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(name: "CKernels"),
        .target(
            name: "CAccelerate", cSettings: [.define("ACCELERATE_NEW_LAPACK")],
            linkerSettings: [.linkedFramework("Accelerate", .when(platforms: apple))]),
        .target(name: "FileIO", dependencies: ["CZlib"], swiftSettings: strict),
        .target(name: "Randomness", swiftSettings: safe),
        .target(
            name: "Tensor",
            dependencies: [
                "CKernels", "FileIO", "Randomness",
                .target(name: "CBLAS", condition: .when(platforms: [.linux, .android, .windows])),
                .target(name: "CAccelerate", condition: .when(platforms: apple)),
            ],
            swiftSettings: strict),
        .target(name: "Features", dependencies: ["Tensor"], swiftSettings: safe),
        .target(name: "UNet", dependencies: ["Tensor"], swiftSettings: safe),
        .target(name: "Contrastive", dependencies: ["Features", "Tensor"], swiftSettings: safe),
        .target(name: "Federation", dependencies: ["Features", "FileIO", "Tensor"], swiftSettings: safe),
        .target(
            name: "FederatedContrastive",
            dependencies: [
                "Tensor", "UNet", "Features", "FileIO", "Contrastive", "Federation", "Volumes", "Phantoms",
                "Segmentation",
            ],
            swiftSettings: safe),
        .target(name: "Segmentation", dependencies: ["FileIO", "Tensor", "UNet", "Volumes"], swiftSettings: safe),
        .target(name: "Volumes", dependencies: ["FileIO"], swiftSettings: strict),
        .target(name: "Phantoms", dependencies: ["FileIO", "Volumes", "Randomness"], swiftSettings: safe),

        // Pages, tables, and JSON that the executables write; no product of the package.
        .target(name: "Reporting", dependencies: ["CZlib"], path: "Examples/Reporting", swiftSettings: strict),
        .target(
            name: "Support",
            dependencies: [
                "FederatedContrastive", "Segmentation", "UNet", "Contrastive", "Federation", "Features", "Tensor",
                "FileIO", "Volumes", "Reporting", arguments,
            ],
            path: "Examples/Support", swiftSettings: strict),
        .executableTarget(
            name: "ACDCPretrain", dependencies: ["FederatedContrastive", "Support", "Tensor", arguments],
            path: "Examples/ACDCPretrain", exclude: ["demo.json"], swiftSettings: strict),
        .executableTarget(
            name: "ACDCFineTune", dependencies: ["FederatedContrastive", "Support", arguments],
            path: "Examples/ACDCFineTune", swiftSettings: strict),
        .executableTarget(
            name: "PaperTables",
            dependencies: [
                "FederatedContrastive", "Support", "Reporting", "Phantoms", "Tensor", "Volumes", arguments,
            ],
            path: "Examples/PaperTables", swiftSettings: strict),
        .executableTarget(
            name: "HVSMRTransfer",
            dependencies: ["FederatedContrastive", "Support", "Volumes", arguments],
            path: "Examples/HVSMRTransfer", swiftSettings: strict),
        .executableTarget(
            name: "Evaluate", dependencies: ["FileIO", "Reporting", "Volumes", arguments],
            path: "Examples/Evaluate", swiftSettings: strict),
        .executableTarget(
            name: "MakePhantoms", dependencies: ["FileIO", "Phantoms", "Volumes", arguments],
            path: "Examples/MakePhantoms", swiftSettings: strict),
        .executableTarget(
            name: "Segment",
            dependencies: ["FileIO", "Reporting", "Segmentation", "Support", "Tensor", "Volumes", arguments],
            path: "Examples/Segment", swiftSettings: strict),
        .executableTarget(
            name: "Export",
            dependencies: ["FileIO", "Reporting", "Segmentation", "Support", "Tensor", "Volumes", arguments],
            path: "Examples/Export", swiftSettings: strict),
        .executableTarget(
            name: "VolumeInfo", dependencies: ["FileIO", "Reporting", "Volumes", arguments],
            path: "Examples/VolumeInfo", swiftSettings: strict),

        // `swift package benchmark` here is that of the package Benchmarks/.
        .plugin(
            name: "BenchmarkCommand",
            capability: .command(
                intent: .custom(
                    verb: "benchmark", description: "Measures the kernels; the options are those of Benchmarks/."))),

        .target(name: "_TestSupport", dependencies: ["Tensor"], path: "Tests/_TestSupport", swiftSettings: strict),
        .testTarget(
            name: "TensorTests", dependencies: ["Tensor", "_TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "UNetTests", dependencies: ["UNet", "Tensor", "_TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "ContrastiveTests", dependencies: ["Contrastive", "Features", "Tensor", "_TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "FederationTests", dependencies: ["Federation", "Features", "FileIO", "Tensor", "_TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "VolumesTests", dependencies: ["Volumes", "Phantoms", "CZlib", "_TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "PhantomsTests", dependencies: ["Phantoms", "Volumes", "_TestSupport"], swiftSettings: strict),
        .testTarget(name: "FeaturesTests", dependencies: ["Features", "Tensor"], swiftSettings: strict),
        .testTarget(name: "RandomnessTests", dependencies: ["Randomness"], swiftSettings: strict),
        .testTarget(name: "FileIOTests", dependencies: ["FileIO", "_TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "FederatedContrastiveTests",
            dependencies: [
                "FederatedContrastive", "Segmentation", "Contrastive", "Features", "Federation", "Tensor", "UNet",
                "Volumes", "_TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ReportingTests",
            dependencies: ["Reporting", "Volumes", "Phantoms", "Tensor", "CZlib", "_TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ExecutableTests",
            dependencies: [
                "ACDCPretrain", "ACDCFineTune", "HVSMRTransfer", "PaperTables", "Evaluate", "MakePhantoms", "Segment",
                "Export", "VolumeInfo", "FederatedContrastive", "Federation", "Segmentation", "Support", "Volumes",
                "Phantoms",
                "Tensor", "_TestSupport", arguments,
            ],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

// Readers under a coverage-guided fuzzer, which brings its own main function: Scripts/fuzz.
if Context.environment["FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "FuzzReaders",
            dependencies: ["FederatedContrastive", "FileIO", "Segmentation", "Tensor", "Volumes"],
            path: "Fuzzing/Readers", swiftSettings: strict))
}
