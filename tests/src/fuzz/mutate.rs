//! Mutated inputs from a seed: bits, bytes, ranges, tokens and splices of examples, or plain noise.

/// Texts that parsers of numbers, lists and ROS names meet rarely.
const TOKENS: [&str; 40] = [
    "0",
    "-1",
    "1e999",
    "-0.0",
    "NaN",
    "nan",
    "inf",
    "null",
    "true",
    "1e-320",
    "18446744073709551616",
    "4294967296",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "'",
    "\n",
    "\n\n",
    "  ",
    "\t",
    "#",
    "O",
    "G",
    "&a ",
    "*a",
    "!!str ",
    "--- ",
    "ros__parameters:",
    "/**",
    ":=",
    "~/",
    "--ros-args",
    "-p",
    "\u{fffd}",
    "\0",
    "uniform:",
];

/// A generator of inputs.
pub(super) struct Mutator {
    state: u64,
}

impl Mutator {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed ^ 0x9e37_79b9_7f4a_7c15 }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.state;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// Below `bound`, 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// The next input.
    pub(super) fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        if seeds.is_empty() || self.below(6) == 0 {
            return self.noise();
        }
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(6) {
            self.edit(&mut bytes, seeds);
        }
        bytes
    }

    /// Bytes, or characters that texts are made of.
    fn noise(&mut self) -> Vec<u8> {
        let count = self.below(400);
        if self.below(2) == 0 {
            return (0..count).map(|_| self.next() as u8).collect();
        }
        (0..count / 4).flat_map(|_| TOKENS[self.below(TOKENS.len())].bytes()).collect()
    }

    fn edit(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(bytes.len());
        let end = (at + 1 + self.below(24)).min(bytes.len());
        match self.below(8) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            2 if at < bytes.len() => bytes[at] = self.next() as u8,
            3 => drop(bytes.drain(at..end)),
            4 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            5 => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            6 => self.replace_number(bytes, at),
            _ => {
                let token = TOKENS[self.below(TOKENS.len())];
                bytes.splice(at..at, token.bytes());
            }
        }
    }

    /// The first number after `at` becomes another one.
    fn replace_number(&mut self, bytes: &mut Vec<u8>, at: usize) {
        let Some(begin) = bytes[at..].iter().position(u8::is_ascii_digit).map(|offset| at + offset) else { return };
        let length = bytes[begin..].iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len() - begin);
        let number = TOKENS[self.below(12)];
        bytes.splice(begin..begin + length, number.bytes());
    }
}
