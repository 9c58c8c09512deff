import Foundation

/// The height and weight of a patient, by whose body surface area volumes are compared between patients.
struct Body: Sendable, Hashable, Encodable {
    /// The height in cm.
    let height: Double
    /// The weight in kg.
    let weight: Double

    /// Creates a body; `nil` for what no person has, such as the zeros of a file without these numbers.
    init?(height: Double?, weight: Double?) {
        guard let height, let weight, (30...260).contains(height), (1...400).contains(weight) else { return nil }
        (self.height, self.weight) = (height, weight)
    }

    /// The body surface area in m².
    ///
    /// Source: Du Bois and Du Bois, "A formula to estimate the approximate surface area if height and weight be known",
    /// Archives of Internal Medicine 17, 1916.
    var surfaceArea: Double { 0.007184 * pow(height, 0.725) * pow(weight, 0.425) }
}
