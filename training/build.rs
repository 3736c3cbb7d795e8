//! Lets the programs find libtorch where they were built, without LD_LIBRARY_PATH, and tells the export the versions of
//! the libraries that it records.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let libtorch = std::env::var("LIBTORCH").ok();
    if let Some(folder) = &libtorch {
        // DT_RPATH rather than RUNPATH: it also serves libtorch's own dependencies in the same folder.
        println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags,-rpath,{folder}/lib");
    }
    let lock = lock_file();
    println!("cargo:rerun-if-changed={}", lock.display());
    let locked = std::fs::read_to_string(&lock).unwrap_or_default();
    for (name, variable) in [("tch", "PLANWRIGHT_TCH"), ("onnx-protobuf", "PLANWRIGHT_ONNX_PROTOBUF")] {
        println!("cargo:rustc-env={variable}={}", version_of(&locked, name));
    }
    println!("cargo:rustc-env=PLANWRIGHT_LIBTORCH={}", libtorch_version(libtorch.as_deref()));
}

/// The workspace's lock file: the first one above this package.
fn lock_file() -> PathBuf {
    let package = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let found = Path::new(&package).ancestors().map(|folder| folder.join("Cargo.lock")).find(|path| path.exists());
    found.unwrap_or_else(|| PathBuf::from("Cargo.lock"))
}

/// The locked version of a package.
fn version_of(locked: &str, name: &str) -> String {
    let line = format!("name = \"{name}\"");
    let mut lines = locked.lines().skip_while(|text| *text != line);
    let version = lines.nth(1).and_then(|text| text.strip_prefix("version = ")).map(|text| text.trim_matches('"'));
    version.unwrap_or("unknown").to_owned()
}

/// The version in libtorch's header.
fn libtorch_version(folder: Option<&str>) -> String {
    let header = Path::new(folder.unwrap_or_default()).join("include/torch/headeronly/version.h");
    let text = std::fs::read_to_string(header).unwrap_or_default();
    let number = |part: &str| {
        let start = format!("#define TORCH_VERSION_{part} ");
        text.lines().find_map(|line| line.strip_prefix(&start)).map(str::trim)
    };
    match [number("MAJOR"), number("MINOR"), number("PATCH")] {
        [Some(major), Some(minor), Some(patch)] => format!("{major}.{minor}.{patch}"),
        _ => "unknown".to_owned(),
    }
}
