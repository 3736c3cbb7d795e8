//! Tests that every study passes: results resume, and every setting changes the hash.

use planwright_training::study::{
    Cell, Member, Outcome, Request, RunOptions, Shard, Store, Study, StudyError, arguments, run_cells,
};
use std::collections::HashSet;
use std::fmt::Debug;

/// A request as the command line `planwright-study run NAME LINE` makes it.
pub(crate) fn request<S: Study>(study: &S, line: &str) -> Result<Request<S::Options>, StudyError> {
    let words = std::iter::once("run").chain(line.split_whitespace());
    let matches = arguments::<S>().try_get_matches_from(words).expect("arguments");
    Request::of(study, &matches)
}

/// Asserts that no two cells have the same hash.
pub(crate) fn every_setting_changes_the_hash<C: Cell>(cells: &[C]) {
    let hashes: HashSet<String> = cells.iter().map(Cell::sha256).collect();
    assert_eq!(hashes.len(), cells.len());
}

/// A result that a run would not make.
pub(crate) fn outcome<M: Member>(settings: M, found: M::Found) -> Outcome<M, M::Found> {
    Outcome { settings_sha256: settings.hash(), settings, found, lanes: 1, wall_secs: 1.0 }
}

/// The same of members of ensembles; `same` compares what was found.
pub(crate) fn members_resume<M>(cells: &[M], other: &M, same: fn(&M::Found, &M::Found) -> bool)
where
    M: Member + Debug + PartialEq,
    M::Found: Clone + Debug + PartialEq,
{
    let mark = |outcome: &mut Outcome<M, M::Found>| outcome.wall_secs = -1.0;
    done_cells_are_read_and_others_are_made(cells, other, mark, |a, b| same(&a.found, &b.found));
}

/// Asserts that results are read where they are there, made again where they are not, the same ones, and refused where
/// they are of other settings or broken. `other` has the path of the first cell; `mark` makes a result that a run would
/// not make; `same` compares results but for their times.
pub(crate) fn done_cells_are_read_and_others_are_made<C: Cell>(
    cells: &[C],
    other: &C,
    mark: impl Fn(&mut C::Output),
    same: impl Fn(&C::Output, &C::Output) -> bool,
) where
    C::Output: Clone + Debug + PartialEq,
{
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::new(folder.path());
    let options = RunOptions { store: store.clone(), batch: 4, shard: Shard::default(), progress: false };
    let run = |cells: &[C]| run_cells(cells, &options);
    let first = run(cells).expect("results").results;
    assert_eq!(first.len(), cells.len());
    let mut marked = first[0].clone();
    mark(&mut marked);
    assert_ne!(marked, first[0]);
    store.write(&cells[0], &marked).expect("written");
    std::fs::remove_file(store.file(&cells[1], "json")).expect("removed");
    let part = store.done(cells).expect("results");
    assert_eq!((part.results.len(), part.missing), (cells.len() - 1, vec![cells[1].path()]));
    let second = run(cells).expect("results").results;
    assert_eq!(second[0], marked);
    assert!(same(&second[1], &first[1]), "{:?}\n{:?}", second[1], first[1]);
    assert_eq!(second[2..], first[2..]);

    assert_eq!(other.path(), cells[0].path());
    let text = |cell: &C| run(std::slice::from_ref(cell)).err().map(|error| error.to_string()).unwrap_or_default();
    let refused = text(other);
    assert!(refused.contains("expected a result of these settings (") && refused.contains("--out"), "{refused}");
    std::fs::write(store.file(&cells[0], "json"), "{").expect("written");
    assert!(text(&cells[0]).contains("expected the result of a run, got EOF"), "{}", text(&cells[0]));
}
