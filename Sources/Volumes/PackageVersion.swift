/// The version of the package, which programs print and files carry.
public enum PackageVersion {
    /// The version, by Semantic Versioning.
    public static let text = "0.1.0"
}
