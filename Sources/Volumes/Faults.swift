/// All that is wrong with one patient of a data set, one sentence each that names the file.
struct Faults: Error {
    var descriptions: [String]
}
