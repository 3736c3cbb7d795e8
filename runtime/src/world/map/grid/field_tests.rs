use super::*;
use proptest::prelude::*;

/// Every pair of cells, a ring of occupied ones around them.
fn by_brute_force(width: usize, height: usize, occupied: &[bool]) -> Vec<f32> {
    let (columns, rows) = (width as i32, height as i32);
    let is_occupied = |column: i32, row: i32| {
        let inside = (0..columns).contains(&column) && (0..rows).contains(&row);
        !inside || occupied[(row * columns + column) as usize]
    };
    let sites = (-1..=rows).flat_map(|v| (-1..=columns).map(move |u| (u, v)));
    let sites: Vec<_> = sites.filter(|(u, v)| is_occupied(*u, *v)).collect();
    let gap = |cells: i32| (f64::from(cells.abs()) - 0.5).max(0.0);
    (0..rows * columns)
        .map(|cell| {
            let (column, row) = (cell % columns, cell / columns);
            sites.iter().map(|(u, v)| gap(u - column).hypot(gap(v - row))).fold(f64::INFINITY, f64::min) as f32
        })
        .collect()
}

/// Grids of every density, with lines and rooms.
pub(in crate::world::map::grid) fn grid() -> impl Strategy<Value = (usize, usize, Vec<bool>)> {
    (1..24_usize, 1..24_usize, prop_oneof![Just(0.0), 0.0..0.1, 0.0..1.0, Just(1.0)]).prop_flat_map(
        |(width, height, share)| {
            let cells = prop::collection::vec(0.0..1.0_f64, width * height);
            cells.prop_map(move |cells| (width, height, cells.into_iter().map(|value| value < share).collect()))
        },
    )
}

/// Long or high grids with few obstacles, where rows are computed in parts.
fn sparse() -> impl Strategy<Value = (usize, usize, Vec<bool>)> {
    let size = prop_oneof![(1..260_usize, 1..20_usize), (1..20_usize, 1..260_usize), (60..130_usize, 60..130_usize)];
    (size, 0.0..0.02_f64, any::<u64>()).prop_map(|((width, height), share, seed)| {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        (width, height, (0..width * height).map(|_| rng.random_range(0.0..1.0) < share).collect())
    })
}

fn same(field: &[f32], expected: &[f32]) -> bool {
    field.iter().zip(expected).all(|(value, expected)| (value - expected).abs() <= 1e-5 * expected.max(1.0))
}

proptest! {
    #[test]
    fn a_distance_field_is_what_every_pair_of_cells_gives((width, height, occupied) in prop_oneof![grid(), sparse()]) {
        let field = DistanceField::new(width, height, 1.0, &occupied);
        let expected = by_brute_force(width, height, &occupied);
        prop_assert!(same(field.values(), &expected), "{:?}\n{expected:?}", field.values());
        let largest = expected.iter().fold(0.0_f32, |largest, value| largest.max(*value));
        prop_assert!(field.largest as f32 >= largest && (field.largest as f32) < largest + 2.0);
    }

    #[test]
    fn an_updated_field_is_that_of_the_changed_grid(
        (width, height, mut occupied) in prop_oneof![grid(), sparse()],
        corners in prop::array::uniform4(0.0..1.0_f64),
        changes in prop::collection::vec(any::<bool>(), 1..40),
        rounds in 1..4_usize,
    ) {
        let mut field = DistanceField::new(width, height, 0.05, &occupied);
        let [a, b, c, d] = corners;
        for round in 0..rounds {
            let at = |share: f64, count: usize| ((share * count as f64) as usize + 7 * round) % count;
            let (columns, rows) = ((at(a, width), at(b, width)), (at(c, height), at(d, height)));
            let columns = columns.0.min(columns.1)..columns.0.max(columns.1) + 1;
            for row in rows.0.min(rows.1)..rows.0.max(rows.1) + 1 {
                for column in columns.clone() {
                    occupied[row * width + column] = changes[(row + column + round) % changes.len()];
                }
            }
            let cells: Vec<bool> =
                (0..height).flat_map(|row| occupied[row * width..][columns.clone()].to_vec()).collect();
            field.update(columns, &cells);
            let expected = DistanceField::new(width, height, 0.05, &occupied);
            prop_assert_eq!(&field.heights, &expected.heights);
            prop_assert_eq!(field.values(), expected.values());
        }
    }

    #[test]
    fn sites_change_places_where_trying_every_cell_says(i in -1..40_i32, length in 1..40_i32, a in 0..40_i32, b in 0..40_i32) {
        let (j, a, b) = (i + length, square(a), square(b));
        let nearer = |x: i32| square((x - j).abs()) + b <= square((x - i).abs()) + a;
        let expected = (0..4000).find(|x| nearer(*x)).unwrap_or(4000);
        prop_assert_eq!(crossing(i, a, j, b).min(4000), expected);
    }
}

#[test]
fn the_largest_grids_do_not_overflow() {
    let side = crate::world::map::grid::MAX_SIDE_CELLS;
    for (width, height) in [(side, 3), (3, side), (side, side / 2)] {
        let field = DistanceField::new(width, height, 0.05, &vec![false; width * height]);
        let middle = field.at(width / 2, height / 2);
        let expected = 0.05 * (width.min(height) as f32 / 2.0 - if width.min(height) % 2 == 0 { 0.5 } else { 0.0 });
        assert!((middle - expected).abs() < 1e-4 * expected, "{middle} of {expected}");
    }
}
