//! Lets the programs find libtorch where they were built, without LD_LIBRARY_PATH.

fn main() {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    if let Ok(folder) = std::env::var("LIBTORCH") {
        // DT_RPATH rather than RUNPATH: it also serves libtorch's own dependencies in the same folder.
        println!("cargo:rustc-link-arg=-Wl,--disable-new-dtags,-rpath,{folder}/lib");
    }
}
