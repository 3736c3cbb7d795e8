use super::*;
use crate::conformance;

fn all(line: &str) -> Vec<GoalForceCell> {
    cells(Path::new("model.onnx"), "abc", &conformance::request(&GoalForce, line).expect("a request"))
}

#[test]
fn sizes_and_seeds_choose_the_cells_and_every_setting_changes_the_hash() {
    assert_eq!([all("").len(), all("--size quick").len(), all("--size quick --seeds 1,2").len()], [105, 35, 70]);
    let known = all("--measures known");
    assert!(known.len() == 9 && known.iter().all(|cell| cell.scenes == 100), "{known:?}");
    assert_eq!(all("--measures choice,masses").len(), 15);
    let mut cells = all("--seeds 1,2");
    let first = cells[0].clone();
    cells.extend([
        GoalForceCell { scenes: 7, ..first.clone() },
        GoalForceCell { model_sha256: "def".to_owned(), ..first },
    ]);
    conformance::every_setting_changes_the_hash(&cells);
}

#[test]
fn what_is_no_model_is_refused() {
    let refused = |line: &str| {
        GoalForce.cells(&conformance::request(&GoalForce, line).expect("a request")).expect_err("no model").to_string()
    };
    assert!(refused("--model nowhere.onnx").contains("nowhere.onnx"), "{}", refused("--model nowhere.onnx"));
    let maze = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/maze-umaze.onnx");
    assert!(refused(&format!("--model {maze}")).contains("goal-force"), "{}", refused(&format!("--model {maze}")));
}

fn choice(seed: u64, corrected: usize) -> GoalForceResult {
    let row = |chooser: &str, corrected: usize| ChooserRow {
        chooser: chooser.to_owned(),
        proposed: 80,
        spontaneous: 0.1,
        initiator: 60,
        decided: 40,
        decided_well: 30,
        raw: 10,
        checked: 70,
        corrected,
        pushes_unsafe: 0,
        pushes_misidentified: 1,
        against_model: [20, 5],
    };
    let choice = Choice {
        scenes: 100,
        chance: 0.4,
        chance_of_decided: Some(0.5),
        choosers: vec![row("model", corrected), row("random", 30)],
    };
    GoalForceResult {
        measure: Measure::Choice(Family::Blocked),
        seed,
        settings_sha256: String::new(),
        model_sha256: String::new(),
        choice: Some(choice),
        known: None,
        masses: None,
        direct: None,
        room: None,
        diversity: None,
        adherence: None,
    }
}

#[test]
fn a_table_has_ranges_over_seeds_and_paired_tests() {
    let table = GoalForceTable::of("command", &[choice(0, 50), choice(1, 40)]);
    let [model, random] = &table.choices[..] else { panic!("{:?}", table.choices) };
    assert_eq!((model.scenes, model.seeds, model.corrected), (200, 2, [0.4, 0.45, 0.5]));
    assert_eq!((model.p_against_model, model.decided_well), (None, Some([0.75, 0.5])));
    // 40 against 10 of 50 that differ.
    assert!(random.p_against_model.is_some_and(|p| p > 1e-5 && p < 1e-4), "{random:?}");
    assert!(table.text().contains("45.0% (40.0% to 50.0%)"), "{}", table.text());
    assert_eq!(table.relations, [0, 0]);
}

#[test]
fn a_relation_holds_where_most_scenes_say_so() {
    let cell = |pushed_kg, target_kg, read_mps| MassCell { pushed_kg, target_kg, read_mps, true_mps: read_mps };
    let masses = MassRelations {
        scenes: 20,
        cells: vec![cell(1.3, 1.3, 0.3), cell(1.3, 3.7, 0.5), cell(3.7, 1.3, 0.2), cell(3.7, 3.7, 0.3)],
        holds: [20, 18, 10, 3],
    };
    let result = GoalForceResult { measure: Measure::Masses(MassTest::Within), masses: Some(masses), ..choice(0, 1) };
    let table = GoalForceTable::of("command", &[GoalForceResult { choice: None, ..result }]);
    assert_eq!((table.relations, table.masses.len()), ([2, 4], 4));
    assert_eq!(table.masses[0].read_mps, [0.5, 0.3]);
    assert_eq!(table.masses[2].read_mps, [0.3, 0.2]);
}

