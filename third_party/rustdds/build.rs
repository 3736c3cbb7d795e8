//! Unpacks crates.io's archive into the build folder and applies the patches to it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const ARCHIVE: &str = "rustdds-0.15.1";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={ARCHIVE}.crate");
    println!("cargo::rerun-if-changed=patches");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let source = out.join(ARCHIVE);
    if source.exists() {
        fs::remove_dir_all(&source).expect("the build folder can be written");
    }
    let archive = format!("{ARCHIVE}.crate");
    let unpacked = Command::new("tar").arg("-xzf").arg(&archive).arg("-C").arg(&out).status();
    assert!(unpacked.is_ok_and(|status| status.success()), "expected `tar` to unpack third_party/rustdds/{archive}");
    let mut patches: Vec<PathBuf> =
        fs::read_dir("patches").expect("the folder patches").map(|entry| entry.expect("an entry").path()).collect();
    patches.sort();
    for patch in patches {
        apply(&patch, &source);
    }
    // Inner attributes and the crate's documentation cannot be included into another file.
    let lib = source.join("src/lib.rs");
    let text = fs::read_to_string(&lib).expect("src/lib.rs");
    let items = text.find("\nmod ").expect("src/lib.rs declares modules");
    fs::write(&lib, &text[items..]).expect("the build folder can be written");
}

/// Applies a unified diff. The text of a hunk decides where it goes, and has to be there exactly once.
fn apply(patch: &Path, source: &Path) {
    let text = fs::read_to_string(patch).expect("a patch");
    for file in text.split("\n--- ").skip(1) {
        let (header, hunks) = file.split_once("\n@@").expect("a hunk");
        let name = header.split_once("\n+++ b/").expect("the name of a file").1.trim_end();
        let path = source.join(name);
        let mut content = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for hunk in hunks.split("\n@@") {
            let (mut old, mut new) = (String::new(), String::new());
            for line in hunk.lines().skip(1) {
                let (kind, line) = line.split_at_checked(1).unwrap_or((" ", ""));
                if kind != "+" {
                    old.extend([line, "\n"]);
                }
                if kind != "-" {
                    new.extend([line, "\n"]);
                }
            }
            let found = content.matches(&old).count();
            assert!(found == 1, "{}: expected this once in {name}, got it {found} times:\n{old}", patch.display());
            content = content.replacen(&old, &new, 1);
        }
        fs::write(&path, content).expect("the build folder can be written");
    }
}
