import FederatedContrastive
import FederationFlower
import Foundation
import Tensor

/// The jobs in which a site takes part, whatever the server asks for: `FlowerClient --policy site.json`.
///
/// ```json
/// {"methods": ["fcl"], "minimumSize": 96, "sharesFeatures": true, "hours": [20, 6]}
/// ```
///
/// A setting that is left out allows everything.
struct SitePolicy: RunSettings {
    /// The methods of pre-training that are allowed.
    var methods: [String]?
    /// Whether pre-training is allowed.
    var pretraining = true
    /// Whether fine-tuning on the site's labels is allowed.
    var finetuning = true
    /// Whether features of slices may leave the site.
    var sharesFeatures = true
    /// The maximum length of a feature, D: the longer, the more of a slice it tells.
    var maximumFeatureDimension: Int?
    /// The minimum number of rows and columns of a slice: features and gradients of small images are easier to invert.
    var minimumSize: Int?
    /// The minimum number of slices in a batch: an update from few slices tells more about each.
    var minimumBatchSlices: Int?
    /// The maximum number of rounds.
    var maximumRounds: Int?
    /// The maximum number of passes over the slices in a round.
    var maximumLocalEpochs: Int?
    /// The maximum number of steps in a fine-tuning.
    var maximumSteps: Int?
    /// The SHA-256 of the architectures that are allowed, as `FlowerClient` prints them.
    var architectures: [String]?
    /// The hours of the day, local time, from the first until before the second, in which the site answers.
    var hours: [Int]?
    /// The memory that a job may be expected to take, in GB; by default, that of the machine.
    var maximumMemory: Double?

    func validate() throws(RunError) {
        let least = [
            ("maximumFeatureDimension", maximumFeatureDimension), ("minimumSize", minimumSize),
            ("minimumBatchSlices", minimumBatchSlices), ("maximumRounds", maximumRounds),
            ("maximumLocalEpochs", maximumLocalEpochs), ("maximumSteps", maximumSteps),
        ]
        for (name, value) in least {
            if let value, value < 1 { throw .setting(name, found: "\(value)", expected: "a positive number") }
        }
        if let hours, hours.count != 2 || !hours.allSatisfy({ (0..<24).contains($0) }) || hours[0] == hours[1] {
            throw .setting("hours", found: "\(hours)", expected: "two different hours, such as [20, 6],")
        }
        if let unknown = (methods ?? []).first(where: { !PretrainingMethods.names.contains($0) }) {
            throw .setting(
                "methods", found: unknown, expected: "a list of \(PretrainingMethods.names.joined(separator: ", "))")
        }
        if let wrong = (architectures ?? []).first(where: { $0.count != 64 }) {
            throw .setting("architectures", found: wrong, expected: "a list of hashes of 64 digits")
        }
        if let maximumMemory, !(maximumMemory > 0 && maximumMemory < 1e6) {
            throw .setting("maximumMemory", found: "\(maximumMemory)", expected: "a number of GB")
        }
    }

    /// Checks a job before anything of it is computed.
    ///
    /// - Parameter hour: The hour of the day.
    /// - Throws: `PolicyRefusal`.
    func check(_ job: FederatedJob, hour: Int) throws(PolicyRefusal) {
        if let hours {
            let (first, last) = (hours[0], hours[1])
            let isOpen = first < last ? (first..<last).contains(hour) : hour >= first || hour < last
            try require(isOpen, "it is \(hour):00, and the site answers from \(first):00 to \(last):00")
        }
        let needed = job.pretraining?.leastMemory ?? job.segmentation?.leastMemory ?? 0
        let available = maximumMemory.map { $0 * 1e9 } ?? Double(ProcessInfo.processInfo.physicalMemory)
        try require(
            Double(needed) <= available,
            "it needs at least \(Int((Double(needed) / 1e9).rounded(.up))) GB of memory, and "
                + "\(Int(available / 1e9)) GB are allowed")
        if let settings = job.pretraining { try check(settings) }
        if let settings = job.segmentation { try check(settings) }
    }

    private func check(_ settings: PretrainingSettings) throws(PolicyRefusal) {
        try require(pretraining, "it takes part in no pre-training")
        if let methods {
            try require(
                methods.contains(settings.method),
                "the method is \(settings.method), and allowed are \(methods.joined(separator: ", "))")
        }
        try require(
            sharesFeatures || settings.exchange(ofAtMost: 1) == nil,
            "the job exchanges features, which may not leave the site")
        try atMost(
            maximumFeatureDimension, settings.featureDimension, "features have \(settings.featureDimension) numbers")
        try atLeast(minimumSize, settings.size, "slices have \(settings.size) rows")
        let slices = settings.batchVolumes * settings.partitions
        try atLeast(minimumBatchSlices, slices, "a batch has \(slices) slices")
        try atMost(maximumRounds, settings.rounds, "there are \(settings.rounds) rounds")
        try atMost(maximumLocalEpochs, settings.localEpochs, "a round has \(settings.localEpochs) passes")
    }

    private func check(_ settings: FederatedFineTuningSettings) throws(PolicyRefusal) {
        let plan = settings.plan
        try require(finetuning, "it takes part in no fine-tuning")
        try atLeast(minimumSize, settings.size, "slices have \(settings.size) rows")
        try atLeast(minimumBatchSlices, plan.batchSize, "a batch has \(plan.batchSize) slices")
        try atMost(maximumRounds, plan.roundCount, "there are \(plan.roundCount) rounds")
        if plan.rounds == nil {
            try atMost(maximumSteps, plan.steps, "there are \(plan.steps) steps")
        } else {
            try atMost(maximumLocalEpochs, plan.localEpochs, "a round has \(plan.localEpochs) passes")
        }
    }

    /// Checks the architecture of a model.
    ///
    /// - Throws: `PolicyRefusal`.
    func check(architectureOf parameters: Parameters) throws(PolicyRefusal) {
        guard let architectures else { return }
        let hash = Self.architecture(of: parameters)
        try require(architectures.contains(hash), "the architecture is \(hash), which is none of those allowed")
    }

    /// Returns the SHA-256 of the names, roles, and shapes of a model's weights.
    static func architecture(of parameters: Parameters) -> String {
        let text = parameters.slots.map { "\($0.role.rawValue) \($0.name) \($0.shape)\n" }.joined()
        return SHA256.hash(Data(text.utf8)).hexadecimal
    }

    private func require(_ holds: Bool, _ reason: String) throws(PolicyRefusal) {
        if !holds { throw PolicyRefusal(reason: reason) }
    }

    private func atMost(_ limit: Int?, _ value: Int, _ what: String) throws(PolicyRefusal) {
        if let limit { try require(value <= limit, "\(what), and at most \(limit) are allowed") }
    }

    private func atLeast(_ limit: Int?, _ value: Int, _ what: String) throws(PolicyRefusal) {
        if let limit { try require(value >= limit, "\(what), and at least \(limit) are expected") }
    }
}

/// The refusal of a job by the policy of a site. Its reason goes to the server: it tells nothing about patients.
struct PolicyRefusal: SiteRefusal, Equatable {
    let reason: String

    var description: String { "this site's policy refuses the job: \(reason)" }
}
