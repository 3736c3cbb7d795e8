//! Code blocks of the documents: commands parse with the real command lines, TOML and JSON parse; links, paths and names
//! in the text exist.
//! Rust blocks are doctests of this package (`src/lib.rs`).

use clap::error::ErrorKind;
use planwright_tests::{command, peer, root, run};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A piece of code in a document.
struct Code {
    /// Where it stands, for messages.
    place: String,
    /// Language of a fenced block; `None` between backticks.
    language: Option<String>,
    text: String,
}

/// Every Markdown file of the project that people read.
fn documents() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in [
        "",
        "docs",
        "docs/drift",
        "docs/fourier",
        "models",
        "launch/nav2",
        "launch/turtlebot3",
        "runtime/ros2/messages",
    ] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        files.extend(paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file below a folder whose name ends so.
fn files_below(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        if path.is_dir() {
            files.extend(files_below(&path, endings));
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            files.push(path);
        }
    }
    files
}

/// Fenced blocks, then code between backticks, of one document.
fn code_of(path: &Path) -> Vec<Code> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (mut blocks, mut prose, mut open): (Vec<Code>, String, bool) = (Vec::new(), String::new(), false);
    for (index, line) in read(path).lines().enumerate() {
        match line.trim_start().strip_prefix("```") {
            Some(language) if !open => {
                let language = Some(language.trim().to_owned());
                blocks.push(Code { place: format!("{name}:{}", index + 1), language, text: String::new() });
                open = true;
            }
            Some(_) => open = false,
            None if open => {
                blocks.iter_mut().next_back().into_iter().for_each(|block| block.text += &format!("{line}\n"))
            }
            // Code may go on in the next line of a paragraph, and ends with it.
            None => prose += &if line.is_empty() { "\n".to_owned() } else { format!("{line} ") },
        }
    }
    for paragraph in prose.lines() {
        let spans = paragraph.replace("``", "`");
        let inline = spans.split('`').skip(1).step_by(2).map(|text| text.trim().to_owned());
        blocks.extend(inline.map(|text| Code { place: name.clone(), language: None, text }));
    }
    blocks
}

/// Words of a shell line, without quotes, a comment and what follows an operator.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for found in line.chars().chain([' ']) {
        match (found, quote) {
            ('"' | '\'', None) => quote = Some(found),
            (_, Some(open)) if found == open => quote = None,
            (' ' | '\t', None) => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            _ => word.push(found),
        }
    }
    let end = words.iter().position(|word| word.starts_with('#') || ["&", ">", "&&", ";"].contains(&word.as_str()));
    words.truncate(end.unwrap_or(words.len()));
    words
}

/// The command lines of ours in a piece of code, `planwright` or the like first.
fn commands(code: &Code) -> Vec<Vec<String>> {
    let text = code.text.replace("\\\n", " ");
    let lines: Vec<Vec<String>> = match code.language.as_deref() {
        Some("sh") => text.lines().map(words).collect(),
        Some(_) => Vec::new(),
        None => alternatives(&words(&text.replace("\\|", "|"))),
    };
    lines.into_iter().filter_map(ours).collect()
}

/// `a b | c` as `a b` and `a c`; brackets are left out.
fn alternatives(words: &[String]) -> Vec<Vec<String>> {
    let words: Vec<String> = words.iter().map(|word| word.trim_matches(['[', ']']).to_owned()).collect();
    let Some(first) = words.iter().position(|word| word == "|") else { return vec![words] };
    let last = words.iter().rposition(|word| word == "|").unwrap_or(first);
    let (choices, rest) = (&words[first - 1..last + 2], &words[last + 2..]);
    let chosen = choices.iter().filter(|word| *word != "|");
    chosen.map(|word| [&words[..first - 1], std::slice::from_ref(word), rest].concat()).collect()
}

