//! The second half of `cargo xtask dist --check`: installs the packages of this machine into a Debian of their own and
//! uses, upgrades and removes them there, and runs the image. Nothing of this machine is changed.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{
    debian,
    process::{announce, find, fresh_folder, program, read, run, succeeds, target},
    tools,
};

const SUITE: &str = "bookworm";
const USER: u32 = 65532;
pub const IMAGE: &str = "uptrakit";

/// Debian's name of a machine, which containers use as well.
pub fn debian_name(machine: &str) -> &'static str {
    if machine == "aarch64" { "arm64" } else { "amd64" }
}

pub const fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

pub fn check(made: &Path) -> Result<()> {
    for (name, package) in [("mmdebstrap", "mmdebstrap"), ("runc", "runc")] {
        ensure!(find(name).is_some() || debian::install(package)?, "`{name}` was not found: install it and try again");
    }
    let folder = target().join("dist-check");
    packages(made, &folder)?;
    image(made, &folder)?;
    announce("The packages can be installed, used, upgraded and removed, and the image runs");
    Ok(())
}

/// A Debian in a folder, in which programs run without reaching the rest of the machine's files.
struct Debian {
    root: PathBuf,
}

impl Debian {
    fn new(folder: &Path) -> Result<Self> {
        let base = folder.join(format!("{SUITE}.tar"));
        if !base.is_file() {
            fs::create_dir_all(folder)?;
            announce(&format!("Making a Debian {SUITE} to install into (once, less than two minutes)"));
            let partial = folder.join("partial.tar");
            run(program("mmdebstrap")
                .args(["--quiet", "--variant=minbase", "--include=systemd-standalone-sysusers", SUITE])
                .arg(&partial))?;
            fs::rename(partial, &base)?;
        }
        let root = folder.join("root");
        fresh_folder(&root)?;
        run(program("tar").arg("-C").arg(&root).arg("-xf").arg(&base))?;
        Ok(Self { root })
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    fn as_user(&self, user: &str, words: &[&str]) -> Command {
        let mut command = program("chroot");
        command.arg(format!("--userspec={user}:")).arg(&self.root).args(words);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    fn dpkg(&self, words: &[&str]) -> Result<String> {
        let output = self.as_user("root", &[&["dpkg"], words].concat()).output()?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        ensure!(output.status.success(), "`dpkg {}` failed: {said}", words.join(" "));
        Ok(said)
    }

    fn install(&self, packages: &[PathBuf]) -> Result<()> {
        let mut words = vec!["--install".to_owned()];
        for package in packages {
            let name = package.file_name().context("a package has a name")?.to_string_lossy();
            let inside = format!("/tmp/{name}");
            fs::copy(package, self.at(&inside))?;
            words.push(inside);
        }
        self.dpkg(&words.iter().map(String::as_str).collect::<Vec<_>>()).map(drop)
    }

    fn mode_of(&self, path: &str) -> Result<u32> {
        Ok(fs::metadata(self.at(path)).with_context(|| format!("{path} is missing"))?.mode() & 0o7777)
    }
}

struct Server {
    child: Child,
}

impl Server {
    fn start(command: &mut Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("the output is piped")?;
        let mut first = String::new();
        BufReader::new(output).read_line(&mut first)?;
        let server = Self { child };
        ensure!(first.starts_with("Uptrakit is listening on "), "the server does not start");
        Ok(server)
    }

    fn stop(mut self, stop: &mut Command) -> Result<()> {
        run(stop)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SETTINGS: &str = "/etc/uptrakit/uptrakit.toml";
const DATA: &str = "/var/lib/uptrakit";

fn packages(made: &Path, folder: &Path) -> Result<()> {
    announce("Installing, using, upgrading and removing the packages");
    let debian = Debian::new(folder)?;
    let files = |version: &str, from: &Path| {
        let file = |package: &str| from.join(format!("{package}_{version}_{}.deb", debian_name(env::consts::ARCH)));
        [file("uptrakit-server"), file("uptrakit")]
    };
    debian.install(&files(&format!("{}-1", version()), made))?;

    let users = fs::read_to_string(debian.at("/etc/passwd"))?;
    let user = users.lines().find(|line| line.starts_with("uptrakit:")).context("there is no user uptrakit")?;
    ensure!(user.contains(&format!(":{DATA}:/usr/sbin/nologin")), "the user has another home or shell: {user}");
    let ids: Vec<u32> = user.split(':').filter_map(|field| field.parse().ok()).collect();
    let [uid, gid] = ids[..] else { bail!("the user has no ids: {user}") };
    ensure!(debian.mode_of(SETTINGS)? == 0o640, "everybody can read {SETTINGS}");
    ensure!(fs::metadata(debian.at(SETTINGS))?.gid() == gid, "the service can't read {SETTINGS}");
    for file in [
        "/usr/lib/systemd/system/uptrakit.service",
        "/usr/lib/systemd/system/uptrakit-report.service",
        "/usr/lib/systemd/system/uptrakit-report.timer",
        "/usr/share/man/man1/uptrakit-hosts-report.1.gz",
        "/usr/share/bash-completion/completions/uptrakit",
        "/usr/share/zsh/vendor-completions/_uptrakit",
        "/usr/share/fish/vendor_completions.d/uptrakit.fish",
    ] {
        debian.mode_of(file)?;
    }
    let wanted = debian.at("/etc/systemd/system/multi-user.target.wants/uptrakit.service");
    ensure!(wanted.is_symlink(), "the service does not start with the machine");
    let timer = debian.at("/etc/systemd/system/timers.target.wants/uptrakit-report.timer");
    ensure!(!timer.is_symlink(), "the timer is on before it has a token");

    // What systemd does for `StateDirectory=`.
    fs::create_dir_all(debian.at(DATA))?;
    fs::set_permissions(debian.at(DATA), fs::Permissions::from_mode(0o700))?;
    std::os::unix::fs::chown(debian.at(DATA), Some(uid), Some(gid))?;
    let settings = format!("{}listen = \"{}\"\n", fs::read_to_string(debian.at(SETTINGS))?, free_address()?);
    fs::write(debian.at(SETTINGS), &settings)?;

    use_server(&debian, true)?;
    // Neither root nor the user of the server, as with the timer of the package.
    fs::write(debian.at("/etc/machine-id"), "0123456789abcdef0123456789abcdef\n")?;
    run(debian.as_user("nobody", &["uptrakit", "hosts", "report", "--dry-run"]).stdout(Stdio::null()))?;

    let newer = folder.join("newer");
    fresh_folder(&newer)?;
    for package in ["uptrakit-server", "uptrakit-cli"] {
        let triple = format!("{}-unknown-linux-musl", env::consts::ARCH);
        run(tools::cargo_deb()?
            .args(["deb", "--quiet", "--no-build", "--no-strip", "--locked", "--fast", "--package", package])
            .args(["--deb-version", "999.0.0-1", "--target", &triple, "--output"])
            .arg(&newer))?;
    }
    debian.install(&files("999.0.0-1", &newer))?;
    ensure!(fs::read_to_string(debian.at(SETTINGS))? == settings, "the upgrade has changed {SETTINGS}");
    ensure!(debian.mode_of(SETTINGS)? == 0o640, "after the upgrade everybody can read {SETTINGS}");
    use_server(&debian, false)?;

    debian.dpkg(&["--remove", "uptrakit-server", "uptrakit"])?;
    ensure!(!debian.at("/usr/bin/uptrakit-server").exists(), "the server is not removed");
    ensure!(debian.at(SETTINGS).is_file(), "the removal has taken {SETTINGS} away");
    ensure!(debian.at(DATA).join("uptrakit.db").is_file(), "the removal has taken the data away");
    let said = debian.dpkg(&["--purge", "uptrakit-server", "uptrakit"])?;
    ensure!(
        said.contains("The data of Uptrakit stay in /var/lib/uptrakit"),
        "purge does not say what it leaves: {said}"
    );
    ensure!(!debian.at(SETTINGS).exists(), "purge has left {SETTINGS}");
    ensure!(debian.at(DATA).join("uptrakit.db").is_file(), "purge has taken the data away");
    Ok(fs::remove_dir_all(&debian.root)?)
}

fn use_server(debian: &Debian, is_first: bool) -> Result<()> {
    let server = Server::start(&mut debian.as_user("uptrakit", &["uptrakit-server"]))?;
    let command = |words: &[&str]| debian.as_user("uptrakit", &[&["uptrakit-server"], words].concat());
    if is_first {
        let add = ["user", "add", "ada", "--email", "ada@example.org", "--role", "administrator", "--password-stdin"];
        let mut add = command(&add).stdin(Stdio::piped()).spawn()?;
        add.stdin.take().context("the input is piped")?.write_all(b"an evening walk along the canal")?;
        ensure!(add.wait()?.success(), "an account can't be added");
    }
    ensure!(read(&mut command(&["user", "list"]))?.contains("ada@example.org"), "the account is gone");
    run(command(&["health"]).stdout(Stdio::null()))?;
    run(command(&["doctor"]).stdout(Stdio::null()))?;
    let id = server.child.id().to_string();
    server.stop(program("kill").args(["-TERM", &id]))
}

/// Runs the image as a container engine does: as its user, with a root that can't be written and one volume.
fn image(made: &Path, folder: &Path) -> Result<()> {
    announce("Running the image");
    let folder = folder.join("image");
    fresh_folder(&folder)?;
    let (unpacked, root, volume) = (folder.join("unpacked"), folder.join("rootfs"), folder.join("volume"));
    for folder in [&unpacked, &root] {
        fs::create_dir(folder)?;
    }
    let name = format!("uptrakit-server-{}-container-{}.tar", version(), debian_name(env::consts::ARCH));
    run(program("tar").arg("-C").arg(&unpacked).arg("-xf").arg(made.join(name)))?;
    let read_json = |file: &str| -> Result<Value> { Ok(serde_json::from_slice(&fs::read(unpacked.join(file))?)?) };
    let manifest = read_json("manifest.json")?[0].take();
    ensure!(manifest["RepoTags"][0].as_str().is_some_and(|tag| tag.contains(IMAGE)), "the image has no name");
    for layer in manifest["Layers"].as_array().context("the image has layers")? {
        run(program("tar").arg("-C").arg(&root).arg("-xf").arg(unpacked.join(layer.as_str().unwrap_or_default())))?;
    }
    let config = read_json(manifest["Config"].as_str().unwrap_or_default())?["config"].take();
    ensure!(config["User"] == format!("{USER}:{USER}"), "the image has another user: {}", config["User"]);
    ensure!(config["Volumes"] == json!({ "/data": {} }), "the image has other volumes: {}", config["Volumes"]);
    let probe = config["Healthcheck"]["Test"].as_array().context("the image has no health check")?;
    let probe: Vec<&str> = probe.iter().filter_map(Value::as_str).skip_while(|word| *word == "CMD").collect();
    // A new volume is a copy of what the image has in its place.
    run(program("cp").arg("-a").arg(root.join("data")).arg(&volume))?;
    ensure!(fs::metadata(&volume)?.uid() == USER, "the user of the image does not own /data");
    fs::create_dir_all(root.join("proc"))?;

    let address = free_address()?;
    let mut variables = config["Env"].as_array().context("the image has variables")?.clone();
    // Later ones win, as those of a command line do over those of the image.
    variables.push(json!(format!("UPTRAKIT_LISTEN={address}")));
    variables.retain(|variable| variable != "UPTRAKIT_LISTEN=0.0.0.0:8080");
    let bundle = json!({
        "ociVersion": "1.0.2",
        "process": {
            "user": { "uid": USER, "gid": USER }, "args": config["Entrypoint"], "env": variables, "cwd": "/",
            "noNewPrivileges": true, "capabilities": {},
        },
        "root": { "path": "rootfs", "readonly": true },
        "mounts": [
            { "destination": "/proc", "type": "proc", "source": "proc" },
            { "destination": "/data", "type": "bind", "source": volume, "options": ["bind", "rw"] },
        ],
        "linux": { "namespaces": [{ "type": "mount" }, { "type": "pid" }, { "type": "ipc" }, { "type": "uts" }] },
    });
    fs::write(folder.join("config.json"), bundle.to_string())?;
    let id = format!("uptrakit-check-{}", std::process::id());
    let runc = |words: &[&str]| {
        let mut runc = program("runc");
        runc.arg("--root").arg(folder.join("state")).args(words);
        runc
    };
    let server = Server::start(runc(&["run", "--bundle"]).arg(&folder).arg(&id))?;
    let inside = |words: &[&str]| runc(&[&["exec", &id], words].concat());
    run(inside(&probe).stdout(Stdio::null()))?;
    let command = |words: &[&str]| inside(&[&["/usr/bin/uptrakit-server"], words].concat());
    run(&mut command(&["backup", "/data/copy.db"]))?;
    ensure!(!succeeds(&mut command(&["backup", "/copy.db"])), "the root of the container can be written");
    for file in ["uptrakit.db", "copy.db"] {
        ensure!(fs::metadata(volume.join(file))?.uid() == USER, "{file} belongs to another user");
    }
    server.stop(&mut runc(&["kill", &id, "TERM"]))?;
    Ok(fs::remove_dir_all(&folder)?)
}

fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}
