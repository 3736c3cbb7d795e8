//! Feeds text to the parsers of an intended distribution and of a manifest: they may refuse it, and must not do anything
//! worse. What is read reads back the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use planwright::model::Manifest;
use planwright::quantity::{Intended, IntendedChoice};

fuzz_target!(|bytes: &[u8]| {
    let _ = Manifest::from_json(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = text.parse::<IntendedChoice>();
    if let Ok(intended) = text.parse::<Intended>() {
        let sum: f64 = intended.marginal().mass().iter().sum();
        assert!((sum - 1.0).abs() < 1e-9, "masses sum to {sum}");
        let Ok(json) = serde_json::to_string(&intended) else { panic!("cannot be written") };
        assert_eq!(json.parse::<Intended>().ok(), Some(intended), "{json} does not read back");
    }
});
