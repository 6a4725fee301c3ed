//! `cargo xtask dist`: makes what people install without compiling, in `target/dist`: packages for Debian and its
//! relatives, archives, an image for containers, a bill of materials and check sums. The programs are static, so that
//! they run on every Linux.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    debian,
    dist_check::{self, IMAGE, debian_name, version},
    process::{announce, find, fresh_folder, is_root, program, read, root, run, target},
    product,
    split::Effort,
    tools,
};

const USAGE: &str = "Usage: cargo xtask dist [--check] [--quick] [x86_64|aarch64]…

  --check  also install, use and remove what was made for this machine, in a directory of its own
  --check-only
           do that with what an earlier run has made
  --quick  build without optimisation, to try packaging out";

const MACHINES: [&str; 2] = ["x86_64", "aarch64"];

struct Options {
    machines: Vec<&'static str>,
    is_quick: bool,
    is_checked: bool,
    is_check_only: bool,
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Option<Self>> {
        let mut options = Self { machines: Vec::new(), is_quick: false, is_checked: false, is_check_only: false };
        for argument in arguments {
            match argument.as_str() {
                "--quick" => options.is_quick = true,
                "--check" => options.is_checked = true,
                "--check-only" => options.is_check_only = true,
                "-h" | "--help" => return Ok(None),
                name => match MACHINES.iter().find(|machine| **machine == name) {
                    Some(machine) => options.machines.push(machine),
                    None => bail!("`{name}` is no argument of this command.\n\n{USAGE}"),
                },
            }
        }
        if options.machines.is_empty() {
            options.machines = MACHINES.to_vec();
        }
        if !options.machines.contains(&env::consts::ARCH) {
            // The manual pages and the completions are written by the program itself.
            options.machines.push(if env::consts::ARCH == "aarch64" { "aarch64" } else { "x86_64" });
        }
        // What is made for this machine comes first.
        options.machines.sort_by_key(|machine| *machine != env::consts::ARCH);
        Ok(Some(options))
    }
}

pub fn dist(arguments: &[String]) -> Result<()> {
    let Some(options) = Options::parse(arguments)? else {
        println!("{USAGE}");
        return Ok(());
    };
    let made = target().join("dist");
    if options.is_check_only {
        return check(&made);
    }
    fresh_folder(&made)?;
    if cfg!(target_os = "macos") {
        return command_line_for_macos(&made);
    }
    ensure!(cfg!(target_os = "linux"), "packages are made on Linux or macOS");
    product::web(Effort::Full)?;
    for machine in &options.machines {
        let programs = build(machine, options.is_quick)?;
        if *machine == env::consts::ARCH {
            write_pages(&programs)?;
        }
        package(&made, machine, options.is_quick)?;
        archive(&made, &format!("linux-{machine}"), &programs, &["uptrakit-server", "uptrakit"])?;
        image(&made, machine, &programs)?;
    }
    bills_of_materials(&made)?;
    check_sums(&made, "SHA256SUMS")?;
    announce("The command line for macOS is left out: Apple's libraries are on a Mac alone; run this command there");
    announce(&format!("Everything is in {}", made.display()));
    if options.is_checked { check(&made) } else { Ok(()) }
}

/// Only root may change its root directory and make users.
fn check(made: &Path) -> Result<()> {
    if is_root() {
        return dist_check::check(made);
    }
    announce("Checking what was made, as root");
    let variable = |name: &str| format!("{name}={}", env::var(name).unwrap_or_default());
    let program = env::current_exe()?;
    run(debian::as_root(&[&variable("HOME"), &variable("PATH")]).arg(program).args(["dist", "--check-only"]))
}

/// Builds both programs with musl, and returns their folder. Zig is a compiler and linker of C for all machines at once.
fn build(machine: &str, is_quick: bool) -> Result<PathBuf> {
    let name = format!("{machine}-unknown-linux-musl");
    tools::add_target(&name)?;
    announce(&format!("Building both programs for {machine} (about ten minutes on two cores when all of it is new)"));
    let mut build = tools::zigbuild()?;
    build.args(["zigbuild", "--release", "--locked", "--target", &name]);
    build.args(["--package", "uptrakit-server", "--package", "uptrakit-cli"]);
    let variable = name.replace('-', "_").to_uppercase();
    build.env(format!("CARGO_TARGET_{variable}_RUSTFLAGS"), product::short_paths());
    if is_quick {
        build.envs([
            ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
            ("CARGO_PROFILE_RELEASE_LTO", "off"),
            ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256"),
        ]);
    }
    run(&mut build)?;
    Ok(target().join(name).join("release"))
}

