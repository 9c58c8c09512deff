/// The first element of every generator's path: what its numbers are for.
package enum Stream {
    package static let initialization = 0
    package static let split = 1
    package static let refill = 2
    package static let training = 3
    package static let folds = 4
    package static let fineTuning = 5
    package static let decoder = 6
    package static let comparison = 7
    package static let representation = 10
    package static let publicSet = 8
    package static let baseModel = 9
}
