#if !Flower
import Foundation

/// Stands in where the package was built without HTTP.
@main
enum FlowerServer {
    static func main() {
        FileHandle.standardError.write(
            Data("FlowerServer: built without Flower; build it by 'swift build --traits Flower'.\n".utf8))
        exit(64)
    }
}
#endif
