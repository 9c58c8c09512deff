extension ACDC {
    /// The five diagnostic groups of the data set, twenty training patients each, named as in `Info.cfg`.
    ///
    /// Training patients are sorted by group (001–020 DCM, 021–040 HCM, 041–060 MINF, 061–080 NOR, 081–100 RV): a
    /// split by number is a split by disease.
    public enum Group: String, Hashable, Sendable, Codable, CaseIterable {
        /// Dilated cardiomyopathy: large left ventricle, ejection fraction below 40 %.
        case dilatedCardiomyopathy = "DCM"
        /// Hypertrophic cardiomyopathy: thick walls, normal ejection fraction.
        case hypertrophicCardiomyopathy = "HCM"
        /// Previous myocardial infarction: ejection fraction below 40 %, some segments do not contract.
        case myocardialInfarction = "MINF"
        /// Healthy.
        case normal = "NOR"
        /// Abnormal right ventricle: dilated, or with an ejection fraction below 40 %.
        case abnormalRightVentricle = "RV"
    }
}