/// What is wrong with a line that runs another program: packages, scripts with their options, and launch files exist.
fn wrong_elsewhere(words: &[String]) -> Option<String> {
    let text_of =
        |path: &String| std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"));
    let known =
        |names: &[&str], text: &str| names.iter().find(|name| !text.contains(*name)).map(|name| format!("no {name}"));
    let after = |flag: &str| words.iter().position(|word| word == flag).and_then(|at| words.get(at + 1));
    let mut scripts = words.iter().filter(|word| word.ends_with(".py") && !is_placeholder(word));
    match words.first()?.rsplit('/').next()? {
        "cargo" => {
            let package = after("-p").map(|name| format!("name = \"{name}\"\n"));
            let found = package.map(|line| text_of(&"Cargo.lock".to_owned()).map(|lock| known(&[&line], &lock)));
            found.transpose().unwrap_or_else(|error| Some(Some(error))).flatten()
        }
        "python3" => {
            let sources: Result<String, String> = scripts.map(text_of).collect();
            let flags = words.iter().filter(|word| word.starts_with("--")).map(|word| format!("\"{word}\""));
            let flags: Vec<String> = flags.collect();
            let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
            sources.map_or_else(Some, |sources| known(&flags, &sources))
        }
        // Launch files of packages are not ours.
        "ros2" if words.starts_with(&["ros2".to_owned(), "launch".to_owned()]) && words[2].contains('/') => {
            let source = scripts.next().map_or(Ok(String::new()), text_of);
            let arguments: Vec<&str> =
                words.iter().filter_map(|word| word.split_once(":=")).map(|(name, _)| name).collect();
            source.map_or_else(Some, |source| known(&arguments, &source))
        }
        "colcon" => after("--base-paths")
            .filter(|path| !root().join(path).join("package.xml").is_file())
            .map(|path| format!("no package in {path}")),
        "ros2" | "strip" | "export" | "rerun" | "source" => None,
        other => Some(format!("what is {other}?")),
    }
}

/// The words from the command on, if it is one of ours.
fn ours(mut words: Vec<String>) -> Option<Vec<String>> {
    if words.starts_with(&["cargo", "run", "--release", "--"].map(str::to_owned)) {
        words.splice(..4, ["planwright".to_owned()]);
    }
    let first = words.first_mut()?;
    if let Some(name) = first.strip_prefix("target/release/") {
        *first = name.to_owned();
    }
    ["planwright", "planwright-train", "planwright-study"].contains(&first.as_str()).then_some(words)
}

fn command_of(name: &str) -> clap::Command {
    match name {
        "planwright" => planwright::cli::command(),
        "planwright-train" => planwright_training::cli::command(),
        _ => planwright_studies::REGISTRY.command(),
    }
}

/// What is wrong with a command line. Words in capitals stand for values; without a block it may end early.
fn wrong(words: &[String], whole: bool) -> Option<String> {
    let command = command_of(&words[0]);
    let placeholder = |word: &String| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    match command.clone().try_get_matches_from(words) {
        Ok(matches) => {
            let (mut command, mut matches) = (&command, &matches);
            while let Some((name, inner)) = matches.subcommand() {
                (command, matches) = (command.find_subcommand(name)?, inner);
                if command.is_hide_set() {
                    return Some(format!("'{name}' has moved"));
                }
            }
            None
        }
        Err(error) => match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => None,
            ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                if !whole =>
            {
                None
            }
            ErrorKind::InvalidValue | ErrorKind::ValueValidation if words.iter().any(placeholder) => None,
            _ => Some(error.to_string()),
        },
    }
}

/// Help of every command without subcommands that is shown, by its words.
fn help_texts(mut command: clap::Command, words: &str, texts: &mut Vec<(String, String)>) {
    let words = format!("{words} {}", command.get_name()).trim().to_owned();
    let shown: Vec<_> = command.get_subcommands().filter(|inner| !inner.is_hide_set()).cloned().collect();
    if shown.is_empty() {
        texts.push((words, command.render_long_help().to_string()));
        return;
    }
    shown.into_iter().for_each(|inner| help_texts(inner, &words, texts));
}

