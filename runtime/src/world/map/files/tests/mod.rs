//! Maps of Nav2, MovingAI, Neural A* and BARN; counts of cells are those of an independent reading with PIL and NumPy.

mod bad_input;

use super::super::grid::CellClass;
use super::*;
use crate::geometry::distance;
use std::path::PathBuf;

/// The folder of test maps above the repository, or `None` where there is none.
pub(super) fn data() -> Option<PathBuf> {
    let folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|above| above.join("shared/data/maps"));
    let found = folders.into_iter().find(|folder| folder.is_dir());
    if found.is_none() {
        eprintln!("no test maps above the repository: nothing is compared");
    }
    found
}

/// Cells that are free, occupied and unknown, and the sums of columns and rows over the occupied ones.
fn counts(map: &GridMap) -> [usize; 5] {
    let mut counts = [0; 5];
    for row in 0..map.geometry().height {
        for column in 0..map.geometry().width {
            match map.class_of(column, row) {
                CellClass::Free => counts[0] += 1,
                CellClass::Unknown => counts[2] += 1,
                CellClass::Occupied => {
                    counts[1] += 1;
                    counts[3] += column;
                    counts[4] += row;
                }
            }
        }
    }
    counts
}

#[test]
fn maps_of_nav2_have_the_cells_that_another_reader_finds() {
    let Some(data) = data() else { return };
    let maps = [
        ("testmap", [71, 29, 0, 106, 115]),
        ("depot", [179_481, 5947, 0, 1_976_874, 848_839]),
        ("tb3_sandbox", [7903, 870, 138_683, 173_108, 172_779]),
        ("map_circular", [7930, 920, 138_606, 184_337, 183_370]),
        ("100by100_10", [3_586_940, 413_060, 0, 419_790_874, 409_883_785]),
    ];
    for (name, expected) in maps {
        let MapFile { map, warnings, queries } = open_map(&data.join(format!("{name}.yaml"))).expect(name);
        assert_eq!((counts(&map), map.name(), queries.len()), (expected, name, 0));
        let (column, row) = (map.geometry().width / 2, map.geometry().height / 2);
        let is_unknown = map.class_of(column, row) == CellClass::Unknown;
        assert!(!is_unknown || map.is_occupied(column, row), "{name}: unknown space is occupied");
        if name == "map_circular" {
            assert!(warnings.len() == 1 && warnings[0].contains("map_type"), "{warnings:?}");
        } else {
            assert_eq!(warnings, Vec::<String>::new(), "{name}");
        }
    }
    let free = open_map_with(&data.join("tb3_sandbox.yaml"), UnknownSpace::Free).expect("a map").map;
    assert!(!free.is_occupied(0, 0) && free.class_of(0, 0) == CellClass::Unknown);
}

#[test]
fn pgm_and_png_of_one_map_are_the_same_grid_and_its_yaw_is_kept() {
    let Some(data) = data() else { return };
    let png = open_map(&data.join("testmap.yaml")).expect("a map").map;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("testmap.yaml");
    let yaml = std::fs::read_to_string(data.join("testmap.yaml")).expect("read");
    std::fs::write(&path, yaml.replace("testmap.png", &data.join("testmap.pgm").to_string_lossy())).expect("written");
    let pgm = open_map(&path).expect("a map").map;
    assert!(pgm == png, "pixels differ");
    let geometry = *png.geometry();
    assert_eq!((geometry.origin, geometry.yaw_rad, geometry.resolution_m), ([2.0, 3.0], 1.0, 0.1));
    // Along the grid's x axis one cell is 0.1 m in the direction of the yaw.
    let [first, second] = [0, 1].map(|column| png.centre_of((column, 0)));
    assert!(distance(second, [first[0] + 0.1 * 1.0_f64.cos(), first[1] + 0.1 * 1.0_f64.sin()]) < 1e-12);
}

#[test]
fn a_map_of_movingai_has_its_scenarios_at_centres_of_free_cells() {
    let Some(data) = data() else { return };
    let MapFile { map, queries, .. } = open_map(&data.join("Berlin_0_256.map")).expect("a map");
    let [_, occupied, _, columns, rows] = counts(&map);
    assert_eq!((occupied, columns, rows, queries.len()), (17_389, 2_186_984, 1_831_702, 930));
    assert!(queries.iter().all(|query| map.is_free(query.start) && map.is_free(query.goal)));
    let lengths: f64 = queries.iter().filter_map(|query| query.reference_m).sum();
    assert!((lengths - 172_898.120_763_290_15).abs() < 1e-6, "{lengths}");
    // The last line goes from 9, 25 to 245, 251 counted from the top left corner.
    let last = queries.last().expect("a query");
    assert_eq!((last.start, last.goal), ([9.5, 230.5], [245.5, 4.5]));
    let straight =
        queries.iter().all(|query| distance(query.start, query.goal) <= query.reference_m.unwrap_or(0.0) + 1e-5);
    assert!(straight, "no way is shorter than the straight line");
}

