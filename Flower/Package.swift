// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// The folder of a checkout may be called anything, so the package is named.
let checkout = "federated-contrastive"

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")

func library(_ name: String) -> Target.Dependency { .product(name: name, package: checkout) }

// A package of its own, so that those who depend on the libraries never fetch HTTP, TLS, and Protocol Buffers.
let package = Package(
    name: "federated-contrastive-flower",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "FederationFlower", targets: ["FederationFlower"]),
        .executable(name: "FlowerClient", targets: ["FlowerClient"]),
        .executable(name: "FlowerServer", targets: ["FlowerServer"]),
    ],
    dependencies: [
        .package(name: checkout, path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.30.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .target(
            name: "FederationFlower",
            dependencies: [
                library("Federation"), library("Features"), library("Tensor"), "CCurl", "COpenSSL", protobuf,
            ],
            exclude: ["Wire/flower.proto"], swiftSettings: strict),
        .executableTarget(
            name: "FlowerClient",
            dependencies: [
                "FederationFlower", library("FederatedContrastive"), library("Federation"), library("Segmentation"),
                library("Support"), library("Tensor"), library("Volumes"), arguments,
            ],
            exclude: ["app"], swiftSettings: strict),
        .executableTarget(
            name: "FlowerServer",
            dependencies: [
                "FederationFlower", library("FederatedContrastive"), library("Federation"), library("Segmentation"),
                library("Support"), library("Tensor"), arguments,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "FederationFlowerTests",
            dependencies: [
                "FederationFlower", "FlowerClient", "FlowerServer", library("FederatedContrastive"),
                library("Federation"), library("Features"), library("Tensor"), protobuf,
                arguments,
            ],
            resources: [.copy("Fixtures")], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

// Readers of messages under a coverage-guided fuzzer, which brings its own main function: Scripts/fuzz.
if Context.environment["FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "FuzzMessages", dependencies: ["FederationFlower", protobuf], path: "Fuzzing", swiftSettings: strict))
}