fn write_pages(programs: &Path) -> Result<()> {
    let folder = written();
    fresh_folder(&folder)?;
    let cli = programs.join("uptrakit");
    run(program(&cli).arg("man").arg(folder.join("man")))?;
    for (shell, file) in [("bash", "uptrakit.bash"), ("zsh", "_uptrakit"), ("fish", "uptrakit.fish")] {
        fs::write(folder.join(file), read(program(&cli).args(["completions", shell]))?)?;
    }
    Ok(())
}

fn written() -> PathBuf {
    root().join("target/written")
}

fn package(made: &Path, machine: &str, is_quick: bool) -> Result<()> {
    for package in ["uptrakit-server", "uptrakit-cli"] {
        let mut deb = tools::cargo_deb()?;
        deb.args(["deb", "--quiet", "--no-build", "--no-strip", "--locked", "--package", package]);
        deb.args(["--target", &format!("{machine}-unknown-linux-musl"), "--output"]).arg(made);
        deb.env("SOURCE_DATE_EPOCH", source_date()?);
        if is_quick {
            deb.arg("--fast");
        }
        run(&mut deb)?;
    }
    Ok(())
}

fn archive(made: &Path, platform: &str, programs: &Path, names: &[&str]) -> Result<()> {
    let name = format!("uptrakit-{}-{platform}", version());
    let folder = target().join("dist-archive").join(&name);
    fresh_folder(&folder)?;
    for name in names {
        fs::copy(programs.join(name), folder.join(name)).with_context(|| format!("{name} can't be copied"))?;
    }
    for file in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "docs/operations.md"] {
        let file = root().join(file);
        fs::copy(&file, folder.join(file.file_name().unwrap_or_default()))?;
    }
    copy_folder(&written(), &folder.join("share"))?;
    if names.contains(&"uptrakit-server") {
        copy_folder(&root().join("docs/operations"), &folder.join("operations"))?;
    }
    let above = folder.parent().unwrap_or(&folder);
    // GNU tar and the bsdtar of macOS have no option for this in common but the format.
    let plain: &[&str] = if cfg!(target_os = "linux") {
        &["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u+rw,go+r-w"]
    } else {
        &["--uid=0", "--gid=0"]
    };
    let mut tar = program("tar");
    tar.args(plain);
    if cfg!(target_os = "linux") {
        tar.arg(format!("--mtime=@{}", source_date()?));
    }
    run(tar.arg("-C").arg(above).arg("-czf").arg(made.join(format!("{name}.tar.gz"))).arg(&name))?;
    Ok(fs::remove_dir_all(above)?)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

/// Builds the image with Debian's buildah, which needs no daemon, and writes it as `docker load` and `podman load` read
/// it.
fn image(made: &Path, machine: &str, programs: &Path) -> Result<()> {
    let architecture = debian_name(machine);
    announce(&format!("Building the image for containers ({architecture})"));
    let folder = target().join("dist-image");
    fresh_folder(&folder)?;
    let context = folder.join("context");
    fs::create_dir_all(context.join("data"))?;
    fs::copy(programs.join("uptrakit-server"), context.join("uptrakit-server"))?;
    fs::copy(authorities()?, context.join("ca-certificates.crt"))?;
    let tag = format!("{IMAGE}:{}", version());
    run(buildah(&folder)?
        .args(["build", "--quiet", "--isolation", "chroot", "--format", "docker"])
        .args(["--platform", &format!("linux/{architecture}"), "--timestamp", &source_date()?])
        .args(["--tag", &tag, "--file"])
        .arg(root().join("docs/operations/container/Containerfile"))
        .arg(&context))?;
    let file = made.join(format!("uptrakit-server-{}-container-{architecture}.tar", version()));
    run(buildah(&folder)?.args(["push", "--quiet", &tag]).arg(format!("docker-archive:{}:{tag}", file.display())))?;
    run(debian::as_root(&["rm", "-rf"]).arg(&folder))?;
    if !is_root() {
        run(debian::as_root(&["chown", read(program("id").arg("-u"))?.trim()]).arg(&file))?;
    }
    Ok(())
}

