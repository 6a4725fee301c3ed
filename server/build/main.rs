//! Puts what browsers load into the binary: the web app (`dist/`, made by Trunk) and the guide (`docs/guide/`), both
//! compressed at build time. `http::assets` and `http::guide` include the tables that it writes.

mod asset;
mod guide;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use asset::Assets;

fn main() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    println!("cargo::rerun-if-changed=build");
    // `cargo xtask run` builds the libraries while there is no web app yet, and nothing of this crate.
    if env::var_os("UPTRAKIT_LIBRARIES_ALONE").is_some() {
        return Err(io::Error::other("only the libraries were asked for"));
    }
    app(&out)?;
    guide::build(&out)
}

fn app(out: &Path) -> io::Result<()> {
    let dist = PathBuf::from("../dist");
    println!("cargo::rerun-if-changed=../dist");
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &mut files)?;
    }
    files.sort();
    let mut assets = Assets::new(out, "ASSETS");
    for file in files {
        let path = file.strip_prefix(&dist).expect("the file is in dist").to_str().expect("Trunk writes plain names");
        assets.add(&format!("/{path}"), &fs::read(&file)?)?;
    }
    assets.write("assets.rs")
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
