/// The version of the package, which programs print and files carry.
package enum PackageVersion {
    /// The version, by Semantic Versioning.
    package static let text = "0.1.0"
}
