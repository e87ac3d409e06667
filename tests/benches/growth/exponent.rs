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

/// Returns the exponent of the most bytes that are allocated at once; 0 while the start takes more
/// than the input.
pub(crate) fn exponent_of_peaks(peaks: [u64; 3]) -> f64 {
    if peaks[0] < OF_START {
        0.0
    } else {
        exponent(peaks)
    }
}
