//! The whole report of small hand-made results.

use super::*;
use planwright::quantity::QuantityGrid;
use planwright_training::statistics::TTest;
use std::collections::BTreeMap;

const TABLE: &str = "drift table --system tent --seed 4";
const MITIGATE: &str = "drift mitigate --system tent --seed 4";

fn mitigation(method: Method, tv_prior: f64, curve: [f64; 4]) -> Mitigation {
    Mitigation {
        method,
        command: MITIGATE.to_owned(),
        curve: Some(curve.to_vec()),
        tv_prior: Some(tv_prior),
        generated: Some(100),
        dropped: Some(0),
        steps: Some(50),
    }
}

/// The prior is even over four cells; the model's distance to it is `drift`.
fn seed(seed: u64, drift: f64) -> SeedResult {
    let model = [0.25 - drift, 0.25 + drift, 0.25, 0.25];
    SeedResult {
        seed,
        command: TABLE.replace('4', &seed.to_string()),
        curves: Curves {
            prior: Some(vec![0.25; 4]),
            data: Some(vec![0.25; 4]),
            prediction: Some(vec![0.15, 0.35, 0.25, 0.25]),
            model: Some(model.to_vec()),
        },
        tv_data_prior: Some(0.0),
        tv_model_prior: Some(drift),
        tv_prediction_prior: Some(0.1),
        tv_prediction_model: Some((drift - 0.1).abs()),
        matched_scale: Some(0.021),
        trajectory_scale: Some(0.006),
        tv_prediction_model_by_trajectory: Some(0.9 * drift),
        tv_prediction_model_best: Some(0.5 * (drift - 0.1).abs()),
        best_scale: Some(0.018),
        model_error: Some(0.0004),
        generated: Some(1000),
        dropped: Some(7),
        steps: Some(4321),
        mitigations: vec![
            mitigation(Method::Baseline, drift, model),
            mitigation(Method::Transform, 0.03, [0.22, 0.28, 0.25, 0.25]),
        ],
    }
}

fn results(seeds: Vec<SeedResult>) -> DriftResults {
    let scale = |scale, tv_prediction_data, tv_prediction_model| ScaleRow {
        scale,
        tv_prediction_data,
        tv_prediction_model,
        mass_by_fifth: vec![0.2, 0.22, 0.24, 0.23, 0.11],
        deviation_rms: scale,
        admissible: 1.0,
    };
    let t_tests = TTests::of(&seeds);
    let tent = SystemResult {
        system: "tent".to_owned(),
        quantity: "parameter mu".to_owned(),
        unit: "1".to_owned(),
        grid: QuantityGrid::new(0.5, 2.0, 4).expect("a range"),
        seeds,
        sweeps: vec![Sweep {
            seed: 4,
            command: "drift predict --system tent".to_owned(),
            scales: vec![scale(0.0, 0.0, Some(0.171)), scale(0.032, 0.166, None)],
        }],
        validity: None,
        t_tests,
    };
    let ablation = AblationRow {
        hypothesis: "H5b".to_owned(),
        experiment: "perceptron <all steps> & no convolution".to_owned(),
        tv_data: Some(0.0123),
        tv_model: Some(0.4321),
        published_data: Some(0.018),
        published_model: Some(0.449),
        seed: 4,
        command: "drift ablate --only H5b".to_owned(),
    };
    DriftResults { systems: vec![tent], ablations: vec![ablation], ..DriftResults::new("quick") }
}

fn report(results: &DriftResults) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths = write_report(results, &folder.path().join("new")).expect("a report");
    let name = |path: &PathBuf| path.file_name().expect("a file").to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read_to_string(path).expect("text"))).collect()
}

/// The cells of the first row that starts so.
fn cells(markdown: &str, start: &[&str]) -> Vec<String> {
    let start = format!("| {} |", start.join(" | "));
    let line = markdown.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("no row {start}"));
    line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()
}

#[test]
fn tables_hold_the_numbers_their_seed_and_their_command() {
    let files = report(&results(vec![seed(4, 0.2), seed(5, 0.18), seed(6, 0.22)]));
    let text = &files["report.md"];
    // Columns: sinusoid, tent, logistic, pendulum, maze2d.
    assert_eq!(cells(text, &["TV(model, prior)"])[2], "0.200 \u{b1} 0.020");
    assert_eq!(cells(text, &["TV(prediction, model)"])[2], "0.100 \u{b1} 0.020");
    assert_eq!(cells(text, &["TV(data, model)"])[2], "0.200 \u{b1} 0.020");
    assert_eq!(cells(text, &["made with"])[2], "seeds 4, 5, 6");
    let by_seed = cells(text, &["tent", "5"]);
    assert_eq!(by_seed[3..7], ["0.180", "0.100", "0.080", "0.02100"]);
    assert_eq!(by_seed[7..11], ["0.162", "0.00600", "0.040", "0.01800"]);
    assert_eq!(by_seed[12..15], ["1000", "7", "4321"]);
    let provenance = cells(text, &[&by_seed[15]]);
    assert_eq!(provenance[1], "`` drift table --system tent --seed 5 ``");
    assert_eq!(cells(text, &["transform"])[2], "0.030 \u{b1} 0.000");
    assert_eq!(cells(text, &["transform / baseline"])[2], "0.151 \u{b1} 0.015");
    // Differences .1 each: no spread, no statistic. Of the transform: .17, .15, .19; t = .17 / (.02 / sqrt 3).
    assert_eq!(cells(text, &["tent", "transform", "0.1700"])[3..7], ["0.0200", "14.72", "0.0023", "3"]);
    let [small, matched] = [&["0", "4", "0.000"], &["0.032", "4", "0.166"]].map(|start| cells(text, start));
    assert_eq!(small[3..6], ["0.171", "0.159", "0.200 0.220 0.240 0.230 0.110"]);
    assert_eq!(matched[3..5], ["not measured", "0.019"]);
    let ablation = cells(text, &["H5b"]);
    assert_eq!(ablation[2..7], ["4", "0.012", "0.018", "0.432", "0.449"]);
    assert!(cells(text, &[&ablation[7]])[1].contains("drift ablate --only H5b"));
}

