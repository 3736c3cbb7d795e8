//! Numbers as text: a sign and digits, written token by token, and what top-p leaves of them.

use super::settings::BINS;
use super::task::bin_of;
use serde::{Deserialize, Serialize};

/// How the two decimals are cut into tokens after the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextForm {
    /// One token per digit.
    Digits,
    /// Both digits in one token: tokenizers of large models keep up to three digits together.
    Pairs,
}

/// The largest number that such text can write, hundredths: the digit before the point is always a zero.
const LARGEST: i32 = 99;

impl TextForm {
    /// Tokens to choose from at each step.
    pub(super) fn steps(self) -> &'static [usize] {
        match self {
            Self::Digits => &[2, 10, 10],
            Self::Pairs => &[2, 100],
        }
    }

    /// One-hot width of what has been written before the last step.
    pub(super) fn context(self) -> usize {
        self.steps().iter().rev().skip(1).sum()
    }

    /// The tokens of a number; -1.00 and 1.00, which are as rare as 4 deviations, are written as -0.99 and 0.99.
    pub(super) fn tokens(self, hundredths: i32) -> Vec<usize> {
        let size = hundredths.abs().min(LARGEST).unsigned_abs() as usize;
        let sign = usize::from(hundredths < 0);
        match self {
            Self::Digits => vec![sign, size / 10, size % 10],
            Self::Pairs => vec![sign, size],
        }
    }

    /// One-hot of the first `written` tokens, zeros for the rest.
    pub(super) fn written(self, tokens: &[usize], written: usize) -> Vec<f32> {
        let mut context = vec![0.0; self.context()];
        let mut offset = 0;
        for (token, size) in tokens.iter().zip(self.steps()).take(written) {
            if let Some(place) = context.get_mut(offset + token) {
                *place = 1.0;
            }
            offset += size;
        }
        context
    }

    /// Everything that may have been written before each step, step by step, in counting order.
    pub(super) fn prefixes(self) -> Vec<Vec<usize>> {
        let mut all = vec![vec![]];
        let mut last: Vec<Vec<usize>> = all.clone();
        for size in self.steps().iter().rev().skip(1).rev() {
            last =
                last.iter().flat_map(|prefix| (0..*size).map(|token| [prefix.as_slice(), &[token]].concat())).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    /// Probabilities of the numbers by bin, from those of the next token after each of [`Self::prefixes`], each cut to
    /// `top_p`. "-0.00" is the number zero.
    pub(super) fn numbers(self, next: &[Vec<f64>], top_p: f64) -> Vec<f64> {
        let mut masses = vec![1.0];
        let mut rows = next.iter();
        for _ in self.steps() {
            masses = masses
                .iter()
                .zip(&mut rows)
                .flat_map(|(mass, next)| nucleus(next, top_p).into_iter().map(move |share| mass * share))
                .collect();
        }
        let mut pmf = vec![0.0; BINS];
        for (index, mass) in (0..).zip(masses) {
            let hundredths = if index > LARGEST { LARGEST + 1 - index } else { index };
            if let Some(place) = pmf.get_mut(bin_of(hundredths)) {
                *place += mass;
            }
        }
        pmf
    }
}

/// What top-p leaves: the likeliest tokens until their sum reaches `top_p`, scaled to sum one.
pub(super) fn nucleus(pmf: &[f64], top_p: f64) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = pmf.iter().copied().enumerate().collect();
    // Ties in the order of the tokens: a stable sort.
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (mut kept, mut sum) = (vec![0.0; pmf.len()], 0.0);
    for (token, mass) in order {
        if sum >= top_p && sum > 0.0 {
            break;
        }
        sum += mass;
        if let Some(place) = kept.get_mut(token) {
            *place = mass;
        }
    }
    kept.into_iter().map(|mass| mass / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_p_keeps_the_likeliest_until_they_reach_it() {
        let close = |got: Vec<f64>, expected: &[f64]| {
            assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{got:?} {expected:?}");
        };
        let pmf = [0.1, 0.5, 0.04, 0.36];
        close(nucleus(&pmf, 0.95), &[0.1 / 0.96, 0.5 / 0.96, 0.0, 0.36 / 0.96]);
        close(nucleus(&pmf, 0.5), &[0.0, 1.0, 0.0, 0.0]);
        close(nucleus(&pmf, 0.0), &[0.0, 1.0, 0.0, 0.0]);
        close(nucleus(&pmf, 1.0), &pmf);
        close(nucleus(&[0.97, 0.03], 0.95), &[1.0, 0.0]);
        close(nucleus(&[0.25; 4], 0.5), &[0.5, 0.5, 0.0, 0.0]);
    }

    #[test]
    fn every_number_is_its_tokens() {
        for form in [TextForm::Digits, TextForm::Pairs] {
            let prefixes = form.prefixes();
            let expected = if form == TextForm::Digits { 23 } else { 3 };
            assert_eq!(prefixes.len(), expected);
            for hundredths in -99..=99 {
                let tokens = form.tokens(hundredths);
                // Certain tokens after the prefixes of this number, anything elsewhere.
                let next: Vec<Vec<f64>> = prefixes
                    .iter()
                    .map(|prefix| {
                        let size = form.steps()[prefix.len()];
                        if tokens.starts_with(prefix) {
                            (0..size).map(|token| f64::from(token == tokens[prefix.len()])).collect()
                        } else {
                            vec![1.0 / size as f64; size]
                        }
                    })
                    .collect();
                let pmf = form.numbers(&next, 0.95);
                assert_eq!(pmf[bin_of(hundredths)], 1.0, "{form:?} {hundredths}");
                assert!((pmf.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
        assert_eq!(TextForm::Digits.tokens(-7), [1, 0, 7]);
        assert_eq!(TextForm::Pairs.tokens(100), [0, 99]);
    }

    #[test]
    fn both_signs_of_zero_are_one_number() {
        let even = |form: TextForm| -> Vec<Vec<f64>> {
            let size = |prefix: &Vec<usize>| form.steps()[prefix.len()];
            form.prefixes().iter().map(|prefix| vec![1.0 / size(prefix) as f64; size(prefix)]).collect()
        };
        for form in [TextForm::Digits, TextForm::Pairs] {
            let pmf = form.numbers(&even(form), 1.0);
            assert!((pmf[100] - 0.01).abs() < 1e-12 && (pmf[101] - 0.005).abs() < 1e-12 && pmf[0] == 0.0);
            assert!((pmf[99] - 0.005).abs() < 1e-12 && (pmf[1] - 0.005).abs() < 1e-12);
        }
    }

    #[test]
    fn what_was_written_is_one_hot() {
        let context = TextForm::Digits.written(&[1, 4, 7], 2);
        let ones: Vec<usize> = (0..12).filter(|place| context[*place] == 1.0).collect();
        assert_eq!((context.len(), ones), (12, vec![1, 6]));
        assert_eq!(TextForm::Digits.written(&[1, 4, 7], 0), vec![0.0; 12]);
        assert_eq!(TextForm::Pairs.written(&[0, 47], 1), [1.0, 0.0]);
    }
}