#[test]
fn the_help_of_every_command_has_an_example() {
    let mut texts = Vec::new();
    for program in ["planwright", "planwright-train", "planwright-study"] {
        help_texts(command_of(program), "", &mut texts);
    }
    let without: Vec<&str> =
        texts.iter().filter(|(_, text)| !text.contains("Example")).map(|(words, _)| words.as_str()).collect();
    assert!(without.is_empty(), "no example in the help of {}", without.join(", "));
    assert!(texts.len() > 40, "{} commands found", texts.len());
}

#[test]
fn commands_in_the_documents_exist_with_their_flags() {
    let (mut count, mut problems) = (0, Vec::new());
    // The changelog names commands of the past as well.
    for path in documents().into_iter().filter(|path| !path.ends_with("CHANGELOG.md")) {
        for code in code_of(&path) {
            for words in commands(&code) {
                count += 1;
                let problem = wrong(&words, code.language.is_some());
                problems.extend(problem.map(|problem| format!("{}: {}\n    {problem}", code.place, words.join(" "))));
            }
        }
    }
    assert!(problems.is_empty(), "{} of {count} commands:\n{}", problems.len(), problems.join("\n"));
    assert!(count > 100, "{count} commands found");
}

#[test]
fn commands_that_do_not_exist_are_found() {
    let code = |language: Option<&str>, text: &str| Code {
        place: String::new(),
        language: language.map(str::to_owned),
        text: text.to_owned(),
    };
    let verdicts = |code: &Code| -> Vec<bool> {
        commands(code).iter().map(|words| wrong(words, code.language.is_some()).is_some()).collect()
    };
    let block = "cargo run --release -- demo --episodes 2   # drive\nls\ntarget/release/planwright plan --frm 3,1\n\
        planwright-train fourier toy\nplanwright-study run nothing\nplanwright eval maze --layout LAYOUT &\n";
    assert_eq!(verdicts(&code(Some("sh"), block)), [false, true, true, true, false]);
    assert_eq!(verdicts(&code(None, "planwright world show \\| check \\| fly")), [false, false, true]);
    assert_eq!(verdicts(&code(None, "planwright demo [maze \\| policy]")), [false, false]);
    assert!(verdicts(&code(Some("text"), block)).is_empty());
}

#[test]
fn lines_that_run_other_programs_name_what_exists() {
    let (mut count, mut problems) = (0, Vec::new());
    for path in documents() {
        for code in code_of(&path) {
            let text = code.text.replace("\\\n", " ");
            let programs = ["cargo ", "python3 ", ".deps/venv/bin/python3 "];
            let lines: Vec<Vec<String>> = match code.language.as_deref() {
                Some("sh") => text.lines().map(words).collect(),
                None if programs.iter().any(|program| text.starts_with(program)) => vec![words(&text)],
                _ => Vec::new(),
            };
            for words in lines.into_iter().filter(|words| !words.is_empty() && ours(words.clone()).is_none()) {
                count += 1;
                let problem = wrong_elsewhere(&words);
                problems.extend(problem.map(|problem| format!("{}: {}: {problem}", code.place, words.join(" "))));
            }
        }
    }
    assert!(problems.is_empty(), "{} of {count} lines:\n{}", problems.len(), problems.join("\n"));
    assert!(count > 20, "{count} lines found");
    let line = |text: &str| wrong_elsewhere(&words(text)).is_some();
    let bad =
        ["cargo test -p planwright-nothing", "python3 tests/run.py --everything", "python3 tests/gone.py", "make all"];
    assert!(bad.iter().all(|text| line(text)) && !line("python3 tests/run.py --only words"));
}