#[test]
fn controls_stand_beside_the_transform() {
    let mut controlled = seed(4, 0.2);
    controlled.mitigations.push(mitigation(Method::TransformOneStep, 0.02, [0.23, 0.27, 0.25, 0.25]));
    let text = &report(&results(vec![controlled, seed(5, 0.2)]))["report.md"];
    assert_eq!(cells(text, &["transform-one-step"])[1..4], ["not run", "0.020 (one seed)", "not run"]);
    assert_eq!(cells(text, &["tent", "4", "transform-one-step"])[3..7], ["0.020", "100", "0", "50"]);
    assert_eq!(cells(text, &["transform-no-network"])[2], "not run");
}

#[test]
fn the_published_report_reads_back_and_keeps_its_numbers() {
    let kept: DriftResults =
        serde_json::from_str(include_str!("../../../../../docs/drift/report.json")).expect("the results");
    let text = &report(&kept)["report.md"];
    assert_eq!(cells(text, &["transform"])[2], "0.014 \u{b1} 0.003");
}

#[test]
fn what_is_missing_is_called_missing_and_never_zero() {
    let mut one = seed(4, 0.2);
    one.curves.model = None;
    one.tv_model_prior = None;
    one.tv_prediction_model = None;
    let files = report(&results(vec![one]));
    let text = &files["report.md"];
    assert_eq!(cells(text, &["TV(data, prior)"])[1..3], ["not measured", "0.000 (one seed)"]);
    for row in ["TV(model, prior)", "TV(data, model)", "conditional"] {
        assert_eq!(cells(text, &[row])[1..], ["not measured"; 5], "{row}");
    }
    assert_eq!(cells(text, &["tent", "4", "conditional"])[3..], ["not measured"; 5]);
    for control in ["transform-one-step", "transform-no-network"] {
        assert_eq!(cells(text, &[control])[1..], ["not run"; 5], "results of earlier versions have no controls");
        assert_eq!(cells(text, &["tent", "4", control])[3..], ["not run"; 5]);
    }
    assert_eq!(cells(text, &["tent", "transform"])[2..], ["not measured"; 7]);
    assert_eq!(
        cells(text, &["H0", "baseline"])[2..7],
        ["not measured", "not measured", "0.004", "not measured", "0.186"]
    );
    assert_eq!(cells(text, &["H3c", "other seeds"])[6], "lost");
    assert_eq!(cells(text, &["transform", "not measured", "not measured"])[3..5], ["0.034", "not measured"]);
    assert!(files["densities.svg"].contains("model: not measured"));
    assert!(files["mitigations.svg"].contains("reweight, conditional: not measured"));
    assert_eq!(report(&DriftResults::new("quick")).len(), 7);
}

#[test]
fn plots_are_well_formed_and_name_every_system_and_hypothesis() {
    let mut results = results(vec![seed(4, 0.2), seed(5, 0.1)]);
    let mut other = results.systems[0].clone();
    other.system = "cart & <pole>\u{0}".to_owned();
    other.quantity = "angle\u{1}".to_owned();
    results.systems.push(other);
    let files = report(&results);
    for (broken, problem) in [
        ("<a><b></a>", "</a> closes nothing"),
        ("<a>&nbsp;</a>", "entity at \"&nbsp;\""),
        ("<a b=c/>", "attributes of <a b=c/>"),
        ("<a/><a/>", "[] open, 2 roots, \"\" behind"),
        ("<a>\u{1}</a>", "control character '\\u{1}'"),
    ] {
        assert_eq!(well_formed(broken), Err(problem.to_owned()), "{broken}");
    }
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".svg")) {
        well_formed(text).unwrap_or_else(|problem| panic!("{name}: {problem}"));
        if ["densities.svg", "mitigations.svg", "scales.svg"].contains(&name.as_str()) {
            for system in published::SYSTEMS.iter().chain(&["cart &amp; &lt;pole&gt;"]) {
                assert!(
                    text.contains(&format!("\n{system}")) || text.contains(&format!(">{system}")),
                    "{name} {system}"
                );
            }
        }
    }
    for row in &published::ABLATIONS {
        assert!(files["ablations.svg"].contains(&format!("{}\n", row.hypothesis)), "{}", row.hypothesis);
    }
    assert!(files["ablations.svg"].contains("perceptron &lt;all steps&gt; &amp;"));
}

