//! Stamps of another clock: simulated ones for a node on the system's time, or of a computer whose clock is elsewhere.

/// From this difference on, a stamp is of another clock rather than late, s.
const OTHER_CLOCK_SECS: f64 = 60.0;

/// What to look at where a stamp is this far from the node's clock, seconds of either sign; none if it is merely late.
pub fn other_clock(secs: f64) -> Option<&'static str> {
    // NaN is no small difference.
    (!(secs.abs() < OTHER_CLOCK_SECS))
        .then_some("is use_sim_time the same on all nodes, and are the computers' clocks?")
}

/// The same as a line of an error, empty where there is none.
pub fn other_clock_hint(secs: f64) -> String {
    other_clock(secs).map_or(String::new(), |text| format!("\nhint: {text}"))
}
