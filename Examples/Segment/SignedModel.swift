import FileIO
import Foundation
import Support

/// The signature of a model's file, which OpenSSL makes and verifies: `Scripts/sign-model`, `Segment --require-signature`.
///
/// The signature of `model.safetensors` is `model.safetensors.sig`, by Ed25519 over the whole file.
enum SignedModel {
    /// Copies a model into a folder of this process, verifies the signature of the copy, and returns it; whatever happens
    /// to the original then, the verified bytes are those that are read.
    ///
    /// - Parameters:
    ///   - model: The path of the model.
    ///   - key: The path of the public key of whoever signs models, in PEM.
    ///   - folder: A folder that only this process writes to.
    /// - Throws: `Failure` if the model is not signed with this key.
    static func verifiedCopy(of model: String, key: String, in folder: URL) throws(Failure) -> URL {
        let copy = folder.appendingPathComponent("model.safetensors")
        let signature = folder.appendingPathComponent("signature")
        for (path, target) in [(model, copy), (model + ".sig", signature)] {
            // Not by FileManager, whose copy of a link is a link, to what may still change.
            do { try ReadableFile.contents(of: URL(fileURLWithPath: path)).write(to: target) } catch {
                throw .noInput("\(error); Scripts/sign-model signs a model.")
            }
        }
        guard FileManager.default.isReadableFile(atPath: key) else {
            throw .noInput("--require-signature \(key): there is no such key.")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try openssl())
        process.arguments = [
            "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", key, "-in", copy.path, "-sigfile", signature.path,
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch {
            throw .unavailable("openssl cannot be started: \(error.localizedDescription).")
        }
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw .badData("\(model): its signature is not one of \(key); do not use it, and ask for it again.")
        }
        return copy
    }

    /// Returns the path of OpenSSL, which is not looked for where others can put programs.
    private static func openssl() throws(Failure) -> String {
        let places = [
            "/usr/bin/openssl", "/opt/homebrew/opt/openssl@3/bin/openssl", "/usr/local/opt/openssl@3/bin/openssl",
        ]
        guard let path = places.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw .unavailable("openssl is needed to verify signatures; install it with apt-get or Homebrew.")
        }
        return path
    }
}
