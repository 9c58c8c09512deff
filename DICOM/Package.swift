// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

// The folder of a checkout may be called anything, so the package is named.
let checkout = "federated-contrastive"

let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

func library(_ name: String) -> Target.Dependency { .product(name: name, package: checkout) }

// A package of its own, so that those who depend on the libraries need no DCMTK.
let package = Package(
    name: "federated-contrastive-dicom",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "DICOM", targets: ["DICOM"]),
        .executable(name: "DICOMConvert", targets: ["DICOMConvert"]),
    ],
    dependencies: [
        .package(name: checkout, path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    ],
    targets: [
        // Debian's dcmtk.pc asks for libraries that its package does not bring, so the libraries are named here.
        .target(
            name: "CDCMTK",
            linkerSettings: [
                "dcmseg", "dcmiod", "dcmfg", "dcmjpeg", "dcmjpls", "dcmimgle", "dcmdata", "oflog", "ofstd",
            ].map { .linkedLibrary($0) }),
        .systemLibrary(
            name: "CLibzip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"]), .brew(["libzip"])]),
        .target(name: "DICOM", dependencies: ["CDCMTK", "CLibzip", library("Volumes")], swiftSettings: strict),
        .executableTarget(
            name: "DICOMConvert", dependencies: ["DICOM", library("Support"), library("Volumes"), arguments],
            swiftSettings: strict),
        .testTarget(
            name: "DICOMTests", dependencies: ["DICOM", library("Volumes")], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
