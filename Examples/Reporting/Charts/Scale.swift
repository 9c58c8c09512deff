import Foundation

/// The scale of one axis of a chart: its ends, its ticks, and the position of a value between the ends.
struct Scale {
    /// A labeled value on the axis.
    struct Tick {
        let value: Double
        let label: String
    }

    let lower: Double
    let upper: Double
    let isLogarithmic: Bool
    let ticks: [Tick]

    /// Creates a scale that shows all values, with about `tickCount` ticks at round numbers.
    ///
    /// Values that are not finite are ignored, as are values on a logarithmic scale that are not positive.
    ///
    /// - Parameters:
    ///   - limits: The minimum range of the scale, in addition to the values.
    ///   - isTight: Whether the scale ends at the last value instead of the next tick.
    ///   - isWhole: Whether the values are counts, so that no tick lies between two of them.
    init(
        _ values: [Double], limits: ClosedRange<Double>? = nil, isLogarithmic: Bool = false, isTight: Bool = false,
        isWhole: Bool = false, tickCount: Int = 5
    ) {
        let ends = [limits?.lowerBound, limits?.upperBound].compactMap { $0 }
        let shown = (values + ends).filter { abs($0) < 1e100 && (!isLogarithmic || $0 > 1e-100) }
        let least = shown.min() ?? (isLogarithmic ? 1 : 0)
        let most = shown.max() ?? 1
        self.isLogarithmic = isLogarithmic
        if isLogarithmic {
            (lower, upper, ticks) = Self.logarithmic(least, most)
        } else {
            (lower, upper, ticks) = Self.linear(least, most, isTight: isTight, isWhole: isWhole, tickCount: tickCount)
        }
    }

    /// Returns whether a value has a position on the scale.
    func shows(_ value: Double) -> Bool { abs(value) < 1e100 && (!isLogarithmic || value > 1e-100) }

    /// Returns the position of a value between the ends, 0 to 1.
    func fraction(_ value: Double) -> Double {
        isLogarithmic ? log(value / lower) / log(upper / lower) : (value - lower) / (upper - lower)
    }

    private static func linear(
        _ least: Double, _ most: Double, isTight: Bool, isWhole: Bool, tickCount: Int
    ) -> (Double, Double, [Tick]) {
        // Values that hardly differ relative to their size are treated as equal and shown in the middle.
        let isFlat = most - least <= 1e-9 * max(abs(least), abs(most), 1e-99)
        let room = isFlat ? (least == 0 || isWhole ? 1 : abs(least) * 0.1) : 0
        let (least, most) = (least - room, most + room)
        var step = roundStep(atLeast: (most - least) / Double(tickCount))
        if isWhole { step = max(1, step.rounded(.up)) }
        // An end that lies slightly beyond a tick, or misses it by a rounding error, adds no tick.
        let slack = isTight ? 1e-9 : 0.02 * (most - least) / step
        let first = isTight ? (least / step - slack).rounded(.up) : (least / step + slack).rounded(.down)
        let last = isTight ? (most / step + slack).rounded(.down) : (most / step - slack).rounded(.up)
        let decimals = decimals(of: step)
        func tick(_ value: Double) -> Tick { Tick(value: value, label: label(value, decimals: decimals, step: step)) }
        var ticks = (0...max(0, Int(last - first))).map { tick((first + Double($0)) * step) }
        // The first count, such as round 1, always has a tick.
        if isTight, isWhole, least < first * step - 0.3 * step { ticks.insert(tick(least), at: 0) }
        return isTight
            ? (least, most, ticks) : (min(least, first * step), max(most, last * step), ticks)
    }

    private static func logarithmic(_ least: Double, _ most: Double) -> (Double, Double, [Tick]) {
        let lower = least == most ? least / 2 : least * pow(least / most, 0.04)
        let upper = least == most ? most * 2 : most * pow(most / least, 0.04)
        let decades = Int(log10(lower).rounded(.down))...Int(log10(upper).rounded(.up))
        // A short range also has ticks between the powers of ten; a long one skips some of the powers.
        let leaders = upper / lower < 3_000 ? [1.0, 2, 5] : [1.0]
        let stride = max(1, decades.count / 6)
        let ticks = decades.filter { $0 % stride == 0 }.flatMap { decade in
            leaders.map { leader -> Tick in
                let value = leader * pow(10, Double(decade))
                return Tick(value: value, label: label(value, decimals: max(0, -decade), step: value))
            }
        }
        return (lower, upper, ticks.filter { $0.value >= lower && $0.value <= upper })
    }

    /// Returns a step of 1, 2, 2.5, or 5 times a power of ten.
    private static func roundStep(atLeast step: Double) -> Double {
        let power = pow(10, log10(step).rounded(.down))
        return [1, 2, 2.5, 5].map { $0 * power }.first { $0 >= step * (1 - 1e-9) } ?? 10 * power
    }

    private static func decimals(of step: Double) -> Int {
        (0...9).first { digits in
            let scaled = step * pow(10, Double(digits))
            return abs(scaled - scaled.rounded()) < 1e-6 * scaled
        } ?? 9
    }

    /// Returns the label of a value, such as `0.25`, `−3`, `20,000`, or `5·10⁻⁵`.
    private static func label(_ value: Double, decimals: Int, step: Double) -> String {
        let value = abs(value) < step * 1e-6 ? 0 : value
        if value != 0 && (abs(value) >= 1e6 || decimals > 4) {
            var exponent = Int(log10(abs(value)).rounded(.down))
            if abs(value) / pow(10, Double(exponent)) >= 9.9999 { exponent += 1 }
            let mantissa = Numeral.text(value / pow(10, Double(exponent)), decimals: 2)
            let short = mantissa.contains(".") ? mantissa.trimmingSuffix("0").trimmingSuffix(".") : mantissa
            return (short == "1" ? "" : short + "·") + "10" + Numeral.superscript(exponent)
        }
        return Numeral.text(value, decimals: decimals)
    }
}

extension String {
    /// Returns the text without trailing characters that equal `suffix`.
    fileprivate func trimmingSuffix(_ suffix: Character) -> String {
        var text = self
        while text.last == suffix { text.removeLast() }
        return text
    }
}