#[test]
fn blocks_of_data_parse_and_rust_is_compiled() {
    for path in documents() {
        for code in code_of(&path) {
            let place = &code.place;
            match code.language.as_deref() {
                Some("toml") => {
                    toml::from_str::<toml::Table>(&code.text).unwrap_or_else(|error| panic!("{place}: {error}"));
                }
                Some("json") => {
                    serde_json::from_str::<serde_json::Value>(&code.text)
                        .unwrap_or_else(|error| panic!("{place}: {error}"));
                }
                Some("rust") => {
                    let lines = code.text.lines().filter(|line| !line.starts_with("# ")).count();
                    assert!(path.ends_with("docs/EXTENDING.md"), "{place}: add the document to tests/src/lib.rs");
                    assert!(lines < 80, "{place}: {lines} lines");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn the_commands_of_the_tutorial_run_and_write_its_pictures() {
    let planwright = command("planwright").get_program().to_owned();
    let mut make = peer("../../docs/pictures/make.py");
    let (stdout, stderr, code) = run(make.arg("--check").arg("--planwright").arg(planwright));
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("planwright eval map") && stdout.matches("planned: ").count() == 3, "{stdout}");
}

#[test]
fn links_lead_to_files() {
    for path in documents() {
        let folder = path.parent().unwrap_or(&path).to_owned();
        for link in read(&path).split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let elsewhere = link.is_empty() || link.contains("://") || link.contains(char::is_whitespace);
            assert!(elsewhere || folder.join(link).exists(), "{}: {link}", path.display());
        }
    }
}

/// The folders and files of the indented tree in ARCHITECTURE.md.
fn rooms(text: &str) -> Vec<PathBuf> {
    let (mut above, mut rooms): (Vec<(usize, PathBuf)>, Vec<PathBuf>) = (Vec::new(), Vec::new());
    for line in text.lines().filter_map(|line| line.strip_prefix("    ")) {
        let indent = line.len() - line.trim_start().len();
        for name in line.split_whitespace().take_while(|word| word.ends_with('/')) {
            while above.last().is_some_and(|(outer, _)| *outer >= indent) {
                above.pop();
            }
            let path = above.last().map_or_else(|| PathBuf::from(name), |(_, outer)| outer.join(name));
            rooms.push(path.clone());
            above.push((indent, path));
        }
    }
    rooms
}

#[test]
fn rooms_of_the_architecture_are_the_folders_there_are() {
    let rooms: BTreeSet<PathBuf> = rooms(&read(&root().join("docs/ARCHITECTURE.md"))).into_iter().collect();
    for room in &rooms {
        assert!(root().join(room).is_dir(), "{} is in docs/ARCHITECTURE.md and does not exist", room.display());
    }
    let source = Path::new("runtime/src");
    for entry in std::fs::read_dir(root().join(source)).unwrap_or_else(|error| panic!("{error}")).flatten() {
        let room = source.join(entry.file_name());
        let named = !entry.path().is_dir() || rooms.contains(&room);
        assert!(named, "{} is missing in docs/ARCHITECTURE.md", room.display());
    }
}

/// Documents whose paths and names have to exist in the code as it is.
const OF_THE_CODE: [&str; 8] = [
    "README.md",
    "CONTRIBUTING.md",
    "docs/ARCHITECTURE.md",
    "docs/DRIFT.md",
    "docs/EXTENDING.md",
    "docs/FOURIER.md",
    "docs/GLOSSARY.md",
    "docs/ROS.md",
];
/// Where paths in the text begin: the project's folder, or one of these.
const FROM: [&str; 5] = ["", "runtime/src", "runtime/ros2/src", "training/src", "training/studies/src"];
/// First words of what is written by commands, or belongs to others.
const ELSEWHERE: [&str; 10] = [
    "runs",
    "target",
    "planwright-demo.rrd",
    "nav_msgs",
    "map_msgs",
    "ackermann_msgs",
    "planwright_msgs",
    // A topic.
    "image",
    "rmw_fastrtps_cpp",
    "rmw_zenoh_cpp",
];

/// Words that source files hold: identifiers, and keys with `-` in them.
fn words_of_the_code() -> BTreeSet<String> {
    let folders = ["runtime", "training", "tests", "fuzz", "launch"].map(|folder| root().join(folder));
    let mut words = BTreeSet::new();
    for path in folders.iter().flat_map(|folder| files_below(folder, &[".rs", ".py", ".toml", ".yaml", ".txt"])) {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
        let split = |c: char| !(c.is_alphanumeric() || c == '_');
        words.extend(text.split(split).filter(|word| !word.is_empty()).map(str::to_owned));
    }
    words
}

/// Whether a piece of code in the text is a path: it has a `/` between plain words, or a source file's ending.
fn is_path(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let file = [".rs", ".py", ".toml", ".md", ".txt", ".onnx", ".yaml"].iter().any(|ending| text.ends_with(ending));
    plain && !text.starts_with(['/', '-']) && (text.contains('/') || file) && text != "." && !text.starts_with('.')
}

/// Whether it is the name of an item: words joined by `::`.
fn is_item(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    (text.contains("::") || text.contains('_') || text.starts_with(|c: char| c.is_ascii_uppercase()))
        && text.trim_end_matches("()").split("::").all(word)
}

/// A word that stands for others, as NAME does.
fn is_placeholder(word: &str) -> bool {
    word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

#[test]
fn paths_and_names_in_the_documents_exist() {
    let (words, mut paths, mut items, mut missing) = (words_of_the_code(), 0, 0, Vec::new());
    for document in &OF_THE_CODE.map(|name| root().join(name)) {
        for Code { place, text, .. } in code_of(document).into_iter().filter(|code| code.language.is_none()) {
            let first = text.split_once('/').map_or(text.as_str(), |(first, _)| first);
            if ELSEWHERE.contains(&first) || is_placeholder(&text) {
                continue;
            }
            if is_path(&text) {
                paths += 1;
                let known = text.split('/').take_while(|part| !is_placeholder(part.split('.').next().unwrap_or(part)));
                let known: PathBuf = known.collect();
                let folder = document.parent().unwrap_or(document);
                let found =
                    FROM.iter().any(|from| root().join(from).join(&known).exists()) || folder.join(&known).exists();
                missing.extend((!found).then(|| format!("{place}: {text}")));
            } else if is_item(&text) {
                items += 1;
                let found = text.trim_end_matches("()").split("::").all(|word| words.contains(word));
                missing.extend((!found).then(|| format!("{place}: {text}")));
            }
        }
    }
    assert!(missing.is_empty(), "not in the code:\n{}", missing.join("\n"));
    assert!(paths > 40 && items > 30, "{paths} paths and {items} names found");
}

/// The places of the table in EXTENDING.md, and that no other file of the runtime tells the families apart.
#[test]
fn an_addition_touches_the_places_that_the_table_names() {
    let text = read(&root().join("docs/EXTENDING.md"));
    for (kind, most) in [("robot", 2), ("map", 2), ("planner family", 4), ("view sink", 2), ("study", 2)] {
        let row = text.lines().find(|line| line.starts_with(&format!("| {kind} |")));
        let places = row.map_or(0, |row| row.split('`').skip(1).step_by(2).filter(|place| place.contains('/')).count());
        assert!((1..=most).contains(&places), "{kind}: {places} places, at most {most} wanted");
    }
    let runtime = root().join("runtime/src");
    let families = ["MazeDiffusion", "SequenceDiffusion", "MazeTransform"];
    for path in files_below(&runtime, &[".rs"]) {
        let place = path.strip_prefix(&runtime).unwrap_or(&path).to_string_lossy().into_owned();
        let named = families.iter().any(|family| read(&path).contains(family));
        let expected = ["model/family.rs", "planner/load.rs"].contains(&place.as_str());
        assert!(!named || expected, "{place} names families: add it to the table of docs/EXTENDING.md");
    }
}

/// Steps that only run at night would not be missed by day.
#[test]
fn every_step_of_the_test_command_names_what_exists() {
    let (text, _, code) = run(peer("../run.py").arg("--list"));
    assert_eq!(code, 0, "{text}");
    let mut named = 0;
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let source = match pair[0] {
                "--bin" => root().join("tests/src/bin").join(format!("{}.rs", pair[1])),
                "--example" => root().join("tests/examples").join(format!("{}.rs", pair[1])),
                _ if pair[1].ends_with(".py") && !Path::new(pair[1]).is_absolute() => root().join(pair[1]),
                _ => continue,
            };
            named += 1;
            assert!(source.is_file(), "{line}: no {}", source.display());
        }
    }
    assert!(named >= 5, "{named} in {text}");
}
