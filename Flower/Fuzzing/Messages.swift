import FederationFlower
import Foundation
import SwiftProtobuf

/// A decoder of what peers send, under coverage-guided fuzzing: whatever the bytes, it returns or throws.
///
/// The decoder is chosen by the environment variable `READER`.
enum Reader: String, CaseIterable {
    case message, array, audit

    /// Decodes the bytes.
    func read(_ data: Data) {
        switch self {
        case .message: message(data)
        case .array: _ = try? NumPyArray(npy: data)
        case .audit: _ = AuditLog.verify(data)
        }
    }

    /// Decodes a message from objects: the input is a list of them, each with its length in two bytes, in which every
    /// reference `#n` stands for the identifier of the n-th object, so that hashes agree whatever the fuzzer changes.
    private func message(_ data: Data) {
        var objects: [String: Data] = [:]
        var ids: [String] = []
        var rest = data[...]
        while rest.count >= 2, ids.count < 16 {
            let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            let object = whole(resolved(rest.dropFirst(2).prefix(length), ids))
            rest = rest.dropFirst(2 + length)
            let id = SHA256.hash(object).hexadecimal
            objects[id] = object
            ids.append(id)
        }
        guard let last = ids.last else { return }
        var wire = Flwr_Proto_Message()
        wire.metadata.messageID = last
        let tree = Flwr_Proto_ObjectTree.with { tree in
            tree.objectID = last
            tree.children = ids.dropLast().map { id in .with { $0.objectID = id } }
        }
        _ = try? tree.identifiers()
        guard let message = try? FlowerMessage(wire: wire, tree: tree, objects: objects, maximumBytes: 1 << 20) else {
            return
        }
        // What can be read can be written, and read again as the same.
        let graph = ObjectGraph(message: message)
        guard let again = try? FlowerMessage(wire: graph.wire, tree: graph.tree, objects: graph.objects) else {
            fatalError("a message that was read cannot be read again")
        }
        guard again.content == message.content else { fatalError("a message changed on its way") }
    }

    /// Returns an object whose head says how long its body is.
    private func whole(_ object: Data) -> Data {
        guard let end = object.firstIndex(of: 0) else { return object }
        let (head, body) = (object[..<end], object[(end + 1)...])
        guard let last = head.lastIndex(of: UInt8(ascii: " ")) else { return object }
        return head[...last] + Data("\(body.count)\0".utf8) + body
    }

    private func resolved(_ bytes: Data, _ ids: [String]) -> Data {
        var result = Data()
        var place = bytes.startIndex
        while place < bytes.endIndex {
            if bytes[place] == UInt8(ascii: "#"), place + 1 < bytes.endIndex {
                let index = Int(bytes[place + 1]) - 48
                if ids.indices.contains(index) {
                    result += Data(ids[index].utf8)
                    place += 2
                    continue
                }
            }
            result.append(bytes[place])
            place += 1
        }
        return result
    }

    static let chosen: Reader = {
        let name = ProcessInfo.processInfo.environment["READER"] ?? ""
        guard let reader = Reader(rawValue: name) else {
            let names = Reader.allCases.map(\.rawValue).joined(separator: ", ")
            FileHandle.standardError.write(Data("READER is '\(name)'; expected one of \(names)\n".utf8))
            exit(64)
        }
        return reader
    }()
}

/// The function that libFuzzer calls for every input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Reader.chosen.read(bytes.map { Data(bytes: $0, count: count) } ?? Data())
    return 0
}
