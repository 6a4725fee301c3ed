//! The machine's id in reports, derived from the id that its operating system keeps. The system's own id is
//! confidential (machine-id(5)): it never leaves the machine, it can't be computed from the derived id, and the derived
//! id does not match any in another program's records.

use super::run::Programs;
use crate::{
    credentials,
    failure::{Failure, described},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// This id is Uptrakit's part of the derivation; a change would make every machine a new host.
const APPLICATION: [u8; 16] = 0xe9e1_15e7_481b_4e9d_a0aa_ced0_3eca_c7fd_u128.to_be_bytes();

pub fn read(programs: &Programs, given: Option<&str>, notes: &mut Vec<String>) -> Result<String, Failure> {
    let system = if cfg!(target_os = "macos") { platform_uuid(programs) } else { machine_id() };
    if let Some(given) = given {
        if system.is_some() && parse(given) == system {
            return Err(Failure::usage(
                "--machine-id names the id that the operating system keeps, which is confidential",
            )
            .hint("leave --machine-id out, or give an id of your own, such as web-2"));
        }
        return Ok(given.to_owned());
    }
    match system {
        Some(id) => Ok(derive(id)),
        None => made_up(notes),
    }
}

/// Derives the id as `sd_id128_get_machine_app_specific` does: HMAC-SHA256 keyed with the machine's id over the
/// application's, cut to 16 bytes and marked as a random UUID.
fn derive(machine: u128) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&machine.to_be_bytes()).expect("HMAC takes keys of any length");
    mac.update(&APPLICATION);
    let digest = mac.finalize().into_bytes();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    format!("{:032x}", u128::from_be_bytes(bytes))
}

fn machine_id() -> Option<u128> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"].into_iter().find_map(|path| parse(&fs::read_to_string(path).ok()?))
}

fn platform_uuid(programs: &Programs) -> Option<u128> {
    let said = programs.run("ioreg", &["-rd1", "-c", "IOPlatformExpertDevice"]).ok()?;
    let line = said.text.lines().find(|line| line.contains("IOPlatformUUID"))?;
    parse(line.split('"').rev().nth(1)?)
}

/// Parses 32 hexadecimal digits, with or without dashes. All zeros, `uninitialized` and an empty file are no id.
fn parse(text: &str) -> Option<u128> {
    let digits: String = text.trim_start_matches('\u{feff}').trim().chars().filter(|c| *c != '-').collect();
    let well_formed = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if well_formed { u128::from_str_radix(&digits, 16).ok().filter(|id| *id != 0) } else { None }
}

/// Returns an id for a machine that has none, such as a container. The id is created at random and kept in a file.
fn made_up(notes: &mut Vec<String>) -> Result<String, Failure> {
    let unkept = |error: &dyn std::fmt::Display| {
        Failure::failed("this machine has no id, and none could be kept")
            .caused_by(error)
            .hint("make one with `systemd-machine-id-setup` or `dbus-uuidgen --ensure=/etc/machine-id`")
    };
    let folder = credentials::configuration_folder().ok_or_else(|| unkept(&"HOME is not set"))?;
    let path = folder.join("machine-id");
    let id = match kept(&path) {
        Some(id) => id,
        None => make(&path).map_err(|error| unkept(&described(&error)))?,
    };
    notes.push(format!("machine id: this machine has none of its own; the one in {} is used", path.display()));
    Ok(derive(id))
}

fn kept(path: &Path) -> Option<u128> {
    parse(&fs::read_to_string(path).ok()?)
}

fn make(path: &Path) -> io::Result<u128> {
    let mut random = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let id = u128::from_be_bytes(random);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{id:032x}")?;
    file.sync_all()?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::{derive, parse};

    /// The expected id was printed by `systemd-id128 --app-specific=e9e115e7481b4e9da0aaced03ecac7fd machine-id` on a
    /// machine of this id.
    #[test]
    fn ids_are_derived_as_systemd_derives_them() {
        let id = parse("0123456789abcdef0123456789abcdef\n").unwrap();
        assert_eq!(derive(id), "102663b4a46345848ff03655ea2a3ea9");
    }

    #[test]
    fn what_is_no_id_is_not_taken_for_one() {
        for text in [
            "",
            "\n",
            "uninitialized\n",
            "00000000000000000000000000000000",
            "0123",
            "g123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        assert!(parse("01234567-89AB-CDEF-0123-456789ABCDEF").is_some());
    }
}
