#if Flower
extension Flwr_Proto_ObjectTree {
    /// The ids in a tree that was received, each once, children before parents: the order in which to ask for them.
    ///
    /// - Throws: `FlowerError.malformed` if one is not an id, or if the tree is deeper than a message is.
    package func identifiers() throws(FlowerError) -> [String] {
        var (order, seen): ([String], Set<String>) = ([], [])
        try visit(depth: 1, &order, &seen)
        return order
    }

    private func visit(depth: Int, _ order: inout [String], _ seen: inout Set<String>) throws(FlowerError) {
        // Message, RecordDict, ArrayRecord, Array, ArrayChunk.
        guard depth <= 5 else { throw .malformed(what: "a tree of objects", reason: "it is deeper than a message") }
        guard FlowerObject.isID(objectID) else {
            throw .malformed(
                what: "a tree of objects", reason: "\(JSONText.quoted(String(objectID.prefix(80)))) is not an id")
        }
        for child in children { try child.visit(depth: depth + 1, &order, &seen) }
        if seen.insert(objectID).inserted { order.append(objectID) }
    }
}
#endif
