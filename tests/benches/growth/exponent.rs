//! The exponent of a growth.

/// The growth from the first to the last size that counts, relative to the first cost.
const NOTICED: f64 = 0.25;

/// Returns the exponent `e` for which `cost = a + b × size^e` holds, given the costs of a size, of
/// twice that size and of four times that size; 0 if the cost hardly grows.
pub(crate) fn exponent([one, two, four]: [u64; 3]) -> f64 {
    let [one, two, four] = [one, two, four].map(|cost| cost as f64);
    if four - one < NOTICED * one {
        return 0.0;
    }
    // The difference of two costs leaves out the constant cost.
    ((four - two) / (two - one).max(1.0)).log2()
}

/// The most bytes that are allocated at once while the program starts.
const OF_START: u64 = 1_000_000;

/// Returns the exponent of the most bytes that are allocated at once, given those for hardly any
/// input, for a size, and for four times that size; 0 while the start takes more than the input. A
/// buffer that doubles makes steps, so that sizes next to each other tell little.
pub(crate) fn exponent_of_peaks(hardly_any: u64, [one, four]: [u64; 2]) -> f64 {
    if one < OF_START {
        return 0.0;
    }
    let [hardly_any, one, four] = [hardly_any, one, four].map(|cost| cost as f64);
    let first = one - hardly_any;
    if first < NOTICED * hardly_any {
        return 0.0;
    }
    ((four - hardly_any) / first).log2() / 2.0
}
