//! Collects the files that the server serves and writes them as a Rust table. Each file is compressed once, at build
//! time and at the highest level, so that no request waits for it.

use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

/// The generated tables name their types by the whole path, so that an empty one needs no imports that nothing uses.
const MODULE: &str = "crate::http::representation";
const PLAIN: &str = "the build folder has a Unicode name";

pub struct Assets {
    out: PathBuf,
    name: &'static str,
    count: usize,
    code: String,
}

impl Assets {
    pub fn new(out: &Path, name: &'static str) -> Self {
        Self { out: out.to_owned(), name, count: 0, code: format!("static {name}: &[{MODULE}::Asset] = &[\n") }
    }

    pub fn add(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let stem = format!("{}-{}", self.name.to_lowercase(), self.count);
        self.count += 1;
        let mut representations = vec![("br", brotli(bytes)?), ("gzip", gzip(bytes)?)];
        representations.retain(|(_, encoded)| encoded.len() < bytes.len());
        representations.push(("identity", bytes.to_owned()));
        representations.sort_by_key(|(_, encoded)| encoded.len());
        let _ = write!(
            self.code,
            "{MODULE}::Asset {{ path: {path:?}, content_type: {:?}, representations: &[",
            content_type(path)
        );
        for (coding, encoded) in representations {
            let file = self.out.join(format!("{stem}.{coding}"));
            fs::write(&file, &encoded)?;
            let _ = write!(
                self.code,
                "{MODULE}::Representation {{ coding: {coding:?}, etag: {:?}, bytes: include_bytes!({:?}) }}, ",
                etag(&encoded),
                file.to_str().expect(PLAIN),
            );
        }
        let _ = writeln!(self.code, "], is_immutable: {} }},", is_immutable(path));
        Ok(())
    }

    pub fn write(mut self, file: &str) -> io::Result<()> {
        self.code.push_str("];\n");
        fs::write(self.out.join(file), self.code)
    }
}

/// Returns a strong validator of a representation (RFC 9110, section 8.8.1), of 128 bits.
fn etag(encoded: &[u8]) -> String {
    let digest = Sha256::digest(encoded);
    digest[..16].iter().fold("\"".to_owned(), |tag, byte| format!("{tag}{byte:02x}")) + "\""
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}

fn brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 65_536, 11, 22);
    writer.write_all(bytes)?;
    writer.flush()?;
    drop(writer);
    Ok(compressed)
}

fn content_type(path: &str) -> &'static str {
    match Path::new(path).extension().and_then(|extension| extension.to_str()) {
        Some("html") | None => "text/html; charset=utf-8",
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

/// Trunk names a file `name-0123456789abcdef.ext`, with `_bg` after the hash of the wasm file. It leaves out leading
/// zeros of a hash, so that one hash in sixteen is a digit shorter.
fn is_immutable(path: &str) -> bool {
    let is_hash = |part: &str| (12..=16).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    path.split(['-', '_', '.', '/']).any(is_hash)
}