#[test]
fn equal_results_give_equal_bytes_and_the_json_reads_back() {
    let results = results(vec![seed(4, 0.2), seed(5, 0.18)]);
    let files = report(&results);
    assert_eq!(files, report(&results));
    let back: DriftResults = serde_json::from_str(&files["report.json"]).expect("the results");
    assert_eq!(back, results);
}

#[test]
fn numbers_that_cannot_be_are_refused_in_one_line_and_nothing_is_written() {
    type Spoil = fn(&mut DriftResults);
    let cases: [(Spoil, &str); 9] = [
        (
            |all| all.systems[0].seeds[0].tv_model_prior = Some(f64::NAN),
            "tent, seed 4, tv_model_prior: expected a number from 0 to 1, got NaN",
        ),
        (
            |all| all.systems[0].seeds[0].mitigations[1].curve = Some(vec![0.5, f64::NAN, 0.25, 0.25]),
            "tent, seed 4, transform, curve, cell 1: expected a finite number of at least 0, got NaN",
        ),
        (
            |all| all.systems[0].seeds[0].curves.data = Some(vec![0.5; 2]),
            "tent, seed 4, curve of the data: expected one mass per cell of the grid, got 2 for 4 cells",
        ),
        (
            |all| all.systems[0].seeds[0].curves.prior = Some(vec![0.5; 4]),
            "tent, seed 4, curve of the prior: expected masses that sum to one, got 2",
        ),
        (
            |all| all.systems[0].sweeps[0].scales[1].tv_prediction_data = f64::NAN,
            "tent, sweep of seed 4, scale 0.032, tv_prediction_data: expected a number from 0 to 1, got NaN",
        ),
        (
            |all| all.ablations[0].tv_model = Some(f64::INFINITY),
            "ablation H5b, seed 4, tv_model: expected a number from 0 to 1, got inf",
        ),
        (
            |all| {
                let test = TTest { mean: 0.1, sd: 0.1, t: f64::NAN, p: 0.1, n: 3 };
                all.systems[0].t_tests.prediction = Some(test);
            },
            "tent, t-test of the prediction, t: expected a finite number, got NaN",
        ),
        (
            |all| {
                let again = all.systems[0].seeds[0].clone();
                all.systems[0].seeds.push(again);
            },
            "tent: expected every seed once, got seed 4 twice",
        ),
        (
            |all| all.systems[0].seeds[0].dropped = Some(1001),
            "tent, seed 4, dropped: expected at most what was generated, got 1001 of 1000",
        ),
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inside = folder.path().join("report");
    for (spoil, expected) in cases {
        let mut spoilt = results(vec![seed(4, 0.2)]);
        spoil(&mut spoilt);
        let Err(error) = write_report(&spoilt, &inside) else { panic!("accepted, expected: {expected}") };
        assert_eq!(error.to_string(), expected);
    }
    assert!(!inside.exists());
}

/// Enough of XML to find a tag that is not closed, an attribute that is not quoted, or a character that may not be.
fn well_formed(text: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    let mut roots = 0;
    let mut rest = text.trim();
    if let Some(bad) = rest.chars().find(|letter| letter.is_control() && *letter != '\n') {
        return Err(format!("control character {bad:?}"));
    }
    while let Some(start) = rest.find('<') {
        entities(&rest[..start])?;
        let end = rest[start..].find('>').ok_or("a tag that does not end")? + start;
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
            continue;
        }
        roots += usize::from(open.is_empty());
        let inner = tag.strip_suffix('/').unwrap_or(tag);
        let (name, attributes) = inner.split_once(' ').unwrap_or((inner, ""));
        if inner.contains('<') || attributes.matches('"').count() % 2 != 0 {
            return Err(format!("<{tag}>"));
        }
        entities(attributes)?;
        // Between the quoted values: ` name=` before each, nothing behind the last.
        let mut between: Vec<&str> = attributes.split('"').step_by(2).map(str::trim).collect();
        let behind = between.pop();
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-');
        if behind != Some("") || !between.iter().all(|name| name.strip_suffix('=').is_some_and(is_name)) {
            return Err(format!("attributes of <{tag}>"));
        }
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    match (open.as_slice(), roots, rest) {
        ([], 1, "") => Ok(()),
        _ => Err(format!("{open:?} open, {roots} roots, {rest:?} behind")),
    }
}

fn entities(text: &str) -> Result<(), String> {
    let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"];
    let bad = text.match_indices('&').find(|(place, _)| !known.iter().any(|name| text[*place..].starts_with(name)));
    bad.map_or(Ok(()), |(place, _)| Err(format!("entity at {:?}", text[place..].chars().take(9).collect::<String>())))
}
