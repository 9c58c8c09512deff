// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

// HTTP and Protocol Buffers are fetched and built only with --traits Flower.
let flower: [Target.Dependency] = [
    .product(name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["Flower"])),
    .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Flower"])),
    .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Flower"])),
    .product(name: "SwiftProtobuf", package: "swift-protobuf", condition: .when(traits: ["Flower"])),
]

let package = Package(
    name: "federated-contrastive",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "CBLAS", targets: ["CBLAS"]),
        .library(name: "Tensor", targets: ["Tensor"]),
        .library(name: "UNet", targets: ["UNet"]),
        .library(name: "Contrastive", targets: ["Contrastive"]),
        .library(name: "Federation", targets: ["Federation"]),
        .library(name: "FederationFlower", targets: ["FederationFlower"]),
        .library(name: "Volumes", targets: ["Volumes"]),
        .library(name: "Phantoms", targets: ["Phantoms"]),
        .executable(name: "ACDCPretrain", targets: ["ACDCPretrain"]),
        .executable(name: "ACDCFineTune", targets: ["ACDCFineTune"]),
        .executable(name: "PaperTables", targets: ["PaperTables"]),
        .executable(name: "HVSMRTransfer", targets: ["HVSMRTransfer"]),
        .executable(name: "FlowerClient", targets: ["FlowerClient"]),
        .executable(name: "FlowerServer", targets: ["FlowerServer"]),
        .executable(name: "Evaluate", targets: ["Evaluate"]),
        .executable(name: "MakePhantoms", targets: ["MakePhantoms"]),
        .executable(name: "Segment", targets: ["Segment"]),
        .executable(name: "VolumeInfo", targets: ["VolumeInfo"]),
    ],
    traits: [
        .trait(name: "Flower", description: "Federation across machines, on Flower: the product FederationFlower.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-crypto", "3.12.0"..<"5.0.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.30.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.30.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.90.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CBLAS", pkgConfig: "openblas lapacke",
            providers: [.apt(["libopenblas-dev", "liblapacke-dev", "pkg-config"]), .brew(["openblas", "lapack"])]),
        .systemLibrary(
            name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(name: "CKernels"),
        .target(name: "Randomness", swiftSettings: strict),
        .target(name: "Tensor", dependencies: ["CBLAS", "CKernels", "Randomness"], swiftSettings: strict),
        .target(name: "UNet", dependencies: ["Tensor"], swiftSettings: strict),
        .target(name: "Contrastive", dependencies: ["Tensor"], swiftSettings: strict),
        .target(name: "Federation", dependencies: ["Tensor"], swiftSettings: strict),
        .target(
            name: "FederationFlower", dependencies: ["Federation", "Tensor", crypto] + flower,
            exclude: ["Wire/flower.proto"], swiftSettings: strict),
        .target(name: "Volumes", dependencies: ["CZlib"], swiftSettings: strict),
        .target(name: "Phantoms", dependencies: ["Volumes", "Randomness"], swiftSettings: strict),

        // Pages that the executables write; no product of the package.
        .target(name: "Reporting", dependencies: ["CZlib"], path: "Examples/Reporting", swiftSettings: strict),
        .target(
            name: "Experiments",
            dependencies: [
                "Tensor", "UNet", "Contrastive", "Federation", "FederationFlower", "Volumes", "Phantoms", "Reporting", arguments,
            ],
            path: "Examples/Experiments", swiftSettings: strict),
        .executableTarget(
            name: "ACDCPretrain",
            dependencies: [
                "Experiments", "Tensor", "UNet", "Contrastive", "Federation", "Volumes", "Reporting", arguments,
            ],
            path: "Examples/ACDCPretrain", exclude: ["demo.json"], swiftSettings: strict),
        .executableTarget(
            name: "ACDCFineTune",
            dependencies: ["Experiments", "Tensor", "UNet", "Federation", "Volumes", arguments],
            path: "Examples/ACDCFineTune", swiftSettings: strict),
        .executableTarget(
            name: "PaperTables", dependencies: ["Experiments", "Reporting", "Tensor", "Volumes", arguments],
            path: "Examples/PaperTables", swiftSettings: strict),
        .executableTarget(
            name: "HVSMRTransfer",
            dependencies: ["Experiments", "Tensor", "Volumes", arguments],
            path: "Examples/HVSMRTransfer", swiftSettings: strict),
        .executableTarget(
            name: "FlowerClient",
            dependencies: ["Experiments", "Federation", "FederationFlower", "Tensor", "Volumes", arguments],
            path: "Examples/FlowerClient", exclude: ["app"], swiftSettings: strict),
        .executableTarget(
            name: "FlowerServer",
            dependencies: ["Experiments", "Federation", "FederationFlower", "Tensor", arguments],
            path: "Examples/FlowerServer", swiftSettings: strict),
        .executableTarget(
            name: "Evaluate", dependencies: ["Volumes", arguments],
            path: "Examples/Evaluate", swiftSettings: strict),
        .executableTarget(
            name: "MakePhantoms", dependencies: ["Phantoms", "Volumes", arguments],
            path: "Examples/MakePhantoms", swiftSettings: strict),
        .executableTarget(
            name: "Segment", dependencies: ["Experiments", "Tensor", "UNet", "Volumes", arguments],
            path: "Examples/Segment", swiftSettings: strict),
        .executableTarget(
            name: "VolumeInfo", dependencies: ["Volumes", arguments, crypto],
            path: "Examples/VolumeInfo", swiftSettings: strict),

        .target(name: "_TestSupport", dependencies: ["Tensor"], path: "Tests/_TestSupport", swiftSettings: strict),
        .testTarget(
            name: "TensorTests", dependencies: ["Tensor", "_TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "UNetTests", dependencies: ["UNet", "Tensor", "_TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "ContrastiveTests", dependencies: ["Contrastive", "Tensor", "_TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "FederationTests", dependencies: ["Federation", "Tensor", "_TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "FederationFlowerTests",
            dependencies: ["FederationFlower", "Federation", "Tensor", "_TestSupport"] + flower,
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(
            name: "VolumesTests", dependencies: ["Volumes", "Phantoms", "CZlib", "_TestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: strict),
        .testTarget(name: "PhantomsTests", dependencies: ["Phantoms", "Volumes", "_TestSupport"], swiftSettings: strict),
        .testTarget(name: "RandomnessTests", dependencies: ["Randomness"], swiftSettings: strict),
        .testTarget(
            name: "ExperimentsTests",
            dependencies: [
                "Experiments", "Contrastive", "Federation", "Tensor", "UNet", "Volumes", "Phantoms", "_TestSupport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "ReportingTests", dependencies: ["Reporting", "Volumes", "Phantoms", "Tensor", "CZlib", "_TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "ExecutableTests",
            dependencies: [
                "ACDCPretrain", "ACDCFineTune", "HVSMRTransfer", "PaperTables", "FlowerClient", "FlowerServer",
                "Evaluate",
                "MakePhantoms", "Segment", "VolumeInfo", "Experiments", "Volumes", "Phantoms", "Tensor", "_TestSupport", arguments,
            ], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
