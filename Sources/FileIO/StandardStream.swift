import Foundation

/// Standard output and standard error, whose failure is an error and not the end of the process.
public enum StandardStream {
    /// Writes to standard error. A message that cannot be written is lost, because nothing may stop for it.
    public static func complain(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// Writes to standard output.
    ///
    /// - Throws: `FileError.unwritable` if the disk is full or the reader has gone.
    public static func print(_ data: Data) throws(FileError) {
        do { try FileHandle.standardOutput.write(contentsOf: data) } catch {
            throw .unwritable(path: "standard output", reason: error.localizedDescription)
        }
    }

    /// Writes a line to standard output.
    ///
    /// - Throws: `FileError.unwritable`.
    public static func print(_ line: String) throws(FileError) { try print(Data((line + "\n").utf8)) }
}
