//! Whatever parses, on examples and on random and mutated inputs: an error and never a panic, and an accepted value
//! reads back the same.

use planwright::model::{Artefact, Manifest, ModelError};
use planwright_tests::{fuzz, model};
use planwright_training::recipe::Recipe;
use std::path::Path;

/// A test of a few hundred inputs for each target, and one of many that runs at night.
macro_rules! targets {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                fuzz::exercise(stringify!($name), 400, 1);
            }
        )*

        #[test]
        fn every_target_is_run() {
            let run = [$(stringify!($name)),*];
            assert_eq!(fuzz::TARGETS.iter().map(|target| target.name).collect::<Vec<_>>(), run);
        }
    };
}

targets!(
    artefact,
    camera_compressed,
    camera_image,
    camera_info,
    cdr,
    density,
    intended,
    layout,
    manifest,
    map_arrays,
    map_image,
    map_metadata,
    map_scenarios,
    names,
    parameter_yaml,
    policy_spec,
    protobuf,
    recipe,
    ros_arguments
);

#[test]
#[ignore = "the fuzz step of tests/run.py"]
fn many_inputs_of_every_target() {
    for target in fuzz::TARGETS {
        fuzz::exercise(target.name, 40_000, 2);
    }
}

/// What the examples are is not what the parsers refuse: each is accepted before it is mutated.
#[test]
fn texts_that_are_no_manifest_and_no_recipe_are_named() {
    let manifest = Manifest::from_json(b"{\"schema_version\": 999}").expect_err("another version").to_string();
    assert!(manifest.contains("expected") && manifest.contains("999"), "{manifest}");
    let recipe = Recipe::parse("name = \"a\"\n[data]\n", Path::new("any.toml")).expect_err("no data").to_string();
    assert!(recipe.contains("any.toml"), "{recipe}");
}

/// One flipped bit anywhere in a shipped model, or a cut anywhere, is noticed.
#[test]
fn damaged_models_are_refused() {
    let whole = std::fs::read(model("umaze")).expect("a shipped model");
    let step = whole.len() / 24;
    for (index, bit) in (0..24).map(|case| (case * step + case * case, case % 8)) {
        let mut flipped = whole.clone();
        flipped[index] ^= 1 << bit;
        assert!(matches!(Artefact::from_bytes(flipped), Err(ModelError::Damaged { .. })), "bit {bit} of byte {index}");
        let cut = Artefact::from_bytes(whole[..index].to_vec());
        assert!(matches!(cut, Err(ModelError::Truncated | ModelError::Foreign { .. })), "cut at {index}");
    }
}
