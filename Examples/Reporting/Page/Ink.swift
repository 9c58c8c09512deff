import Foundation

/// A colour of a drawing. All of them can be told apart with any common form of colour blindness.
///
/// Source: Okabe and Ito, Color Universal Design, 2008, for kinds; the viridis map of Smith and van der Walt, 2015, for
/// levels.
public struct Ink: Hashable, Sendable {
    /// The value in a style.
    let css: String

    /// The number of kinds before colours repeat.
    public static let kinds = 8

    /// The colour of a kind of thing: the first eight differ, then they repeat. Darker on a light page than on a dark
    /// one.
    public static func kind(_ index: Int) -> Ink { Ink(css: "var(--k\(index % kinds))") }

    /// Grey, for what others are compared with.
    public static let muted = Ink(css: "var(--soft)")

    /// The colour of a level among ordered ones, from blue to yellow-green.
    public static func level(_ index: Int, of count: Int) -> Ink {
        let place = count > 1 ? Double(index) / Double(count - 1) : 0.5
        let position = place * Double(levels.count - 1)
        let below = min(Int(position), levels.count - 2)
        let channels = zip(levels[below], levels[below + 1]).map { low, high in
            Int((low + (high - low) * (position - Double(below))).rounded())
        }
        return Ink(css: "rgb(\(channels[0]) \(channels[1]) \(channels[2]))")
    }

    /// Viridis at 0.3, 0.45, 0.6, 0.75 and 0.9: what is legible on white and on black.
    private static let levels: [[Double]] = [
        [53, 95, 141], [38, 130, 142], [34, 168, 132], [94, 201, 98], [187, 223, 39],
    ]

    /// The colour of a structure drawn over a grey image: bright ones, the same on every page.
    static func structure(_ index: Int) -> Ink {
        let bright = ["#56b4e9", "#f0e442", "#ff7f3f", "#2fd3a0", "#e08cc0", "#ffffff"]
        return Ink(css: bright[index % bright.count])
    }
}
