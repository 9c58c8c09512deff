import Foundation

/// Facts about patients that nnU-Net's layout does not tell: the file `patients.csv` beside `dataset.json`, which may be
/// missing.
///
/// ```
/// patient,group,scanner,ED,ES
/// patient001,DCM,Aera,1,12
/// ```
///
/// Only `patient` is required; further columns are ignored, and so are rows of other patients. `ED` and `ES` are the
/// numbers of the frames in the names of files.
struct PatientTable {
    static let fileName = "patients.csv"

    struct Row {
        var group: String?
        var scanner: String?
        var endDiastole: Int?
        var endSystole: Int?

        /// Returns the phase of a frame.
        func phase(of frame: Int?) -> ACDC.Phase? {
            guard let frame else { return nil }
            return frame == endDiastole ? .endDiastole : frame == endSystole ? .endSystole : nil
        }
    }

    /// The rows by patient.
    private(set) var rows: [String: Row] = [:]

    /// Reads the table in a folder, and returns it or all of its faults; a missing one has no rows.
    static func reading(_ folder: URL) -> Result<Self, Faults> {
        let path = folder.appending(path: fileName).path(percentEncoded: false)
        guard FileManager.default.fileExists(atPath: path) else { return .success(Self()) }
        guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: 1 << 24) else {
            return .failure(Faults(descriptions: ["\(fileName) cannot be read"]))
        }
        return parsing(String(decoding: data, as: UTF8.self))
    }

    /// Parses a text and returns the table, or all of its faults.
    static func parsing(_ text: String) -> Result<Self, Faults> {
        var table = Self()
        var faults: [String] = []
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        let header = (lines.first ?? "").split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
        guard let key = header.firstIndex(of: "patient") else {
            return .failure(Faults(descriptions: ["\(fileName): the first line has no column 'patient'"]))
        }
        for (number, line) in lines.enumerated().dropFirst() where !line.allSatisfy(\.isWhitespace) {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
            guard fields.count == header.count, !fields[key].isEmpty, !line.contains("\"") else {
                faults.append(
                    "\(fileName): line \(number + 1) has not the \(header.count) plain fields of the first line")
                continue
            }
            func field(_ name: String) -> String? {
                header.firstIndex(of: name).flatMap { fields[$0].isEmpty ? nil : fields[$0] }
            }
            var row = Row(group: field("group"), scanner: field("scanner"))
            for (name, target) in [("ED", \Row.endDiastole), ("ES", \Row.endSystole)] {
                guard let text = field(name) else { continue }
                guard let frame = Int(text), (0...100_000).contains(frame) else {
                    faults.append(
                        "\(fileName): line \(number + 1): \(name) is '\(text.prefix(40))', but must be a number")
                    continue
                }
                row[keyPath: target] = frame
            }
            if table.rows.updateValue(row, forKey: fields[key]) != nil {
                faults.append("\(fileName): line \(number + 1): '\(fields[key].prefix(40))' occurs a second time")
            }
        }
        return faults.isEmpty ? .success(table) : .failure(Faults(descriptions: faults))
    }

    private static func trimmed(_ field: Substring) -> String { field.trimmingCharacters(in: .whitespaces) }
}
