#if !Flower
import Foundation

/// Stands in where the package was built without HTTP.
@main
enum FlowerClient {
    static func main() {
        FileHandle.standardError.write(
            Data("FlowerClient: built without Flower; build it by 'swift build --traits Flower'.\n".utf8))
        exit(64)
    }
}
#endif
