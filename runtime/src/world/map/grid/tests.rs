use super::*;
use crate::geometry::{Footprint, distance};
use crate::world::map::{CLEARANCE_CAP_M, Map, check_map};
use proptest::prelude::*;

fn geometry(width: usize, height: usize) -> GridGeometry {
    GridGeometry { origin: [-1.0, 2.0], yaw_rad: 0.7, resolution_m: 0.1, width, height }
}

/// Random cells: a share of them occupied.
fn random(geometry: GridGeometry, share: f64, seed: u64) -> GridMap {
    use rand::{RngExt, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let occupied = (0..geometry.cells()).map(|_| rng.random_range(0.0..1.0) < share).collect();
    GridMap::new("random", geometry, occupied).expect("a grid")
}

#[test]
fn grids_of_every_yaw_and_density_conform() {
    for (seed, yaw_rad, resolution_m, share) in
        [(1, 0.0, 0.05, 0.02), (2, 0.7, 0.1, 0.05), (3, -2.3, 0.05, 0.2), (4, 3.1, 0.5, 0.3), (5, 1.0, 1.0, 0.0)]
    {
        let geometry = GridGeometry { origin: [-3.0, 40.0], yaw_rad, resolution_m, width: 90, height: 70 };
        assert_eq!(check_map(&random(geometry, share, seed)), Ok(()), "seed {seed}");
    }
}

proptest! {
    /// Every cell's box, turned as the grid is, held against the segment.
    #[test]
    fn a_swept_clearance_is_that_to_the_nearest_of_all_cells(
        seed in 0..1000_u64,
        share in prop_oneof![0.0..0.05, 0.0..1.0],
        ends in prop::array::uniform4(0.0..1.0_f64),
        reach in prop_oneof![0.0..0.1, 0.0..3.0],
        radius_m in 0.0..0.6_f64,
    ) {
        let map = random(geometry(70, 90), share, seed);
        let [a, b, c, d] = ends;
        let from = [70.0 * a, 90.0 * b];
        let to = [from[0] + reach * (70.0 * c - from[0]) / 3.0, from[1] + reach * (90.0 * d - from[1]) / 3.0];
        let mut expected = f64::INFINITY;
        for row in -1..=90_i64 {
            for column in -1..=70_i64 {
                let inside = (0..90).contains(&row) && (0..70).contains(&column);
                if !inside || map.is_occupied(column as usize, row as usize) {
                    let low = [column as f64, row as f64];
                    let cell = Aabb { low, high: [low[0] + 1.0, low[1] + 1.0] };
                    expected = expected.min(0.1 * cell.distance_to_segment(from, to));
                }
            }
        }
        let expected = (expected - radius_m).min(CLEARANCE_CAP_M);
        let [from, to] = [from, to].map(|point| map.frame.map_from_cells(point));
        let swept = map.swept_clearance(Footprint::Circle { radius_m }, from, to);
        prop_assert!((swept - expected).abs() < 1e-9, "{swept} and {expected}");
        prop_assert!(map.keeps_distance(from, to, radius_m) == (expected >= 0.0) || expected.abs() < 1e-9);
    }

    #[test]
    fn a_point_pushed_out_of_one_wall_keeps_its_distance(x in 0.05..2.95_f64, y in -0.3..0.25_f64) {
        let occupied = (0..60 * 60).map(|cell| cell / 60 < 30).collect();
        let map = GridMap::new("wall", GridGeometry { origin: [0.0, -1.5], yaw_rad: 0.0, resolution_m: 0.05, width: 60, height: 60 }, occupied)
            .expect("a grid");
        let out = map.push_out([x, y], 0.2);
        let expected = [x.clamp(0.2, 2.8), y.max(0.2)];
        prop_assert!(distance(out, expected) < 1e-6, "{out:?}");
    }
}

#[test]
fn points_cells_and_distances_agree() {
    let map = random(geometry(20, 30), 0.1, 3);
    for (column, row) in [(0, 0), (19, 29), (7, 11)] {
        let centre = map.centre_of((column, row));
        assert_eq!(map.cell_of(centre), Some((column, row)));
        assert!((map.distance(centre) - f64::from(map.field().at(column, row))).abs() < 1e-6);
    }
    for outside in [[-1.0, 1.9], [f64::INFINITY, 2.0], [1e300, -1e300]] {
        assert!(map.cell_of(outside).is_none() && map.distance(outside) == 0.0, "{outside:?}");
    }
    assert!(map.distance([f64::NAN, 2.0]).is_nan() && map.push_out([f64::NAN, 2.0], 0.1)[0].is_nan());
    assert!(map.is_occupied(20, 0) && map.is_occupied(0, 30) && map.is_occupied(usize::MAX, usize::MAX));
}

/// Between centres of cells of 1 m the interpolated field is up to 0.25 m too large beside a wall.
#[test]
fn distances_beside_wide_cells_are_exact() {
    let geometry = GridGeometry { origin: [0.0; 2], yaw_rad: 0.0, resolution_m: 1.0, width: 9, height: 9 };
    let mut occupied = vec![false; 81];
    occupied[4 * 9 + 4] = true;
    let map = GridMap::new("a block", geometry, occupied).expect("a grid");
    for (point, expected) in [
        ([3.9, 4.5], 0.1),
        ([3.7, 4.1], 0.3),
        ([3.7, 3.6], 0.5),
        ([5.25, 4.9], 0.25),
        ([4.5, 4.9], 0.0),
        ([0.2, 4.5], 0.2),
    ] {
        assert!((map.distance(point) - expected).abs() < 1e-6, "{point:?}: {}", map.distance(point));
    }
}

#[test]
fn boxes_occupy_every_cell_that_they_overlap() {
    let bounds = Aabb { low: [-0.7, -0.7], high: [1.3, 2.25] };
    let boxes = [Aabb { low: [-0.7, -0.7], high: [0.3, 0.3] }, Aabb { low: [1.01, 1.01], high: [1.02, 1.02] }];
    let map = GridMap::from_boxes("boxes", bounds, 0.1, boxes.into_iter()).expect("a grid");
    assert_eq!((map.geometry().width, map.geometry().height), (20, 30));
    let occupied = |row: usize| (0..20).filter(|column| map.is_occupied(*column, row)).collect::<Vec<_>>();
    assert_eq!((occupied(0), occupied(9), occupied(10)), ((0..10).collect(), (0..10).collect(), vec![]));
    assert_eq!((occupied(17), occupied(29).len()), (vec![17], 20), "the last row ends beyond the bounds");
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
        assert!(GridMap::from_boxes("bad", bounds, bad, std::iter::empty()).is_err(), "{bad}");
    }
}

