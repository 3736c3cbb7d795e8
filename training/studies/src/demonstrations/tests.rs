use super::*;
use crate::conformance;
use planwright_training::study::{Bench, Cell, Store};

fn cells(line: &str) -> Vec<DemonstrationCell> {
    Demonstrations.cells(&conformance::request(&Demonstrations, line).expect("a request")).expect("cells")
}

#[test]
fn flags_choose_the_cells() {
    let count = |line: &str| cells(line).len();
    assert_eq!((count(""), count("--size quick")), (3 * 3 * 3 * 3, 3 * 3));
    assert_eq!(count("--preference side,either --minutes 5 --seeds 1,2"), 2 * 2 * 3);
    let request = conformance::request(&Demonstrations, "--minutes 0").expect("a request");
    let refused = Demonstrations.cells(&request).err().map(|error| error.to_string());
    assert_eq!(refused.as_deref(), Some("expected minutes between 1 and 1000, got 0"));
}

#[test]
fn a_folder_without_maps_is_refused() {
    let cell = cells("--maps /nowhere --preference side --minutes 1 --seeds 1").remove(0);
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path());
    let error = cell.run(&Bench { store: &store, progress: &planwright_training::console::Progress::hidden() });
    let error = error.expect_err("no maps").to_string();
    assert!(error.contains("/nowhere: expected a folder with files *.yaml, got"), "{error}");
}

#[test]
fn results_resume_and_every_setting_changes_the_hash() {
    let mut all = cells("--size quick --preference either");
    for cell in &mut all {
        (cell.settings.steps, cell.settings.minutes) = (3, 1);
    }
    let other = DemonstrationCell {
        settings: DemonstrationSettings { levels: 5, ..all[0].settings.clone() },
        ..all[0].clone()
    };
    let plain = |result: &DemonstrationResult| DemonstrationResult { wall_secs: 0.0, ..result.clone() };
    conformance::done_cells_are_read_and_others_are_made(
        &all,
        &other,
        |result| result.wall_secs = -1.0,
        |a, b| plain(a) == plain(b),
    );
    all.push(other);
    conformance::every_setting_changes_the_hash(&all);
}

/// A trainer that learns nothing, or draws that are noise, fail here.
#[test]
fn a_side_and_two_sides_are_learnt_from_minutes_of_driving() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path());
    let bench = Bench { store: &store, progress: &planwright_training::console::Progress::hidden() };
    let mut arms = Vec::new();
    let all = cells("--size quick --preference side,either --minutes 4");
    for mut cell in all.into_iter().filter(|cell| cell.settings.kind != ArmKind::Controls) {
        cell.settings.steps = 300;
        let result = cell.run(&bench).expect("a result");
        assert!(result.left_out * 5 < result.drives && result.queries >= 10, "{result:?}");
        arms.extend(result.arms.into_iter().map(|arm| (cell.settings.preference, arm)));
    }
    let of = |preference: Preference, name: &str| {
        let found = arms.iter().find(|(own, arm)| (*own, &*arm.arm) == (preference, name));
        found.map(|(_, arm)| arm.clone()).expect(name)
    };
    let (learnt, untrained) = (of(Preference::Side, "regression"), of(Preference::Side, "one-step"));
    assert!(learnt.mean_cm < 0.6 * untrained.mean_cm, "{} of {} cm", learnt.mean_cm, untrained.mean_cm);
    // As distributions: draws are near one side where there is one, and the mean of two sides is neither.
    for (preference, other) in [(Preference::Side, "one-step"), (Preference::Either, "regression")] {
        let [drawn, other] = ["diffusion", other].map(|arm| of(preference, arm).energy_cm.expect("draws"));
        assert!(drawn < 0.7 * other, "{preference:?}: {drawn} of {other} cm");
    }
}
