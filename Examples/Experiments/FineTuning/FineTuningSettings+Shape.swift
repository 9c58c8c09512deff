import Volumes

extension FineTuningSettings {
    /// The width of the networks and the preparation of images that fit all starts, so that they can be compared.
    ///
    /// What is not given follows from the pre-trained encoders; without any, it is 16, 192 pixels and 1.37 mm.
    package func shape(
        of starts: [Start]
    ) throws(Failure) -> (width: Int, preprocessing: Preprocessing) {
        let trained = starts.filter { $0.width != nil }
        if let first = trained.first, let other = trained.first(where: { $0.width != first.width }) {
            throw .usage(
                "--init: the encoder '\(first.name)' has width \(first.width!) and '\(other.name)' \(other.width!); "
                    + "compare encoders of one width.")
        }
        if let width, let first = trained.first, first.width != width {
            throw .usage(
                "--width \(width): the encoder '\(first.name)' has width \(first.width!); leave the option out.")
        }
        let prepared = trained.filter { $0.preprocessing != nil }
        if let first = prepared.first, let other = prepared.first(where: { $0.preprocessing != first.preprocessing }) {
            throw .usage(
                "--init: the encoders '\(first.name)' and '\(other.name)' were trained on images prepared differently.")
        }
        var preprocessing = prepared.first?.preprocessing ?? Preprocessing()
        if let size { preprocessing.size = size }
        if let spacing { preprocessing.spacing = spacing }
        guard preprocessing.size.isMultiple(of: 16) else {
            throw .badData(
                "the encoder's images have \(preprocessing.size) pixels a side, no multiple of 16; pass --size.")
        }
        return (width ?? trained.first?.width ?? 16, preprocessing)
    }
}
