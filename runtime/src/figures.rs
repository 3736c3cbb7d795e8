//! Numbers in messages: at most six significant digits, and an exponent where there would be many zeros.

use crate::geometry::Point;
use std::fmt;

/// A number as messages show it: `0.05`, `1.5e300`, `NaN`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure(pub f64);

/// Significant digits.
const DIGITS: i32 = 6;

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, size) = (self.0, self.0.abs());
        if !size.is_finite() || size == 0.0 {
            return write!(f, "{value}");
        }
        if !(1e-4..1e6).contains(&size) {
            let text = format!("{value:.*e}", (DIGITS - 1) as usize);
            let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            return write!(f, "{}e{exponent}", trimmed(digits));
        }
        // Before the point stand `log10 + 1` digits, none for what is smaller than 1.
        let decimals = (DIGITS - 1 - size.log10().floor() as i32).clamp(0, DIGITS);
        f.write_str(trimmed(&format!("{value:.*}", decimals as usize)))
    }
}

/// A number with a fixed count of decimals, as long as it is one that has few digits before them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounded(pub f64, pub usize);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, decimals) = *self;
        if value.abs() < 1e6 { write!(f, "{value:.decimals$}") } else { Figure(value).fmt(f) }
    }
}

/// Without the zeros behind the decimals.
fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// A place as messages show it: `1.05, 3`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place(pub Point);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y] = self.0;
        write!(f, "{}, {}", Figure(x), Figure(y))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_300_digits_is_shown_with_six() {
        let shown = [
            (1e308, "1e308"),
            (-1.234_567_89e300, "-1.23457e300"),
            (1e-300, "1e-300"),
            (0.049_999_999_999, "0.05"),
            (0.105, "0.105"),
            (123_456.789, "123457"),
            (999_999.999, "1000000"),
            (1_000_000.0, "1e6"),
            (-3.0, "-3"),
            (0.0, "0"),
            (100.0, "100"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in shown {
            assert_eq!(Figure(value).to_string(), text);
        }
        assert_eq!([Rounded(0.5, 3), Rounded(-1e200, 3)].map(|shown| shown.to_string()), ["0.500", "-1e200"]);
        assert_eq!(Place([1.05, -1e200]).to_string(), "1.05, -1e200");
    }
}