#[test]
fn numbers_that_make_no_grid_are_refused() {
    let refused = |change: fn(&mut GridGeometry)| {
        let mut wrong = geometry(2, 2);
        change(&mut wrong);
        GridMap::new("wrong", wrong, vec![false; 4]).expect_err("refused").to_string()
    };
    assert!(refused(|grid| grid.width = 0).contains("got 0 x 2"));
    assert!(refused(|grid| grid.height = usize::MAX).contains("4000 x 4000 cells"));
    assert!(refused(|grid| grid.width = 3).contains("expected 6 cells, as width and height state, got 4"));
    for resolution in [0.0, -0.05, f64::NAN, f64::INFINITY] {
        let wrong = GridGeometry { resolution_m: resolution, ..geometry(2, 2) };
        assert!(matches!(GridMap::new("wrong", wrong, vec![false; 4]), Err(GridError::Resolution(_))));
    }
    assert!(refused(|grid| grid.yaw_rad = f64::NAN).contains("NaN rad"));
    assert!(refused(|grid| grid.origin[1] = f64::INFINITY).contains("origin"));
}

fn of_values(values: &[i8], unknown: UnknownSpace) -> GridMap {
    GridMap::from_occupancy("values", geometry(values.len(), 1), values, Thresholds { free: 25, occupied: 65 }, unknown)
        .expect("a grid")
}

