import Reporting
import Testing

@Suite struct NumeralTests {
    @Test(arguments: [
        (0.0, 2, "0.00"), (-0.001, 2, "0.00"), (-1.5, 1, "−1.5"), (999, 0, "999"), (1000, 0, "1,000"),
        (-1_234_567.891, 2, "−1,234,567.89"), (.nan, 1, "–"), (-.infinity, 1, "–"),
    ])
    func numbersAreWrittenForPeople(value: Double, decimals: Int, text: String) {
        #expect(Numeral.text(value, decimals: decimals) == text)
    }

    @Test func aMissingNumberIsADash() {
        #expect(Numeral.text(nil) == "–")
    }

    @Test func statisticsOfValues() {
        // Of 2, 4 and 9 the mean is 5, and the squares 9 + 1 + 16 = 26 are divided by 2.
        let statistic = Statistic(of: [2, .nan, 4, 9])
        #expect(statistic.mean == 5 && abs(statistic.deviation - 13.0.squareRoot()) < 1e-12)
        #expect(statistic.text(decimals: 2) == "5.00 ± 3.61")
        #expect(Statistic(of: [7]).text(decimals: 1) == "7.0")
        #expect(Statistic(of: []).text() == "–")
        #expect(Statistic(of: [.infinity]).mean.isNaN)
    }
}
