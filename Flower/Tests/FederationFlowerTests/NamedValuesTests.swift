import Testing

@testable import FederationFlower

struct NamedValuesTests {
    @Test func orderIsThatOfTheFirstMention() {
        var values = NamedValues([("c", 1), ("a", 2)])
        values["b"] = 3
        values["c"] = 4
        #expect(values.names == ["c", "a", "b"])
        #expect(values.values == [4, 2, 3])
        #expect(values["d"] == nil)
        #expect(values != NamedValues([("a", 2), ("c", 4), ("b", 3)]))
    }

    @Test func nilRemoves() {
        var values = NamedValues([("a", 1), ("b", 2), ("c", 3)])
        values["a"] = nil
        values["d"] = nil
        #expect(values == NamedValues([("b", 2), ("c", 3)]))
        #expect(values["b"] == 2 && values["c"] == 3 && values["a"] == nil)
        values["a"] = 4
        #expect(values.names == ["b", "c", "a"])
    }

    @Test func aTakenNameIsNotInserted() {
        var values = NamedValues([("a", 1)])
        let inserted = [values.insert(2, as: "a"), values.insert(2, as: "b")]
        #expect(inserted == [false, true])
        #expect(values == NamedValues([("a", 1), ("b", 2)]))
    }

    @Test func namesAreComparedByScalars() {
        #expect(Fixture.one == Fixture.two)
        let values = NamedValues([(Fixture.one, 1), (Fixture.two, 2)])
        #expect(values[Fixture.one] == 1 && values[Fixture.two] == 2)
        #expect(NamedValues([(Fixture.one, 1)]) != NamedValues([(Fixture.two, 1)]))
    }
}
