//! Parameter documentation: a commented parameter file, and a Markdown table.

use super::descriptor::Descriptor;

/// Longest comment line, in characters.
const COLUMNS: usize = 100;

/// A parameter file that holds every parameter with its default; meaning, type and limits stand above each one.
/// `node_name` is the key of the entry: a node name, or a selector as `/**/maze_planner`.
pub fn write_params_file(node_name: &str, descriptors: &[Descriptor]) -> String {
    let mut text = format!(
        "# Every parameter of {node_name} with its default. A parameter that is left out keeps its default.\n\
         {node_name}:\n  ros__parameters:\n"
    );
    for descriptor in descriptors {
        text.push('\n');
        let read_only = if descriptor.read_only { ", at the start only" } else { "" };
        let allowed = match descriptor.constraint() {
            constraint if constraint.is_empty() => String::new(),
            constraint => format!(", {constraint}"),
        };
        comment(&mut text, descriptor.description);
        comment(&mut text, &format!("{}{allowed}{read_only}; default {}", descriptor.kind(), descriptor.default));
        text.push_str(&format!("    {}: {}\n", descriptor.name, descriptor.default));
    }
    text
}

/// The text as comment lines, broken between words.
fn comment(text: &mut String, words: &str) {
    let mut line = String::from("    #");
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS && line.len() > 5 {
            text.push_str(&line);
            text.push('\n');
            line = String::from("    #");
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}

/// A Markdown table of all parameters, in their order.
pub fn markdown_table(descriptors: &[Descriptor]) -> String {
    let mut text =
        String::from("| Parameter | Type | Default | Allowed | Meaning |\n| --- | --- | --- | --- | --- |\n");
    for descriptor in descriptors {
        let mut allowed = vec![descriptor.constraint()];
        if descriptor.read_only {
            allowed.push("at the start only".to_owned());
        }
        allowed.retain(|part| !part.is_empty());
        text.push_str(&format!(
            "| `{}` | {} | `{}` | {} | {} |\n",
            descriptor.name,
            descriptor.kind(),
            cell(&descriptor.default.to_string()),
            cell(&allowed.join("; ")),
            cell(descriptor.description),
        ));
    }
    text
}

fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::super::file::parse_parameter_file;
    use super::super::store::ParameterStore;
    use super::*;
    use std::path::Path;

    fn descriptors() -> Vec<Descriptor> {
        vec![
            Descriptor::new("gate.margin_m", 1e-7, "Distance to walls, in metres.").range(0.0, 1.0),
            Descriptor::new("engine", "yes", "Engine|backend.").one_of(&["yes", "no"]),
            Descriptor::new("model", "a \"b\"\\c: #d", "Model file. ").read_only(),
            Descriptor::new("gains", vec![1.0, 2.5], "Gains."),
            Descriptor::new("frames", Vec::<String>::new(), "Frames."),
            Descriptor::new("layers", Vec::<i64>::new(), "Layers."),
            Descriptor::new("steps", -5, LONG),
            Descriptor::new("drive", true, "Whether it drives."),
        ]
    }

    const LONG: &str = "Words and words and words and words and words and words and words and words and words and words and words and words.";

    #[test]
    fn the_file_reads_back_as_the_defaults() {
        let text = write_params_file("maze_planner", &descriptors());
        let file = parse_parameter_file(&text, Path::new("p.yaml")).expect("valid");
        assert_eq!((file.entries.len(), file.entries[0].selector.to_string().as_str()), (1, "/maze_planner"));
        let values: Vec<_> = file.entries[0]
            .parameters
            .iter()
            .map(|parameter| (parameter.name.as_str(), parameter.value.clone().expect("a value")))
            .collect();
        assert_eq!(values.len(), descriptors().len());
        let store = ParameterStore::declare(descriptors()).expect("a sound table");
        let prepared = store.prepare_start(&values).expect("defaults are valid");
        assert_eq!(prepared.after(), store.values());
        assert!(text.lines().all(|line| line.len() <= COLUMNS), "{text}");
    }

    #[test]
    fn the_file_says_everything() {
        let text = write_params_file("/**", &descriptors());
        let expected = "
    # Distance to walls, in metres.
    # double, from 0.0 to 1.0; default 1.0e-7
    gate.margin_m: 1.0e-7

    # Engine|backend.
    # string, one of yes, no; default \"yes\"
    engine: \"yes\"

    # Model file.
    # string, at the start only; default \"a \\\"b\\\"\\\\c: #d\"
";
        assert!(text.contains(expected), "{text}");
        assert!(text.starts_with("# Every parameter of /** with its default."), "{text}");
    }

    #[test]
    fn the_table_has_a_row_for_each() {
        let table = markdown_table(&descriptors());
        let rows: Vec<&str> = table.lines().collect();
        assert_eq!(rows.len(), 2 + descriptors().len());
        assert_eq!(
            rows[2],
            "| `gate.margin_m` | double | `1.0e-7` | from 0.0 to 1.0 | Distance to walls, in metres. |"
        );
        assert_eq!(rows[3], "| `engine` | string | `\"yes\"` | one of yes, no | Engine\\|backend. |");
        assert_eq!(
            rows[4],
            "| `model` | string | `\"a \"b\"\\c: #d\"` | at the start only | Model file. |"
                .replace("\"a \"b\"\\c", "\"a \\\"b\\\"\\\\c")
        );
    }
}
