//! Finds and loads ONNX Runtime's shared library, once per process.

use super::error::ModelError;
use ort::environment::Environment;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// Another version of ONNX Runtime may lack what `ort` is bound to.
const HINT: &str = "pip install onnxruntime==1.31.1 has the library: give its path with --onnxruntime, or use tract";

/// The library in use.
#[derive(Clone)]
pub(super) struct Loaded {
    /// ONNX Runtime allows one live environment a process, so it is never dropped.
    pub environment: Environment,
    /// Where the library lies, links resolved.
    pub path: PathBuf,
    /// Its version.
    pub version: String,
}

static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// The library at `explicit` (a file, or a folder that holds it), or the first that is found.
///
/// # Errors
/// If there is none, it cannot be loaded, or the process uses another one already.
pub(super) fn load(explicit: Option<&Path>) -> Result<Loaded, ModelError> {
    let unavailable = |reason: String| ModelError::Unavailable { engine: "onnxruntime", reason, hint: HINT };
    let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let (Some(loaded), None) = (&*loaded, explicit) {
        return Ok(loaded.clone());
    }
    let path = find(explicit).map_err(unavailable)?;
    // `ort` takes relative paths as relative to the executable.
    let path = path.canonicalize().map_err(|error| unavailable(format!("{}: {error}", path.display())))?;
    if let Some(loaded) = &*loaded {
        if loaded.path == path {
            return Ok(loaded.clone());
        }
        let reason = format!("the process has loaded {} and cannot load {} too", loaded.path.display(), path.display());
        return Err(unavailable(reason));
    }
    let environment = ort::init_from(&path)
        .map_err(|error| unavailable(error.to_string()))?
        .with_name("planwright")
        .with_telemetry(false)
        .build()
        .map_err(|error| unavailable(format!("{}: {error}", path.display())))?;
    Ok(loaded.insert(Loaded { version: version_of(&path), environment, path }).clone())
}

/// From the file's name, `libonnxruntime.so.1.31.1`, or else the version that the build reports.
fn version_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let numbers = name.split_once(DLL_SUFFIX).map(|(_, after)| after.trim_start_matches('.')).unwrap_or_default();
    if numbers.starts_with(|first: char| first.is_ascii_digit()) {
        return numbers.to_owned();
    }
    let info = ort::info();
    let branch = info.split_once("git-branch=").map_or(info, |(_, after)| after);
    branch.split([',', ' ']).next().unwrap_or_default().trim_start_matches("rel-").to_owned()
}

fn find(explicit: Option<&Path>) -> Result<PathBuf, String> {
    let given = explicit.map(|path| (path.to_owned(), "the given library"));
    let variable = || std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty());
    if let Some((path, what)) = given.or_else(|| variable().map(|path| (path.into(), "ORT_DYLIB_PATH"))) {
        // A library requested by name is loaded or refused, never replaced.
        let found = if path.is_dir() { library_in(&path) } else { path.is_file().then(|| path.clone()) };
        return found.ok_or_else(|| format!("{what}, {}, is no library and no folder with one", path.display()));
    }
    let folders = folders();
    folders.iter().find_map(|folder| library_in(folder)).ok_or_else(|| {
        let listed: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
        format!("no {DLL_PREFIX}onnxruntime{DLL_SUFFIX} in {}", listed.join(", "))
    })
}

/// Default locations of a library, searched where no path is given.
fn folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Some(beside) = std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned())) {
        folders.push(beside);
    }
    if let Ok(here) = std::env::current_dir() {
        folders.extend(here.ancestors().map(|folder| folder.join(".deps/onnxruntime")));
    }
    folders.push("/opt/onnxruntime/lib".into());
    folders.push("/usr/local/lib".into());
    folders.push(format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH).into());
    folders.extend(["/usr/lib64", "/usr/lib", "/opt/homebrew/lib"].map(PathBuf::from));
    folders
}

/// `libonnxruntime.so`, or the highest `libonnxruntime.so.<version>`.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let plain = format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}");
    let path = folder.join(&plain);
    if path.is_file() {
        return Some(path);
    }
    let numbered = format!("{plain}.");
    let numbers = |path: &PathBuf| -> Vec<u32> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.trim_start_matches(&numbered).split('.').map_while(|part| part.parse().ok()).collect()
    };
    std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&numbered))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .max_by_key(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_library_is_an_error_not_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("libonnxruntime.so");
        std::fs::write(&text, "no library").unwrap();
        for path in [text.as_path(), folder.path(), Path::new("/nowhere/libonnxruntime.so"), Path::new("/")] {
            let error = load(Some(path)).err().map(|error| error.to_string());
            assert!(error.as_ref().is_some_and(|error| error.contains("hint:")), "{error:?}");
        }
    }

    #[test]
    fn the_highest_version_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let name = |version: &str| folder.path().join(format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}{version}"));
        for version in [".1.9.0", ".1.31.1", ".1.4"] {
            std::fs::write(name(version), "").unwrap();
        }
        assert_eq!(library_in(folder.path()), Some(name(".1.31.1")));
        std::fs::write(name(""), "").unwrap();
        assert_eq!(library_in(folder.path()), Some(name("")));
    }
}
