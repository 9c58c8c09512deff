@testable import Phantoms
import Tensor
import Testing

@testable import Volumes

/// The tables measured on the 150 patients of the ACDC data set, and the same measurements on synthetic patients.
///
/// Each mean over synthetic patients has to lie within one standard deviation of the real patients' mean. Debug builds
/// take fewer patients and leave the intensities out.
@Suite struct PhantomStatisticsTests {
    /// What is measured on the two label maps of a patient.
    private struct Sizes {
        var (diameterED, diameterES, wallED, wallES): (Double, Double, Double, Double)
        var (lengthED, lengthES, massED): (Double, Double, Double)
        var (leftED, leftES, rightED, rightES): (Double, Double, Double, Double)
        var (rightAreaED, rightAreaES): (Double, Double)

        init(_ diastole: Volume, _ systole: Volume) {
            func measure(_ labels: Volume) -> [Double] {
                let plane = labels.extent.x * labels.extent.y
                let pixel = labels.spacing.x * labels.spacing.y
                var areas = [[Double]](repeating: [0, 0, 0, 0], count: labels.extent.slices)
                for (i, label) in labels.voxels.enumerated() { areas[i / plane][Int(label)] += pixel }
                let left = areas.filter { $0[3] > 0 }
                let middle = left[left.count / 2]
                let radius = (middle[3] / .pi).squareRoot()
                let volumes = (0..<4).map { label in areas.reduce(0) { $0 + $1[label] } * labels.spacing.slice / 1000 }
                return [
                    2 * radius, ((middle[3] + middle[2]) / .pi).squareRoot() - radius,
                    Double(left.count) * labels.spacing.slice, volumes[3], volumes[1], volumes[2] * 1.05, middle[1],
                ]
            }
            let (d, s) = (measure(diastole), measure(systole))
            (diameterED, diameterES, wallED, wallES) = (d[0], s[0], d[1], s[1])
            (lengthED, lengthES, massED) = (d[2], s[2], d[5])
            (leftED, leftES, rightED, rightES) = (d[3], s[3], d[4], s[4])
            (rightAreaED, rightAreaES) = (d[6], s[6])
        }
    }

    private struct Row: Sendable {
        var name: String
        var measure: @Sendable (Sizes) -> Double
        /// Mean and standard deviation for DCM, HCM, MINF, NOR, RV.
        var real: [(Double, Double)]
    }

    private static let table: [Row] = [
        Row(
            name: "LV diameter ED, mm", measure: { $0.diameterED },
            real: [(65.9, 5.7), (46.6, 4.9), (56.3, 5.6), (48.1, 4.0), (46.8, 6.3)]),
        Row(
            name: "LV diameter ES, mm", measure: { $0.diameterES },
            real: [(60.9, 6.5), (25.2, 6.0), (48.6, 5.6), (31.3, 4.3), (32.8, 6.6)]),
        Row(
            name: "wall ED, mm", measure: { $0.wallED },
            real: [(7.7, 1.1), (11.0, 2.4), (7.6, 1.4), (6.9, 1.0), (6.5, 1.2)]),
        Row(
            name: "wall ES, mm", measure: { $0.wallES },
            real: [(8.9, 1.7), (19.4, 3.0), (9.8, 1.9), (12.2, 1.9), (10.4, 2.3)]),
        Row(
            name: "LV length ED, mm", measure: { $0.lengthED }, real: [(97, 7), (89, 12), (85, 11), (81, 11), (75, 11)]),
        Row(
            name: "LV length ES, mm", measure: { $0.lengthES }, real: [(95, 7), (76, 11), (84, 11), (72, 9), (68, 9)]),
        Row(
            name: "LVEDV, mL", measure: { $0.leftED }, real: [(283, 51), (132, 34), (181, 45), (130, 28), (117, 37)]),
        Row(name: "LVESV, mL", measure: { $0.leftES }, real: [(229, 52), (40, 16), (126, 39), (49, 14), (51, 19)]),
        Row(
            name: "LVEF, %", measure: { 100 * (1 - $0.leftES / $0.leftED) },
            real: [(20, 8), (70, 9), (31, 8), (62, 6), (57, 7)]),
        Row(
            name: "RVEDV, mL", measure: { $0.rightED }, real: [(182, 62), (123, 32), (125, 39), (149, 36), (217, 62)]),
        Row(name: "RVESV, mL", measure: { $0.rightES }, real: [(125, 61), (49, 14), (59, 23), (70, 19), (140, 42)]),
        Row(
            name: "RVEF, %", measure: { 100 * (1 - $0.rightES / $0.rightED) },
            real: [(34, 17), (59, 10), (53, 11), (53, 8), (34, 14)]),
        Row(
            name: "RV area ED, mm²", measure: { $0.rightAreaED },
            real: [(1693, 802), (1257, 506), (1276, 489), (1593, 423), (2892, 785)]),
        Row(
            name: "RV area ES, mm²", measure: { $0.rightAreaES },
            real: [(1350, 840), (566, 367), (699, 429), (1059, 361), (2197, 695)]),
        Row(
            name: "LV mass, g", measure: { $0.massED }, real: [(166, 30), (175, 59), (134, 31), (100, 24), (82, 24)]),
    ]