/// buildah's way with the least demands on the machine: as root, and on any file system.
fn buildah(folder: &Path) -> Result<Command> {
    if find("buildah").is_none() {
        ensure!(debian::install("buildah")?, "`buildah` was not found: install it and try again");
    }
    let mut buildah = debian::as_root(&["buildah", "--storage-driver", "vfs"]);
    buildah.arg("--root").arg(folder.join("storage")).arg("--runroot").arg(folder.join("run"));
    Ok(buildah)
}

fn authorities() -> Result<PathBuf> {
    let files = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];
    let found = files.iter().map(PathBuf::from).find(|file| file.is_file());
    found.context("there are no certificate authorities here: install the package ca-certificates")
}

fn bills_of_materials(made: &Path) -> Result<()> {
    announce("Writing the bills of materials");
    let linux = "x86_64-unknown-linux-musl";
    for (folder, target, name) in [
        ("server", linux, "uptrakit-server"),
        ("cli", linux, "uptrakit"),
        ("frontend", "wasm32-unknown-unknown", "uptrakit-web-app"),
    ] {
        let bill = format!("{name}-{}.cdx", version());
        let manifest = root().join(folder).join("Cargo.toml");
        run(tools::cyclonedx()?
            .args(["cyclonedx", "--quiet", "--format", "json", "--spec-version", "1.5", "--target", target])
            .args(["--override-filename", &bill, "--manifest-path"])
            .arg(&manifest)
            .env("SOURCE_DATE_EPOCH", source_date()?))?;
        // The tool writes one file into the folder of each package of the workspace.
        let file = format!("{bill}.json");
        let text = fs::read_to_string(root().join(folder).join(&file))?;
        // Where the repository is on this machine matters to nobody else.
        fs::write(made.join(&file), text.replace(&root().display().to_string(), "/uptrakit"))?;
        for other in fs::read_dir(root())?.flatten() {
            let _ = fs::remove_file(other.path().join(&file));
        }
    }
    Ok(())
}

fn check_sums(made: &Path, name: &str) -> Result<()> {
    let mut names: Vec<_> = fs::read_dir(made)?.map(|entry| Ok(entry?.file_name())).collect::<Result<_>>()?;
    names.sort();
    let sum: &[&str] = if cfg!(target_os = "macos") { &["shasum", "-a", "256"] } else { &["sha256sum"] };
    let sums = read(program(sum[0]).args(&sum[1..]).args(names).current_dir(made))?;
    Ok(fs::write(made.join(name), sums)?)
}

fn command_line_for_macos(made: &Path) -> Result<()> {
    for machine in MACHINES {
        let name = format!("{machine}-apple-darwin");
        tools::add_target(&name)?;
        let mut build = crate::process::cargo();
        run(build.args(["build", "--release", "--locked", "--target", &name, "--package", "uptrakit-cli"]))?;
        let programs = target().join(&name).join("release");
        if machine == env::consts::ARCH || !written().is_dir() {
            write_pages(&programs)?;
        }
        archive(made, &format!("macos-{machine}"), &programs, &["uptrakit"])?;
    }
    check_sums(made, "SHA256SUMS.macos")
}

/// The instant of the last commit: files of one commit are the same, whenever they are made.
fn source_date() -> Result<String> {
    Ok(read(program("git").args(["log", "-1", "--format=%ct"]))?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_built_first_and_always() {
        let parsed = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            Options::parse(&arguments)
        };
        assert!(parsed(&["--help"]).unwrap().is_none());
        assert!(parsed(&["arm"]).err().unwrap().to_string().contains("`arm`"));
        for arguments in [&[][..], &["x86_64"], &["--quick", "aarch64", "--check"]] {
            let options = parsed(arguments).unwrap().unwrap();
            assert_eq!(options.machines[0], env::consts::ARCH);
            assert_eq!(options.is_quick, arguments.contains(&"--quick"));
            assert_eq!(options.is_checked, arguments.contains(&"--check"));
        }
    }
}
