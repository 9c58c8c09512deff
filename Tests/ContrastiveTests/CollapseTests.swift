import Contrastive
import Testing

@Suite struct CollapseTests {
    private let constant = 5.0

    private func verdict(_ local: Double, _ remote: Double? = nil, separation: Double?) -> String? {
        var losses = [Collapse.Loss(name: "local", value: local, constant: constant)]
        if let remote { losses.append(Collapse.Loss(name: "remote", value: remote, constant: constant)) }
        return Collapse.verdict(losses, separation: separation)
    }

    @Test func namesTheLossesThatSitAtTheirConstants() throws {
        let both = try #require(verdict(4.99, 5.01, separation: 0.001))
        #expect(both.contains("local and the remote loss sits at ln(1 + negatives)"))
        #expect(both.contains("collapsed"))
        let local = try #require(verdict(5, 3, separation: 0.001))
        #expect(local.contains("the local loss") && !local.contains("remote"))
        #expect(try #require(verdict(7, separation: -0.2)).contains("collapsed"))
    }

    @Test func warnsOfAShortcutWhenTheLossFallsWithoutSeparation() throws {
        #expect(try #require(verdict(2, 2, separation: 0.001)).contains("something other than anatomy"))
    }

    @Test func isSilentWhenThePartitionsAreToldApart() {
        #expect(verdict(2, 3, separation: 0.4) == nil)
        // As at the beginning of a training that is under way.
        #expect(verdict(5, 5, separation: 0.4) == nil)
    }

    @Test func doesWithoutASeparation() throws {
        #expect(verdict(2, separation: nil) == nil)
        #expect(try #require(verdict(5, separation: nil)).contains("collapsed"))
        #expect(Collapse.verdict([], separation: 0) == nil)
    }

    @Test func aLossWithoutNegativesHasNotCollapsed() {
        #expect(!Collapse.Loss(name: "local", value: 0, constant: 0).isCollapsed)
        #expect(!Collapse.Loss(name: "local", value: .nan, constant: 5).isCollapsed)
    }
}
