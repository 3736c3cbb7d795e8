//! Checkpoints of cells: whether a cell's fit continues from the one in its folder.

use super::StudyError;
use crate::fit::{Checkpoint, CheckpointError};
use std::path::Path;

/// Whether there is a checkpoint to continue from. One of an older format, which no fit can continue from, is renamed
/// with a warning, so that a study folder of before does not stop for good. Other faults are left to the fit.
///
/// # Errors
/// If it cannot be renamed.
pub fn resumable(path: &Path) -> Result<bool, StudyError> {
    if !path.exists() {
        return Ok(false);
    }
    let Err(CheckpointError::Version { got, .. }) = Checkpoint::read(path) else { return Ok(true) };
    let aside = path.with_extension(format!("format-{got}.safetensors"));
    planwright::files::set_aside(path, &aside).map_err(|source| StudyError::Io { path: path.to_owned(), source })?;
    eprintln!(
        "warning: {}: a checkpoint of format {got}; the fit starts anew, the file is kept as {}",
        path.display(),
        aside.display()
    );
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_of_an_older_format_is_set_aside_and_others_are_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("checkpoint.safetensors");
        assert!(!resumable(&path).expect("none"));
        std::fs::write(&path, "damaged").expect("written");
        assert!(resumable(&path).expect("the fit's matter") && path.exists());
        let state = r#"{"__metadata__":{"planwright.training":"{\"step\":40,\"recipe\":{}}"}}"#;
        let bytes = [&(state.len() as u64).to_le_bytes()[..], state.as_bytes()].concat();
        std::fs::write(&path, &bytes).expect("written");
        assert!(!resumable(&path).expect("renamed") && !path.exists());
        let kept = std::fs::read(folder.path().join("checkpoint.format-1.safetensors")).expect("kept");
        assert_eq!(kept, bytes);
    }
}
