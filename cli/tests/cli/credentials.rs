//! Tests which token is used, and how the saved tokens are protected.

use crate::support::{Program, Server, UNKNOWN_TOKEN, assert_transcript};
use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{fs::PermissionsExt, net::UnixListener},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

fn signed_in(server: &Server) -> Program {
    let program = Program::new();
    let outcome = program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &server.token);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    program
}

#[test]
fn a_flag_outweighs_the_environment_and_both_outweigh_what_is_saved() {
    let server = Server::start();
    let program = signed_in(&server);
    program.ok(&["auth", "status"]);
    let program = program.with("UPTRAKIT_TOKEN", UNKNOWN_TOKEN);
    assert_eq!(program.run(&["auth", "status"]).code, 3);
    program.ok(&["auth", "status", "--token", &server.token]);
}

#[test]
fn status_says_where_the_token_came_from() {
    let server = Server::start();
    let program = signed_in(&server);
    let source = |program: &Program, more: &[&str]| {
        let outcome = program.ok(&[&["auth", "status"], more].concat());
        outcome.stdout.lines().find_map(|line| line.strip_prefix("Credential\t").map(str::to_owned)).unwrap()
    };
    assert_eq!(source(&program, &[]), program.credentials().display().to_string());
    assert_eq!(source(&program, &["--token", &server.token]), "--token");
    assert_eq!(source(&program.with("UPTRAKIT_TOKEN", &server.token), &[]), "UPTRAKIT_TOKEN");
}

#[test]
fn a_token_may_be_in_a_file_that_a_variable_names() {
    let server = Server::start();
    let program = Program::new().with("UPTRAKIT_SERVER", &server.url);
    let path = program.home().join("token");
    let program = program.with("UPTRAKIT_TOKEN_FILE", path.to_str().unwrap());
    let refused = |program: &Program, code, parts: &[&str]| {
        let outcome = program.run(&["auth", "status"]);
        assert_eq!(outcome.code, code, "{outcome:?}");
        for part in parts {
            assert!(outcome.stderr.contains(part), "{part}: {outcome:?}");
        }
    };
    let place = path.display().to_string();
    let missing = format!("error: could not read the token in {place}\n");
    refused(&program, 2, &[&missing, "No such file or directory", "unset UPTRAKIT_TOKEN_FILE"]);
    std::fs::write(&path, format!("{}\r\n", server.token)).unwrap();
    let outcome = program.ok(&["auth", "status"]);
    assert!(outcome.stdout.contains(&format!("Credential\t{place}\n")), "{outcome:?}");
    std::fs::write(&path, UNKNOWN_TOKEN).unwrap();
    let renewal = "put another into the file of UPTRAKIT_TOKEN_FILE; make one at http";
    refused(&program, 3, &[&format!("the token in {place} is refused"), renewal]);
    std::fs::write(&path, "\n").unwrap();
    refused(&program, 3, &[&format!("the token in {place} is empty")]);
    refused(
        &program.with("UPTRAKIT_TOKEN", &server.token),
        2,
        &["UPTRAKIT_TOKEN and UPTRAKIT_TOKEN_FILE are both set"],
    );
}

#[test]
fn a_token_that_is_refused_is_named_by_where_it_came_from() {
    let server = Server::start();
    let unknown = Program::new().with_saved(&server.url, UNKNOWN_TOKEN, None);
    let path = unknown.credentials().display().to_string();
    let (fresh, saved) = (|| Program::new().with("UPTRAKIT_SERVER", &server.url), signed_in(&server));
    let flag = ["auth", "status", "--token", UNKNOWN_TOKEN];
    for (outcome, source, hint) in [
        (fresh().run(&flag), "the token of --token", "give another with --token; make one at http"),
        (saved.run(&flag), "the token of --token", "leave --token out: another token is saved here\n"),
        (
            fresh().with("UPTRAKIT_TOKEN", UNKNOWN_TOKEN).run(&["auth", "status"]),
            "the token in UPTRAKIT_TOKEN",
            "put another into UPTRAKIT_TOKEN; make one at http",
        ),
        (
            signed_in(&server).with("UPTRAKIT_TOKEN", UNKNOWN_TOKEN).run(&["auth", "status"]),
            "the token in UPTRAKIT_TOKEN",
            "unset UPTRAKIT_TOKEN: another token is saved here\n",
        ),
        (
            unknown.run(&["auth", "status"]),
            &format!("the token saved in {path}"),
            "sign in again with `uptrakit auth login",
        ),
    ] {
        assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{outcome:?}");
        assert!(outcome.stderr.contains(&format!("  why:  {source} is refused: This is no token")), "{outcome:?}");
        assert!(outcome.stderr.contains(&format!("  hint: {hint}")), "{hint}: {outcome:?}");
    }
}