    #if DEBUG
    private static let patientsPerGroup = 8
    private static let isOptimised = false
    #else
    private static let patientsPerGroup = 60
    private static let isOptimised = true
    #endif

    @Test("Hearts have the sizes and the motion of the five groups")
    func anatomy() {
        var phantom = Phantom(seed: 21)
        // Areas converge quickly; a coarse grid keeps the debug build quick.
        phantom.style = Acquisition.Style(
            storage: .byteAsFloat, spacing: 1.9, matrix: (130, 130), sliceSpacing: 10, blood: 1, contrast: 3,
            decline: 0,
            noise: 0)
        var sizes = [[Sizes]](repeating: [], count: 5)
        for number in 1...5 * Self.patientsPerGroup {
            let examination = phantom.examination(number)
            sizes[(number - 1) % 5].append(
                Sizes(
                    examination.labels(ofFrame: examination.endDiastole),
                    examination.labels(ofFrame: examination.endSystole)))
        }
        for row in Self.table {
            for (g, group) in ACDC.Group.allCases.enumerated() {
                let mean = sizes[g].map(row.measure).reduce(0, +) / Double(sizes[g].count)
                let (real, deviation) = row.real[g]
                #expect(
                    abs(mean - real) < deviation,
                    "\(row.name) in \(group.rawValue): \(mean), real \(real) ± \(deviation)")
            }
        }
    }

    @Test("Intensities are distributed like the real ones", .enabled(if: isOptimised))
    func intensities() {
        // All relative to the 99th percentile of the volume. Means over all groups.
        let real: [(String, Double, Double)] = [
            ("LV blood ED", 0.74, 0.15), ("RV blood ED", 0.59, 0.15), ("myocardium ED", 0.30, 0.10),
            ("LV blood ES", 0.63, 0.18), ("RV blood ES", 0.51, 0.15), ("blood to muscle", 2.5, 0.7),
            ("deviation in blood", 0.165, 0.05), ("deviation in muscle", 0.044, 0.017),
            ("p10", 0.085, 0.067), ("p25", 0.12, 0.072), ("p50", 0.22, 0.071), ("p75", 0.40, 0.095), ("p90", 0.63, 0.1),
            ("p95", 0.77, 0.074),
        ]
        var sums = [Double](repeating: 0, count: real.count)
        let count = 40
        for number in 1...count {
            let patient = Phantom(seed: 22).patient(number)
            var values: [Double] = []
            for frame in patient.frames {
                let percentiles = Percentiles(of: frame.image.voxels)
                let unit = Double(percentiles[99])
                let plane = frame.image.extent.x * frame.image.extent.y
                var inside = [[Float]](repeating: [], count: 4)
                let slices = (0..<frame.image.extent.slices).filter { k in
                    frame.labels.voxels[k * plane..<(k + 1) * plane].contains(3)
                }
                let middle = slices[slices.count / 2]
                for i in middle * plane..<(middle + 1) * plane {
                    inside[Int(frame.labels.voxels[i])].append(frame.image.voxels[i])
                }
                func median(_ label: Int) -> Double { Double(Percentiles(of: inside[label])[50]) / unit }
                func deviation(_ label: Int) -> Double {
                    let mean = Double(inside[label].reduce(0, +)) / Double(inside[label].count)
                    let square = inside[label].reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
                    return (square / Double(inside[label].count)).squareRoot() / unit
                }
                if frame.phase == .endDiastole {
                    values += [median(3), median(1), median(2)]
                } else {
                    values += [median(3), median(1)]
                    values += [values[0] / values[2], deviation(3), deviation(2)]
                    values += [10, 25, 50, 75, 90, 95].map { Double(percentiles[$0]) / unit }
                }
            }
            for i in sums.indices { sums[i] += values[i] }
        }
        for (i, row) in real.enumerated() {
            let mean = sums[i] / Double(count)
            #expect(abs(mean - row.1) < row.2, "\(row.0): \(mean), real \(row.1) ± \(row.2)")
        }
    }

    @Test("Headers and grids vary as in the real files", .enabled(if: isOptimised))
    func acquisitions() {
        let examinations = (1...400).map { Phantom(seed: 23).examination($0) }
        func share(_ condition: (Examination) -> Bool) -> Double {
            Double(examinations.count(where: condition)) / Double(examinations.count)
        }
        #expect(abs(share { $0.acquisition.style.storage == .byteAsFloat } - 0.75) < 0.07)
        #expect(abs(share { $0.acquisition.sliceSpacing == 10 } - 0.85) < 0.06)
        #expect(share { $0.endDiastole == 1 } > 0.95)
        #expect(abs(share { $0.acquisition.spacing < 1.5 } - 0.46) < 0.1)
        let counts = examinations.map(\.frameCount)
        #expect(counts.min()! >= 12 && counts.max()! <= 35)
        let slices = examinations.map(\.slices.count)
        #expect(slices.min()! >= 5 && slices.max()! <= 26)
        // The axis of the left ventricle lies left of and above the image's centre, and moves little.
        let x = examinations.map { Double($0.centre.x) / Double($0.acquisition.columns) }.reduce(0, +) / 400
        #expect(abs(x - 0.476) < 0.015)
    }
}
