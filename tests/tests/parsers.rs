//! Whatever parses meets rubbish: an error, never a panic, and what is accepted comes back the same.

use planwright::correction::Strength;
use planwright::model::{Artefact, EngineChoice, Manifest};
use planwright::world::Layout;
use planwright_tests::model;
use planwright_training::recipe::Recipe;
use proptest::prelude::*;
use std::path::Path;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn layouts(text in "[#OGx \n]{0,200}|\\PC{0,80}") {
        if let Ok(layout) = Layout::parse("any", &text) {
            prop_assert_eq!(Layout::parse("any", &layout.to_text()), Ok(layout.clone()));
            prop_assert!(layout.free_cells().all(|(row, column)| layout.is_free([row as f64 - 0.2, column as f64 - 0.2])));
        }
    }

    #[test]
    fn recipes(text in "\\PC{0,200}|name = \"[a-z]{1,5}\"\n\\[data\\]\n\\PC{0,80}") {
        prop_assert!(Recipe::parse(&text, Path::new("any.toml")).is_err());
    }

    #[test]
    fn manifests(text in "\\PC{0,200}|\\{\"schema_version\": ?[0-9]{1,3},\\PC{0,80}\\}") {
        prop_assert!(Manifest::from_json(text.as_bytes()).is_err());
    }

    #[test]
    fn artefacts(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Artefact::from_bytes(bytes).is_err());
    }

    #[test]
    fn names_of_engines_and_strengths(text in "\\PC{0,20}|-?[0-9.e]{1,6}|inf|nan") {
        let _ = text.parse::<EngineChoice>();
        if let Ok(strength) = text.parse::<Strength>() {
            prop_assert!((0.0..=1.0).contains(&strength.share()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// One flipped bit anywhere in a shipped model, or a cut anywhere, is noticed.
    #[test]
    fn damaged_models(place in any::<prop::sample::Index>(), bit in 0..8u8, cut in any::<bool>()) {
        let mut bytes = std::fs::read(model("umaze")).unwrap_or_else(|error| panic!("{error}"));
        let index = place.index(bytes.len());
        if cut { bytes.truncate(index) } else { bytes[index] ^= 1 << bit }
        prop_assert!(Artefact::from_bytes(bytes).is_err());
    }
}