#[test]
fn without_a_default_the_servers_that_have_a_token_are_named() {
    let (one, other) = (Server::start(), Server::start());
    let program = signed_in(&one);
    program.run_with_input(&["auth", "login", "--with-token", "--server", &other.url], &other.token);
    program.ok(&["auth", "logout"]);
    let outcome = program.run(&["auth", "status"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains(&format!("--server takes one that has a token: {}\n", one.url)), "{outcome:?}");
}

#[test]
fn an_empty_variable_counts_as_none() {
    let server = Server::start();
    let program =
        signed_in(&server).with("UPTRAKIT_TOKEN", "").with("UPTRAKIT_SERVER", "").with("UPTRAKIT_TIMEOUT", "");
    program.ok(&["auth", "status"]);
}

#[test]
fn an_empty_flag_is_a_mistake_and_does_not_fall_back_to_another_token() {
    let server = Server::start();
    let outcome = server.program().run(&["auth", "status", "--token", ""]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (3, ""), "{outcome:?}");
    assert!(outcome.stderr.contains("the token of --token"), "{outcome:?}");
}

#[test]
fn one_server_has_one_token_however_its_address_is_written() {
    let server = Server::start();
    let program = signed_in(&server);
    let bare = server.url.strip_prefix("http://").unwrap();
    for address in [format!("{}/", server.url), bare.to_owned(), format!("HTTP://{bare}")] {
        program.ok(&["auth", "status", "--server", &address]);
    }
    // Another path may belong to another server.
    assert_eq!(program.run(&["auth", "status", "--server", &format!("{}/other", server.url)]).code, 3);
}

#[test]
fn each_server_has_its_own_token() {
    let (one, other) = (Server::start(), Server::start());
    let program = signed_in(&one);
    program.run_with_input(&["auth", "login", "--with-token", "--server", &other.url], &other.token);
    for server in [&one, &other] {
        program.ok(&["auth", "status", "--server", &server.url]);
    }
    program.ok(&["auth", "logout", "--server", &other.url]);
    program.ok(&["auth", "status", "--server", &one.url]);
    assert_eq!(program.run(&["auth", "status", "--server", &other.url]).code, 3);
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_command_that_mends_it() {
    let server = Server::start();
    let program = signed_in(&server);
    let path = program.credentials();
    for mode in [0o644, 0o640, 0o620, 0o604] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let outcome = program.run(&["auth", "status"]);
        assert_eq!(outcome.code, 3, "{mode:o}");
        assert!(outcome.stderr.contains(&format!("chmod 600 {}", path.display())), "{outcome:?}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    program.ok(&["auth", "status"]);
}

#[test]
fn a_damaged_file_is_named_and_its_content_is_not_shown() {
    let server = Server::start();
    let program = signed_in(&server);
    let text = fs::read_to_string(program.credentials()).unwrap();
    fs::write(program.credentials(), text.replace("token = \"", "token = ")).unwrap();
    let outcome = program.run(&["auth", "status"]);
    assert_transcript!(outcome);
    assert!(!outcome.stderr.contains("upk_"));
}

#[test]
fn tokens_are_never_taken_from_the_working_folder() {
    let server = Server::start();
    let program = Program::new().with("UPTRAKIT_SERVER", &server.url);
    let from_elsewhere = signed_in(&server);
    let saved = fs::read(from_elsewhere.credentials()).unwrap();
    for name in ["credentials.toml", "uptrakit.toml", ".uptrakit", "uptrakit/credentials.toml"] {
        let path = program.home().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &saved).unwrap();
    }
    fs::write(program.home().join(".env"), format!("UPTRAKIT_TOKEN={}\n", server.token)).unwrap();
    assert_eq!(program.run(&["auth", "status"]).code, 3);
}

#[test]
fn a_machine_without_a_home_can_use_the_environment() {
    let server = Server::start();
    let program = server.program();
    let mut command = program.command(&["auth", "status"]);
    command.env_remove("HOME").env_remove("XDG_CONFIG_HOME");
    assert!(command.output().unwrap().status.success());
}

#[test]
fn logins_at_the_same_time_lose_none() {
    let servers: Vec<Server> = (0..3).map(|_| Server::start()).collect();
    let program = Program::new();
    std::thread::scope(|scope| {
        for server in &servers {
            let program = &program;
            scope.spawn(move || {
                let arguments = ["auth", "login", "--with-token", "--server", &server.url];
                assert_eq!(program.run_with_input(&arguments, &server.token).code, 0);
            });
        }
    });
    for server in &servers {
        program.ok(&["auth", "status", "--server", &server.url]);
    }
}

/// Starts a message bus that accepts every connection and never answers, like one whose keyring hangs.
fn silent_bus(program: Program) -> (Program, Arc<AtomicUsize>) {
    let path = program.home().join("bus");
    let bus = UnixListener::bind(&path).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    thread::spawn(move || {
        let mut kept = Vec::new();
        for connection in bus.incoming().map_while(Result::ok) {
            counter.fetch_add(1, Ordering::SeqCst);
            kept.push(connection);
        }
    });
    let address = format!("unix:path={}", path.display());
    (program.with("DBUS_SESSION_BUS_ADDRESS", &address), asked)
}

#[test]
fn a_keyring_that_never_answers_counts_as_none() {
    let server = Server::start();
    let (program, asked) = silent_bus(Program::new());
    let outcome = program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &server.token);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stderr.contains("credentials.toml") && asked.load(Ordering::SeqCst) > 0, "{outcome:?}");
    // A token that is recorded as being in the keyring is not waited for either.
    let text = fs::read_to_string(program.credentials()).unwrap();
    let without: Vec<&str> = text.lines().filter(|line| !line.starts_with("token = ")).collect();
    fs::write(program.credentials(), without.join("\n")).unwrap();
    let outcome = program.run(&["auth", "logout"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("without revoking it"), "{outcome:?}");
    assert!(!fs::read_to_string(program.credentials()).unwrap().contains(&server.url));
}

#[test]
fn the_keyring_is_not_touched_when_the_file_has_the_token() {
    let server = Server::start();
    let (program, asked) = silent_bus(Program::new());
    let login = ["auth", "login", "--with-token", "--no-keyring", "--server", &server.url];
    assert_eq!(program.run_with_input(&login, &server.token).code, 0);
    program.ok(&["auth", "token", "rotate", "first"]);
    program.ok(&["auth", "status"]);
    program.ok(&["auth", "logout"]);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn no_keyring_means_that_it_is_never_touched() {
    let server = Server::start();
    let (program, asked) = silent_bus(Program::new());
    let path = program.credentials();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    // An earlier login left its token in the keyring.
    fs::write(&path, format!("[servers.\"{}\"]\nid = \"0190b2c3-0000-7000-8000-000000000000\"\n", server.url)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let login = ["auth", "login", "--with-token", "--no-keyring", "--server", &server.url];
    let outcome = program.run_with_input(&login, &server.token);
    assert_eq!((outcome.code, asked.load(Ordering::SeqCst)), (0, 0), "{outcome:?}");
    assert!(outcome.stderr.contains("Another token was saved here before"), "{outcome:?}");
}

/// A message bus with an unlocked keyring on it.
struct Keyring {
    processes: Vec<Child>,
    address: String,
}

impl Keyring {
    /// Starts the bus and the keyring, if their programs are installed here.
    fn start(home: &Program) -> Option<Self> {
        let start = |name: &str, arguments: &[&str], address: &str| {
            let mut command = Command::new(name);
            home.prepare(&mut command);
            command.args(arguments).env("DBUS_SESSION_BUS_ADDRESS", address);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()
        };
        let mut keyring = Self { processes: Vec::new(), address: String::new() };
        let mut bus = start("dbus-daemon", &["--session", "--nofork", "--print-address"], "")?;
        let mut said = BufReader::new(bus.stdout.take().unwrap());
        keyring.processes.push(bus);
        said.read_line(&mut keyring.address).unwrap();
        keyring.address.truncate(keyring.address.trim_end().len());
        let arguments = ["--foreground", "--unlock", "--components=secrets"];
        let mut daemon = start("gnome-keyring-daemon", &arguments, &keyring.address)?;
        let mut said = BufReader::new(daemon.stdout.take().unwrap());
        daemon.stdin.take().unwrap().write_all(b"a password").unwrap();
        keyring.processes.push(daemon);
        // The keyring prints the addresses of its other services once it is ready.
        said.read_line(&mut String::new()).unwrap();
        Some(keyring)
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

#[test]
fn a_keyring_keeps_the_token_through_a_rotation_until_logout() {
    let home = Program::new();
    let Some(keyring) = Keyring::start(&home) else {
        return eprintln!("skipped: there is no dbus-daemon or no gnome-keyring-daemon here");
    };
    let server = Server::start();
    let program = home.with("DBUS_SESSION_BUS_ADDRESS", &keyring.address);
    let outcome = program.run_with_input(&["auth", "login", "--with-token", "--server", &server.url], &server.token);
    assert!(outcome.stderr.contains("is saved in the system keyring"), "{outcome:?}");
    let kept = || fs::read_to_string(program.credentials()).unwrap();
    assert!(!kept().contains("upk_"), "{}", kept());
    program.ok(&["auth", "token", "rotate", "first"]);
    let shown = program.ok(&["auth", "status"]).stdout;
    assert!(shown.contains("Credential\tthe system keyring\n") && !kept().contains("upk_"), "{shown}");
    program.ok(&["auth", "logout"]);
    // The entry in the file says that the keyring has a token, which it no longer has.
    fs::write(program.credentials(), format!("[servers.\"{}\"]\n", server.url)).unwrap();
    let outcome = program.run(&["auth", "status", "--server", &server.url]);
    assert_eq!(outcome.code, 3, "{outcome:?}");
    assert!(outcome.stderr.contains("  why:  it has no token for this server\n"), "{outcome:?}");
}