#[test]
fn a_maze_is_drawn_at_five_centimetres_or_as_fine_as_it_fits() {
    let map = open_map(Path::new("umaze")).expect("a maze").map;
    let geometry = *map.geometry();
    assert_eq!((geometry.width, geometry.height, geometry.resolution_m), (100, 100, 0.05));
    let layout = Layout::umaze();
    for (x, y) in (0..25).flat_map(|x| (0..25).map(move |y| (x, y))) {
        let point = [0.2 * f64::from(x) - 0.6, 0.2 * f64::from(y) - 0.6];
        assert_eq!(map.is_free(point), layout.is_free(point), "{point:?}");
    }
    let row = |middle: &str| format!("#{}#\n", middle.repeat(298));
    let text = row("#") + &row("O").repeat(2) + &row("#");
    let wide = Layout::from_text("wide", &text).expect("a maze");
    assert_eq!(draw_layout(&wide).map(|map| map.geometry().resolution_m), Ok(0.1));
}

#[test]
fn sets_hold_the_queries_of_their_files_or_drawn_ones_and_repeat_by_seed() {
    let Some(data) = data() else { return };
    let open = |kind, queries, seed| open_map_set(&data, kind, queries, seed).expect("a set");
    let barn = open(MapSetKind::Barn, 20, 0);
    assert_eq!((barn.len(), barn[0].name.as_str()), (150, "barn_even/world_000"));
    assert_eq!(barn[0].queries[0].reference_m, Some(13.592_297_899_509_818));
    for world in &barn {
        let [query] = world.queries.as_slice() else { panic!("one query: {}", world.name) };
        assert_eq!((query.start, query.goal), ([-2.25, 3.0], [-2.25, 13.0]));
        assert!(world.map.is_free(query.start) && world.map.distance(query.goal) > 3.0, "{}", world.name);
        // A cylinder of radius 0.075 m covers 4 to 16 cells of 0.05 m, and neighbours overlap.
        let occupied = counts(&world.map)[1];
        assert!((600..3600).contains(&occupied), "{}: {occupied}", world.name);
        assert!(world.map.field().at(79, 79) > 0.0 && world.map.bounds().low[1] <= -0.925, "{}", world.name);
    }
    let grids = open(MapSetKind::Grid32, 5, 7);
    assert_eq!((grids.len(), grids.iter().map(|map| map.queries.len()).sum::<usize>()), (12, 60));
    let maze = grids.iter().find(|map| map.name == "grid32_mazes/0").expect("the first maze");
    assert_eq!((maze.map.geometry().width, counts(&maze.map)[1]), (320, 11_100));
    assert!(maze.queries.iter().all(|query| distance(query.goal, [3.25, 2.75]) < 1e-12), "row 26, column 6");
    for map in &grids {
        let apart = map.queries.iter().all(|query| distance(query.start, query.goal) >= 3.0);
        assert!(apart && map.queries.iter().all(|query| map.map.is_free(query.start) && map.map.is_free(query.goal)));
    }
    let city = open(MapSetKind::Movingai, 10, 1);
    let lengths: Vec<f64> = city[0].queries.iter().filter_map(|query| query.reference_m).collect();
    assert!(lengths.len() == 10 && lengths.is_sorted() && lengths[0] < 40.0 && lengths[9] > 330.0, "{lengths:?}");
    let again = open(MapSetKind::Grid32, 5, 7);
    assert!(again.iter().zip(&grids).all(|(one, other)| one.queries == other.queries));
    let other = open(MapSetKind::Grid32, 5, 8);
    assert!(other.iter().zip(&grids).any(|(one, other)| one.queries != other.queries));
}

#[test]
fn pairs_on_maps_of_nav2_are_clear_and_mostly_connected() {
    let Some(data) = data() else { return };
    let set = open_map_set(&data, MapSetKind::Nav2, 40, 33).expect("a set");
    let names: Vec<&str> = set.iter().map(|map| map.name.as_str()).collect();
    assert_eq!(names, ["100by100_10", "depot", "map_circular", "tb3_sandbox", "testmap"]);
    for NamedMap { name, mut map, queries, warnings } in set {
        if name == "testmap" {
            assert!(queries.is_empty() && warnings.iter().any(|warning| warning.contains("no room")), "1 m wide");
            continue;
        }
        assert_eq!(queries.len(), 40, "{name}");
        map.compute_ways(0.27);
        let connected = queries.iter().filter(|query| map.may_connect(0.27, query.start, query.goal)).count();
        assert!(connected >= 30, "{name}: {connected}");
        for query in &queries {
            assert!(distance(query.start, query.goal) >= 3.0, "{name}");
            for (column, row) in [query.start, query.goal].map(|end| map.cell_of(end).expect("inside")) {
                assert!(map.field().at(column, row) >= 0.27, "{name}");
                let is_inner = (100..1900).contains(&column) && (100..1900).contains(&row);
                assert!(name != "100by100_10" || is_inner, "{column}, {row}");
            }
        }
    }
}
