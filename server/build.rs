//! Puts the web app (`dist/`, made by Trunk) into the binary, compressed ahead.

use std::{
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Why paths can be written as text.
const PLAIN: &str = "the build folder has a Unicode name";

fn main() -> io::Result<()> {
    let dist = PathBuf::from("../dist");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    println!("cargo::rerun-if-changed=../dist");
    println!("cargo::rerun-if-changed=../migrations");
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &mut files)?;
    }
    files.sort();
    let mut code = String::from("static ASSETS: &[Asset] = &[\n");
    for (index, file) in files.iter().enumerate() {
        let path = file.strip_prefix(&dist).expect("the file is in dist").to_str().expect("Trunk writes plain names");
        let bytes = fs::read(file)?;
        let source = out.join(format!("{index}.raw"));
        fs::write(&source, &bytes)?;
        let compressed = compress(&bytes)?;
        let brotli = if compressed.len() < bytes.len() {
            let target = out.join(format!("{index}.br"));
            fs::write(&target, compressed)?;
            format!("Some(include_bytes!({:?}))", target.to_str().expect(PLAIN))
        } else {
            "None".to_owned()
        };
        let _ = writeln!(
            code,
            "Asset {{ path: {:?}, content_type: {:?}, bytes: include_bytes!({:?}), brotli: {brotli}, is_immutable: {} }},",
            format!("/{path}"),
            content_type(file),
            source.to_str().expect(PLAIN),
            is_immutable(path),
        );
    }
    code.push_str("];\n");
    fs::write(out.join("assets.rs"), code)
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

fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 65_536, 11, 22);
    writer.write_all(bytes)?;
    writer.flush()?;
    drop(writer);
    Ok(compressed)
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Trunk writes `name-0123456789abcdef.ext`, and `_bg` behind the hash of the wasm file.
fn is_immutable(path: &str) -> bool {
    path.split(['-', '_', '.', '/']).any(|part| part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
