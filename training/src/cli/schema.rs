//! `planwright-train schema`: JSON schemas of recipe and manifest, and docs/MODELS.md from them.

use super::{CliError, print_json, print_text};
use crate::recipe::Recipe;
use clap::Args;
use planwright::model::Manifest;
use serde_json::{Map, Value};
use std::fmt::Write as _;

#[derive(Args)]
#[command(after_help = "Example: planwright-train schema --markdown > docs/MODELS.md")]
pub(super) struct Schema {
    /// As a document instead of JSON
    #[arg(long)]
    markdown: bool,
}

const OPENING: &str = "\
# Models: recipe and manifest

Written by `planwright-train schema --markdown` from the types themselves; without `--markdown` the command prints both
JSON schemas.

```sh
planwright-train fit training/recipes/maze-umaze.toml                                      # recipe -> checkpoint
planwright-train export runs/maze-umaze/checkpoint.safetensors --out maze-umaze.onnx       # checkpoint -> model
planwright inspect maze-umaze.onnx --json                                                  # the manifest of a model
```

A checkpoint carries what the exported file needs of its data (hash, normaliser, quantity, real rows for the parity gate
and the test vectors), so that export generates no data. Checkpoints written before November 2026 carry none of it and are
refused: fit the recipe again.
";

const RECIPE: &str = "\
A recipe is a TOML file. Its first line, `family`, chooses one of the tables below; a recipe without that line is read as
`maze-diffusion` if it has a section `[windows]` and as `maze-policy` if it has a `head`, as recipes of older models have.
Family and `training.device` are not part of the recipe's hash, so that the hashes in shipped models remain valid.
";

const MANIFEST: &str = "\
JSON in the metadata entry `planwright.manifest` of the ONNX file.
";

impl Schema {
    pub(super) fn run(&self) -> Result<(), CliError> {
        if self.markdown {
            return print_text(&markdown());
        }
        print_json(&serde_json::json!({ "recipe": recipe_schema(), "manifest": Manifest::json_schema() }))
    }
}

fn recipe_schema() -> Value {
    schemars::schema_for!(Recipe).to_value()
}

/// The whole document.
fn markdown() -> String {
    let mut text = OPENING.to_owned();
    for (title, opening, schema) in
        [("Recipe", RECIPE, recipe_schema()), ("Manifest", MANIFEST, Manifest::json_schema())]
    {
        let page = Page { prefix: title.to_lowercase() };
        let _ = write!(text, "\n## {title}\n\n{opening}");
        page.section(&mut text, &schema);
        let definitions = schema.get("$defs").and_then(Value::as_object);
        for (name, definition) in definitions.into_iter().flatten() {
            let _ = write!(text, "\n### {title}: {name}\n");
            page.section(&mut text, definition);
        }
    }
    text
}

/// One schema of the document.
struct Page {
    /// First word of the headings of its types, in anchors.
    prefix: String,
}

impl Page {
    /// Description, then fields or variants.
    fn section(&self, text: &mut String, schema: &Value) {
        if let Some(words) = description(schema) {
            let _ = write!(text, "\n{words}\n");
        }
        self.fields(text, schema);
        let variants = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(key)?.as_array());
        let values: Vec<&Value> = variants.into_iter().flatten().collect();
        if !values.is_empty() {
            text.push('\n');
        }
        for variant in values {
            let name = self.variant(variant);
            let words = description(variant).map_or(String::new(), |words| format!(": {words}"));
            let _ = writeln!(text, "* {name}{words}");
            for (field, schema) in properties(variant).into_iter().flatten() {
                if schema.get("const").is_none() {
                    let words = description(schema).map_or(String::new(), |words| format!(": {words}"));
                    let _ = writeln!(text, "  * `{field}`, {}{words}", self.kind(schema));
                }
            }
        }
    }

    /// The table of an object's fields.
    fn fields(&self, text: &mut String, schema: &Value) {
        let Some(fields) = properties(schema) else { return };
        text.push_str("\n| field | type | default | meaning |\n|---|---|---|---|\n");
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, field) in fields {
            let default = match field.get("default") {
                Some(Value::Null) | None if required.contains(&name.as_str()) => "required".to_owned(),
                Some(Value::Null) | None => "none".to_owned(),
                Some(value) => format!("`{value}`"),
            };
            let words = description(field).unwrap_or_default();
            let _ = writeln!(text, "| `{name}` | {} | {default} | {words} |", self.kind(field));
        }
    }

    /// A variant by its tag, its value or its type.
    fn variant(&self, schema: &Value) -> String {
        let tag = properties(schema).into_iter().flatten().find_map(|(name, field)| Some((name, field.get("const")?)));
        match (tag, schema.get("$ref")) {
            (Some((name, value)), Some(_)) => format!("`{name} = {value}`, {}", self.kind(schema)),
            (Some((name, value)), None) => format!("`{name} = {value}`"),
            _ => match properties(schema).filter(|_| schema.get("const").is_none()) {
                Some(fields) => format!("`{}`", fields.keys().cloned().collect::<Vec<_>>().join("`, `")),
                None => self.kind(schema),
            },
        }
    }

    /// The type of a value in words.
    fn kind(&self, schema: &Value) -> String {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.rsplit('/').next()) {
            return format!("[{name}](#{}-{})", self.prefix, name.to_lowercase());
        }
        if let Some(value) = schema.get("const") {
            return format!("`{value}`");
        }
        let list = |key: &str| schema.get(key).and_then(Value::as_array);
        if let Some(values) = list("enum") {
            return values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ");
        }
        if let Some(options) = list("anyOf").or_else(|| list("oneOf")).or_else(|| list("allOf")) {
            let kinds: Vec<String> = options.iter().map(|option| self.kind(option)).collect();
            return kinds.into_iter().filter(|kind| kind != "null").collect::<Vec<_>>().join(" or ");
        }
        let types: Vec<&str> = match schema.get("type") {
            Some(Value::Array(types)) => {
                types.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect()
            }
            Some(Value::String(kind)) => vec![kind],
            _ => return "any JSON".to_owned(),
        };
        let of = |key: &str| schema.get(key).map_or("any JSON".to_owned(), |item| self.kind(item));
        let word = |kind: &str| match kind {
            "array" => match schema.get("maxItems") {
                Some(count) => format!("{count} of {}", of("items")),
                None => format!("list of {}", of("items")),
            },
            "object" => format!("map to {}", of("additionalProperties")),
            other => other.to_owned(),
        };
        types.into_iter().map(word).collect::<Vec<_>>().join(" or ")
    }
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

/// The description on one line, without the marks of links to code.
fn description(schema: &Value) -> Option<String> {
    let words = schema.get("description")?.as_str()?;
    Some(
        words
            .replace(['\n', '\r'], " ")
            .replace("[`", "`")
            .replace("`]", "`")
            .replace("Self::", "")
            .replace('|', "\\|"),
    )
}

#[cfg(test)]
mod tests {
    /// Regenerated by `planwright-train schema --markdown > docs/MODELS.md`.
    #[test]
    fn the_reference_of_models_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/MODELS.md");
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            text.trim_end() == super::markdown().trim_end(),
            "{}: expected what `planwright-train schema --markdown` prints, got another text",
            path.display()
        );
    }
}
