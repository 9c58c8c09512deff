import FederatedContrastive
import Federation
import FederationFlower
import Foundation
import Support
import Tensor
import Volumes

/// The site that answers messages: its patients, and the client of the current run.
///
/// Images, feature banks, and optimizer moments stay in memory between messages. After every round, banks and moments
/// are also written to disk, so that a killed process resumes bit-exactly.
actor ResidentSite {
    private let data: URL
    private let store: SiteStore
    private let defaults: PretrainingSettings?
    private let policy: SitePolicy
    private let approval: JobApproval?
    private let progress: ProgressLine
    private var member: Member?

    /// A client in a run, with its last round.
    private struct Member {
        let job: FederatedJob
        let site: FlowerSite
        let memory: SiteStates
        /// The round of the last messages that changed the client.
        var round: Int
    }

    init(
        data: URL, state: URL, defaults: PretrainingSettings?, policy: SitePolicy, approval: JobApproval?,
        progress: ProgressLine
    ) throws {
        guard FileManager.default.fileExists(atPath: data.path) else {
            throw RunError.missing("--data \(data.path): there is no such folder.")
        }
        store = try SiteStore(folder: state)
        if let notice = store.notice { progress.complain(notice) }
        (self.data, self.defaults, self.progress) = (data, defaults, progress)
        (self.policy, self.approval) = (policy, approval)
    }

    /// Returns the client of this site in a run, in its state before a round.
    ///
    /// - Parameters:
    ///   - text: The job description from the server.
    ///   - round: The round of the message; 0 for none.
    func member(of text: String, in request: FlowerRequest, round: Int) async throws -> FlowerSite {
        let job = try job(text, request)
        try policy.check(job, hour: Calendar.current.component(.hour, from: Date()))
        try approval?.check(text, run: job.run)
        let memory = try store.states(ofRun: job.run)
        let isTraining = request.type == MessageType.train.rawValue
        if let member, member.job == job {
            // Each round is processed once: first its exchange, then its training. Any other message is from a server
            // that was restarted at an earlier round, which needs the client in its state before that round.
            let isNext = round == 0 || member.round < round || (member.round == round && isTraining)
            let isNotAhead = try round == 0 || memory.lastRound() < round
            if isNext, isNotAhead {
                self.member?.round = max(member.round, round)
                return member.site
            }
        }
        let site = try await open(job, request, memory, before: round)
        member = Member(job: job, site: site, memory: memory, round: round)
        return site
    }

    private func job(_ text: String, _ request: FlowerRequest) throws -> FederatedJob {
        if !text.isEmpty {
            do throws(RunError) { return try FederatedJob(text) } catch {
                throw PolicyRefusal(reason: PeerText.excerpt(of: "\(error)"))
            }
        }
        guard let defaults else {
            throw RunError.conflict("the server sends no job; give this site one by --job.")
        }
        return FederatedJob(run: "run-\(request.run)", defaults)
    }

    /// Creates the client of a run, with its saved state from the last round before `round`.
    private func open(
        _ job: FederatedJob, _ request: FlowerRequest, _ memory: SiteStates, before round: Int
    ) async throws -> FlowerSite {
        let place = try Place(request.nodeConfiguration)
        var repairs: [String] = []
        let kept = try memory.state(before: round == 0 ? .max : round, repairs: &repairs)
        for repair in repairs { progress.complain("run \(job.run), repaired: \(repair)") }
        progress.say(
            "run \(job.run): client \(place.index + 1)" + (kept.map { ", going on after round \($0.round)" } ?? ""))
        let state = try kept.map { try Safetensors(data: $0.state, source: "the state after round \($0.round)") }
        if let settings = job.pretraining { return try await open(settings, place, memory, state) }
        if let settings = job.segmentation { return try await open(settings, place, memory, state) }
        preconditionFailure("a job without a task")
    }

    private func open(
        _ settings: PretrainingSettings, _ place: Place, _ memory: SiteStates, _ state: Safetensors?
    ) async throws -> FlowerSite {
        var own = settings
        (own.data, own.clients) = (data.path, place.sharers ?? 1)
        // All patients of the folder are of this site, or of those that share it.
        if place.sharers == nil { own.partition = .iid }
        let cohort = try await Cohort(own)
        let slices = cohort.libraries[place.sharers == nil ? 0 : place.index]
        let model = PretrainingModel(settings)
        try policy.check(architectureOf: model.parameters)
        let steps = settings.localEpochs * slices.steps(volumes: settings.batchVolumes)
        let counter = StepCounter(steps: steps) { [progress] event in
            if case .step(let title, let step, let steps, let loss) = event {
                progress.show(title, step: step, of: steps, loss: loss)
            }
        }
        let local = Site(index: place.index, slices: slices, settings: settings) { round, loss in
            counter.advance("round \(round)/\(settings.rounds)", loss: loss)
        }
        let site = try PretrainingSite(local, model: model, state: state)
        progress.say("\(slices.count) slices")
        let client = RememberingClient(client: site, memory: memory) { await site.state }
        return FlowerSite(
            client: client, parameters: model.parameters,
            exchange: settings.exchange(ofAtMost: site.maximumSharedFeatures))
    }

    private func open(
        _ settings: FederatedFineTuningSettings, _ place: Place, _ memory: SiteStates, _ state: Safetensors?
    ) async throws -> FlowerSite {
        let dataSet = try DataSet(contentsOf: data, requiringLabels: !settings.plan.unlabelled)
        try dataSet.check(channels: settings.channels)
        guard dataSet.classNames == settings.classes else {
            throw RunError.conflict(
                "the job's classes are \(settings.classes.joined(separator: ", ")), and those of the data here "
                    + "\(dataSet.classNames.joined(separator: ", ")).")
        }
        let patients = dataSet.patients.map(\.id)
        guard patients.count >= place.sharers ?? 1 else {
            throw RunError.data(
                "\(data.path) holds \(patients.count) patients, too few for \(place.sharers ?? 1) sites.")
        }
        let split = PatientSplit(of: patients, clients: place.sharers ?? 1, seed: settings.splitSeed)
        let index = place.sharers == nil ? 0 : place.index
        let training =
            settings.annotated == nil
            ? split.clients[index]
            : split.fold(settings.fold, of: FederatedFineTuningSettings.foldCount, client: index).training
        let images = try await SiteImages(
            dataSet, preparedBy: settings.preprocessing, of: training, annotated: settings.annotated)
        guard !images.labelled.isEmpty else { throw RunError.data("\(data.path) holds no labelled image.") }
        let slices = LabelledSlices(images.labelled)
        let model = try settings.model(startingAt: InitialWeights("random"))
        try policy.check(architectureOf: model.parameters)
        let site = FineTuningSite(
            index: place.index, slices: slices, unlabelled: images.unlabelled, model: model, plan: settings.plan,
            seed: settings.seed)
        if let state { try await site.restore(state, for: model.parameters) }
        progress.say(
            "\(images.labelled.count) labelled images, \(slices.count) slices"
                + (settings.plan.unlabelled ? ", and \(images.unlabelled.count) images without labels" : ""))
        let client = RememberingClient(client: site, memory: memory) { await site.state }
        return FlowerSite(client: client, parameters: model.parameters, exchange: nil)
    }
}

/// The index of a site among all sites, as configured at its SuperNode.
private struct Place {
    /// The index of the site, from 0.
    let index: Int
    /// The number of sites that share the patients of one folder; `nil` if the site owns all patients.
    let sharers: Int?

    init(_ configuration: [String: String]) throws(RunError) {
        guard let text = configuration["partition-id"], let index = Int(text), (0..<1000).contains(index) else {
            throw .conflict("the SuperNode's --node-config has no partition-id; give each site another number from 0.")
        }
        self.index = index
        guard let all = configuration["num-partitions"] else {
            sharers = nil
            return
        }
        guard let count = Int(all), (index + 1...1000).contains(count) else {
            throw .conflict(
                "the SuperNode's num-partitions=\(all) is none; more than the partition-id \(index) are expected.")
        }
        sharers = count
    }
}
