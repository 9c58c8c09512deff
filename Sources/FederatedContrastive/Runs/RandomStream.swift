/// The purposes of random number generators: the first element of their paths.
enum RandomStream {
    static let initialization = 0
    static let split = 1
    static let refresh = 2
    static let training = 3
    static let folds = 4
    static let fineTuning = 5
    static let decoder = 6
    static let comparison = 7
    static let publicSet = 8
    static let baseModel = 9
    static let representation = 10
    static let fineTuningOrder = 11
}