#[test]
fn what_is_known_is_compared_with_what_was_known_before() {
    let count = |known: &[&str], chooser: &str, corrected, against_before| KnownCount {
        known: known.iter().map(|part| (*part).to_owned()).collect(),
        chooser: chooser.to_owned(),
        proposed: 90,
        initiator: 85,
        checked: 80,
        corrected,
        pushes_unsafe: 0,
        pushes_misidentified: 1,
        against_before,
    };
    let of_seed = |seed: u64, corrected: usize| {
        let rows = vec![
            count(&[], "model", corrected, [0, 0]),
            count(&[], "search", corrected, [0, 0]),
            count(&["surface"], "model", corrected + 10, [12, 2]),
            count(&["surface"], "search", corrected, [3, 3]),
        ];
        let known = Some(KnownArms { scenes: 100, clamped: 5, rows });
        GoalForceResult { measure: Measure::Known(Family::Balls), choice: None, known, ..choice(seed, 1) }
    };
    let table = GoalForceTable::of("command", &[of_seed(0, 40), of_seed(1, 50)]);
    let names: Vec<(&str, usize)> = table.known.iter().map(|row| (row.chooser.as_str(), row.known.len())).collect();
    assert_eq!(names, [("model", 0), ("model", 1), ("search", 0), ("search", 1)]);
    let with = &table.known[1];
    assert_eq!(
        (with.scenes, with.seeds, with.corrected, with.pushes_misidentified),
        ([200, 10], 2, [0.5, 0.55, 0.6], 2)
    );
    assert!((with.corrected_of_checked - 110.0 / 160.0).abs() < 1e-12);
    // 24 against 4, and 6 against 6.
    assert!(with.p_against_before.is_some_and(|p| p < 1e-3) && table.known[3].p_against_before == Some(1.0));
    assert_eq!(table.known[0].p_against_before, None);
    assert!(table.text().contains("surface"), "{}", table.text());
}

#[test]
fn rooms_are_counted_on_both_denominators_and_every_room_counts_once_in_the_mean() {
    let of_room = |room: Room, counts: RoomCounts| {
        let room_result = RoomResult {
            scenes: counts.all(),
            arms: vec![counts, RoomCounts { success: 3, barred: 7, ..RoomCounts::default() }, RoomCounts::default()],
            corrected: [8, 3, 4, 5, 10],
            initiator: [9, 3, 4, 5, 10],
            pushes_unsafe: 0,
        };
        GoalForceResult { measure: Measure::Room(room), room: Some(room_result), choice: None, ..choice(0, 1) }
    };
    let most = RoomCounts { success: 8, barred: 1, degraded: 1, ..RoomCounts::default() };
    let few = RoomCounts { success: 4, spontaneous: 3, obstacle: 2, still: 1, ..RoomCounts::default() };
    let table = GoalForceTable::of("command", &[of_room(Room::Pool1, most), of_room(Room::ToolSoaps, few)]);
    let [pool, soaps, plain, tools, mean] = &table.rooms[..] else { panic!("{:?}", table.rooms) };
    assert_eq!((pool.valid, pool.of_valid, pool.of_all[1]), (0.9, 8.0 / 9.0, 0.8));
    assert_eq!((soaps.of_all[1], soaps.spontaneous, soaps.obstacle, soaps.still), (0.4, 0.3, 0.2, 0.1));
    assert_eq!((plain.of_all[1], tools.of_all[1], mean.room.as_str()), (0.8, 0.4, "mean"));
    assert!((mean.of_all[1] - 0.6).abs() < 1e-12 && mean.scenes == 20);
    assert_eq!((pool.controls, pool.corrected), ([0.3, 0.0], [0.8, 0.3, 0.4, 0.5, 1.0]));
    assert_eq!(pool.random_nearest_aligned, [0.3, 0.4, 0.5]);
    assert!((pool.published[0] - 48.0 / 49.0).abs() < 1e-12);
}
