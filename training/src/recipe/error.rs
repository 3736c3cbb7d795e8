//! Reading of recipe files, with one form of error: file, field, expected, got, hint.

use serde::Deserialize;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue, Deserializer};

/// Why a recipe cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// File system.
    #[error("{path}: {source}\nhint: recipes of the shipped models lie in training/recipes")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Not TOML, or a field that is unknown, missing or of the wrong type.
    #[error("{path}: {problem}\nhint: docs/MODELS.md lists the fields of every family")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Place, expected and got, as the parser reports it.
        problem: String,
    },
    /// A value out of its range.
    #[error("{path}: {error}\nhint: docs/MODELS.md lists the fields of every family")]
    Value {
        /// The file.
        path: PathBuf,
        /// Which field, expected and got.
        error: FieldError,
    },
}

impl RecipeError {
    pub(crate) fn value(path: &Path, error: FieldError) -> Self {
        Self::Value { path: path.to_owned(), error }
    }
}

/// A field out of its range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// Its dotted name.
    pub field: String,
    /// Expected and got.
    pub problem: String,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, problem: impl std::fmt::Display) -> Self {
        Self { field: field.into(), problem: problem.to_string() }
    }
}

/// A recipe's text without its `family`.
pub(super) struct Content<'a> {
    text: &'a str,
    path: &'a Path,
    table: toml::Spanned<DeTable<'a>>,
}

/// Takes the family out of a text, so that each family's own settings are read with line and column in their errors.
pub(super) fn split_family<'a>(text: &'a str, path: &'a Path) -> Result<(String, Content<'a>), RecipeError> {
    let mut table = DeTable::parse(text).map_err(|error| syntax(error, text, path))?;
    let found = table.get_mut().remove("family");
    let family = match found.as_ref().map(toml::Spanned::get_ref) {
        Some(DeValue::String(family)) => family.to_string(),
        Some(_) => return Err(RecipeError::value(path, FieldError::new("family", "expected text, got another type"))),
        None if table.get_ref().contains_key("windows") => "maze-diffusion".to_owned(),
        None if table.get_ref().contains_key("head") => "maze-policy".to_owned(),
        None => {
            let problem = format!("expected one of {}, got none", super::FAMILIES.join(", "));
            return Err(RecipeError::value(path, FieldError::new("family", problem)));
        }
    };
    Ok((family, Content { text, path, table }))
}

impl Content<'_> {
    pub(super) fn read<T: for<'de> Deserialize<'de>>(self) -> Result<T, RecipeError> {
        T::deserialize(Deserializer::from(self.table)).map_err(|error| syntax(error, self.text, self.path))
    }
}

fn syntax(mut error: toml::de::Error, text: &str, path: &Path) -> RecipeError {
    error.set_input(Some(text));
    RecipeError::Syntax { path: path.to_owned(), problem: error.to_string().trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::recipe::Recipe;
    use std::path::Path;

    const MAZE: &str = include_str!("../../recipes/maze-umaze.toml");
    const POLICY: &str = include_str!("../../recipes/maze-policy.toml");

    fn parse(text: &str) -> Result<Recipe, String> {
        Recipe::parse(text, Path::new("a.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_recipe_without_a_family_is_what_its_sections_say() {
        for (text, family) in [(MAZE, "maze-diffusion"), (POLICY, "maze-policy")] {
            let line = format!("family = \"{family}\"\n");
            let without = text.replacen(&line, "", 1);
            let with = format!("{line}{without}");
            let (without, with) = (parse(&without).expect("a recipe"), parse(&with).expect("a recipe"));
            assert_eq!(without, with);
            assert_eq!(without.sha256(), with.sha256());
        }
        let none = parse("name = \"x\"").expect_err("no family");
        assert!(none.starts_with("a.toml: family: expected one of maze-diffusion, maze-policy"), "{none}");
    }

    #[test]
    fn errors_name_file_field_expected_and_got() {
        for (from, to, words) in [
            ("stride = 8", "stride = 0", "a.toml: windows: expected stride"),
            ("batch = 32", "batch = 0", "a.toml: training: expected steps, batch"),
            ("batch = 32", "batch = \"x\"", "expected usize"),
            ("horizon = 32", "horizon = 30", "a.toml: windows: expected a horizon that is a multiple of 4, got 30"),
            ("name = \"maze-umaze\"", "name = \"../x\"", "a.toml: name: expected letters"),
            ("[windows]", "[windows]\ncolour = 1", "unknown field `colour`"),
            ("[windows]", "family = 3\n[windows]", "unknown field `family`"),
            ("name = ", "family = \"vae\"\nname = ", "a.toml: family: expected one of"),
        ] {
            let line = parse(&MAZE.replacen("family = \"maze-diffusion\"\n", "", 1).replacen(from, to, 1));
            let line = line.expect_err(to);
            assert!(line.contains(words) && line.contains("hint: "), "{to}: {line}");
        }
        let place = parse(&MAZE.replacen("[windows]", "[windows]\ncolour = 1", 1)).expect_err("unknown");
        assert!(place.contains("line ") && place.contains("column "), "{place}");
    }
}
