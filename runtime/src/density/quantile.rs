//! Inverting a distribution function over [-1, 1].

/// Closer than this the place is found.
const TOLERANCE: f64 = 1e-14;

/// Halving alone is done after so many steps; Newton's steps take fewer.
const MAX_STEPS: usize = 128;

/// Where the distribution function first reaches `probability`: Newton's steps inside a shrinking bracket, halved
/// wherever a step would leave it. `at` gives distribution function and density at a place. 0 and 1 are the ends.
pub(super) fn invert(probability: f64, at: impl Fn(f64) -> (f64, f64)) -> f64 {
    if probability <= 0.0 {
        return -1.0;
    }
    if probability >= 1.0 {
        return 1.0;
    }
    let (mut low, mut high) = (-1.0, 1.0);
    let mut place = 2.0 * probability - 1.0;
    for step in 0..MAX_STEPS {
        let (reached, density) = at(place);
        if reached < probability {
            low = place;
        } else {
            high = place;
        }
        let newton = place - (reached - probability) / density;
        // Every third step halves: next to a flat stretch Newton's steps alone may creep.
        let next = if step % 3 != 2 && newton > low && newton < high { newton } else { 0.5 * (low + high) };
        if (next - place).abs() <= TOLERANCE || high - low <= TOLERANCE {
            return next;
        }
        place = next;
    }
    place
}
