import Foundation

/// Numbers as people read them.
public enum Numeral {
    /// With so many decimals, a proper minus sign and commas between thousands; a dash for what is not a number.
    public static func text(_ value: Double?, decimals: Int = 3) -> String {
        guard let value, value.isFinite else { return "–" }
        let digits = String(format: "%.\(decimals)f", abs(value))
        let point = digits.firstIndex(of: ".") ?? digits.endIndex
        var whole = ""
        for (place, digit) in digits[..<point].reversed().enumerated() {
            if place > 0 && place % 3 == 0 { whole.append(",") }
            whole.append(digit)
        }
        // What is rounded to zero has no sign.
        let isZero = digits.allSatisfy { $0 == "0" || $0 == "." }
        return (value < 0 && !isZero ? "−" : "") + String(whole.reversed()) + digits[point...]
    }

    /// `⁻⁵`.
    static func superscript(_ number: Int) -> String {
        let raised: [Character: Character] = [
            "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸",
            "9": "⁹",
        ]
        return String("\(number)".map { raised[$0] ?? $0 })
    }

    /// About how wide a text is drawn, in units of the size of its letters; generous, so that nothing is cut off.
    static func width(of text: String) -> Double {
        text.reduce(0) { width, letter in
            switch letter {
            case "i", "j", "l", "t", "f", "r", "I", ".", ",", ":", ";", "'", "|", "!", "(", ")", " ": width + 0.34
            case "m", "w", "M", "W", "@", "%": width + 0.92
            case let letter where !letter.isASCII && letter.unicodeScalars.first!.value > 0x2E80: width + 1.05
            case let letter where letter.isUppercase: width + 0.7
            default: width + 0.59
            }
        }
    }
}
