/// The methods that can be asked for by name.
package enum PretrainingMethods {
    /// All of them, in the order of tables.
    package static let all: [any PretrainingMethod.Type] = [
        FCL.self, RandomStart.self, LocalCL.self, FedRotation.self, FedSimCLR.self, FedSwAV.self, FedCA.self,
        FedMoCo.self, FedBYOL.self, FedReconstruction.self,
    ]

    /// Their names.
    package static var names: [String] { all.map { $0.name } }

    /// The method of that name.
    package static func named(_ name: String) -> (any PretrainingMethod.Type)? { all.first { $0.name == name } }
}