#[test]
fn unknown_space_counts_as_its_policy_says() {
    use CellClass::{Free, Occupied, Unknown};
    let values = [0, 25, 26, 64, 65, 100, -1];
    for (policy, blocked, costly) in
        [(UnknownSpace::Occupied, true, false), (UnknownSpace::Free, false, false), (UnknownSpace::Costly, false, true)]
    {
        let map = of_values(&values, policy);
        let classes: Vec<_> = (0..7).map(|column| map.class_of(column, 0)).collect();
        assert_eq!(classes, [Free, Free, Unknown, Unknown, Occupied, Occupied, Unknown]);
        let occupied: Vec<_> = (0..7).map(|column| map.is_occupied(column, 0)).collect();
        assert_eq!(occupied, [false, false, blocked, blocked, true, true, blocked], "{policy:?}");
        assert!(map.is_costly(6, 0) == costly && map.is_costly(2, 0) == costly && !map.is_costly(0, 0));
        assert_eq!((map.class_of(7, 0), map.class_of(0, 1)), (Unknown, Unknown), "outside");
    }
    let read = |values: &[i8], thresholds| {
        GridMap::from_occupancy("wrong", geometry(2, 1), values, thresholds, UnknownSpace::Free).map(|_| ())
    };
    assert_eq!(read(&[0, 101], Thresholds::default()), Err(GridError::Occupancy { index: 1, got: 101 }));
    assert_eq!(read(&[-2, 0], Thresholds::default()), Err(GridError::Occupancy { index: 0, got: -2 }));
    for (free, occupied) in [(65, 65), (-1, 65), (20, 101), (70, 65)] {
        let expected = Err(GridError::Thresholds { free, occupied });
        assert_eq!(read(&[0, 0], Thresholds { free, occupied }), expected);
    }
}

#[test]
fn an_updated_map_is_the_one_made_anew() {
    let values: Vec<i8> = (0..40 * 30).map(|cell| [0, 0, 0, 0, 0, 100, 0, -1, 0, 30, 0][cell * 7 % 11]).collect();
    for policy in [UnknownSpace::Occupied, UnknownSpace::Free, UnknownSpace::Costly] {
        let make = |values: &[i8]| {
            GridMap::from_occupancy("map", geometry(40, 30), values, Thresholds::default(), policy).expect("a grid")
        };
        let (mut map, mut values) = (make(&vec![0; 1200]), values.clone());
        map.compute_ways(0.1);
        map.update([0, 0], [40, 30], &values).expect("updated");
        map.update([3, 5], [20, 9], &[0; 180]).expect("updated");
        map.update([40, 30], [0, 0], &[]).expect("nothing");
        for cell in 0..180 {
            values[(5 + cell / 20) * 40 + 3 + cell % 20] = 0;
        }
        let anew = make(&values);
        assert_eq!(
            (&map.occupied, &map.unknown, map.field().values()),
            (&anew.occupied, &anew.unknown, anew.field().values())
        );
        assert!(map.ways.is_none());
        let before = map.clone();
        for (corner, size, count) in [([39, 0], [2, 1], 2), ([usize::MAX, 0], [2, 1], 2), ([0, 0], [2, 2], 3)] {
            assert!(map.update(corner, size, &vec![0; count]).is_err());
        }
        assert_eq!(map.update([0, 0], [1, 1], &[101]), Err(GridError::Occupancy { index: 0, got: 101 }));
        assert!(map == before);
    }
}

#[test]
fn a_flat_wall_has_one_surface_and_a_corner_two() {
    // Two walls of 10 cells of 0.05 m, at the left and below.
    let occupied = (0..80 * 80).map(|cell| cell % 80 < 10 || cell / 80 < 10).collect();
    let geometry = GridGeometry { origin: [0.0; 2], yaw_rad: 0.4, resolution_m: 0.05, width: 80, height: 80 };
    let map = GridMap::new("corner", geometry, occupied).expect("a grid");
    let surfaces = |cells: Point| {
        let mut distances = Vec::new();
        map.visit_surfaces(map.frame.map_from_cells(cells), &mut |surface| distances.push(surface.distance_m));
        distances.sort_by(f64::total_cmp);
        distances
    };
    let is_near = |found: &[f64], expected: &[f64]| {
        found.len() == expected.len() && found.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-9)
    };
    assert!(is_near(&surfaces([14.0, 40.3]), &[0.2]), "{:?}", surfaces([14.0, 40.3]));
    assert!(is_near(&surfaces([14.3, 12.0]), &[0.1, 0.215]), "{:?}", surfaces([14.3, 12.0]));
    assert!(surfaces([40.0, 40.0]).is_empty());
    assert!(map.obstacles().is_empty(), "turned");
    let straight = GridMap::new(
        "row",
        GridGeometry { yaw_rad: 0.0, ..geometry },
        (0..6400).map(|cell| cell / 80 == 3 && cell % 80 < 5).collect(),
    );
    let boxes = straight.expect("a grid").obstacles();
    let [wall] = boxes[..] else { panic!("{boxes:?}") };
    assert!(distance(wall.low, [0.0, 0.15]) < 1e-12 && distance(wall.high, [0.25, 0.2]) < 1e-12, "{wall:?}");
}
