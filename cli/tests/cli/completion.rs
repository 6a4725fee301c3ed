//! Tests completion through the shells themselves: bash at a terminal, fish by its own command, zsh by its protocol.

use crate::support::{Program, Server, Terminal, UNKNOWN_TOKEN};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

/// Shells split these names unless they are quoted.
const NAMES: [&str; 6] = ["desk lamp", "it's \"x\"", "ünï cödé", "a$b!c", "*star", "web:1"];

fn with_names(server: &Server) -> Program {
    let program = server.program();
    for name in NAMES {
        program.ok(&["auth", "token", "create", "--name", name]);
    }
    program
}

/// Makes the program the first `uptrakit` on the path.
fn on_path(program: Program) -> Program {
    let folder = Path::new(env!("CARGO_BIN_EXE_uptrakit")).parent().unwrap();
    let path = format!("{}:{}:{}", program.home().display(), folder.display(), std::env::var("PATH").unwrap());
    program.with("PATH", &path)
}

#[test]
fn the_scripts_are_accepted_by_their_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Program::new().ok(&["completions", shell]).stdout;
        assert!(script.contains("uptrakit"), "{shell}");
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, script).unwrap();
        match Command::new(shell).arg("-n").arg(file.path()).status() {
            Ok(status) => assert!(status.success(), "{shell} does not read its script"),
            Err(error) if shell != "bash" => eprintln!("the script for {shell} is not read: {error}"),
            Err(error) => panic!("bash: {error}"),
        }
    }
}

/// Types lines at a shell, each with the tab key behind it, and returns what the line then means, word by word. `ready`
/// is what the shell is told first.
fn completed(program: &Program, mut command: Command, ready: &str, lines: &[&str]) -> Vec<String> {
    let shown = program.home().join("shown");
    let show = program.home().join("show");
    fs::write(
        &show,
        "#!/bin/sh\nfor word in \"$@\"; do printf '<%s>' \"$word\"; done >> \"$HOME/shown\"\necho >> \"$HOME/shown\"\n",
    )
    .unwrap();
    fs::set_permissions(&show, fs::Permissions::from_mode(0o755)).unwrap();
    command.env("PS1", "ready> ").env("LC_ALL", "C.UTF-8");
    let mut terminal = Terminal::start(command, 100);
    // The echo of the typed line has quotes; what the shell then prints has none.
    terminal.expect("ready> ").type_in(&format!("{ready}echo 'com'plete\n")).expect("complete\r");
    for line in lines {
        // The first key of the last three goes to the start of the line.
        terminal.type_in(line).type_in("\t\u{1}show \n");
    }
    terminal.type_in("echo 'all sh'own\n").expect("all shown\r").type_in("exit\n");
    terminal.finish();
    fs::read_to_string(shown).unwrap().lines().map(str::to_owned).collect()
}

fn completed_by_bash(program: &Program, lines: &[&str]) -> Vec<String> {
    let mut command = Command::new("bash");
    program.prepare(&mut command);
    command.args(["--norc", "--noprofile", "-i"]);
    completed(program, command, "source <(uptrakit completions bash); ", lines)
}

/// Returns the lines of the guide that set up completion in a shell.
fn documented(shell: &str) -> Vec<&'static str> {
    let guide = include_str!("../../../docs/guide/cli.md").split("## Completion").nth(1).unwrap();
    let block = guide.split("```").nth(1).unwrap();
    block.lines().filter(|line| line.contains(shell) && !line.starts_with('#')).collect()
}

/// Returns a shell that is installed here, in the program's environment but without folders named by variables.
fn shell(program: &Program, name: &str) -> Option<Command> {
    let mut command = Command::new(name);
    if Command::new(name).arg("--version").output().is_err() {
        eprintln!("skipped: there is no {name} here");
        return None;
    }
    program.prepare(&mut command);
    command.env_remove("XDG_CONFIG_HOME");
    Some(command)
}

#[test]
fn the_documented_lines_complete_in_shells_without_any_other_configuration() {
    let server = Server::start();
    with_names(&server);
    for (name, run, interactive) in [
        ("bash", &["--norc", "--noprofile", "-c"][..], &["--noprofile", "-i"][..]),
        // The shell does not read the system's files, which may set up completion already.
        ("zsh", &["-f", "-c"], &["-d", "-i"]),
        ("fish", &["--no-config", "-c"], &["-c", "complete -C 'uptrakit auth tok'"]),
    ] {
        let program = on_path(server.program());
        let Some(mut setup) = shell(&program, name) else { continue };
        let lines = documented(name);
        let help = program.ok(&["completions", "--help"]).stdout;
        assert!(lines.iter().all(|line| help.contains(line)), "{lines:?}: {help}");
        // The file sets nothing but a prompt that differs from the system's own.
        for file in [".bashrc", ".zshrc"] {
            fs::write(program.home().join(file), "PS1='ready> '\n").unwrap();
        }
        let output = setup.args(run).arg(lines.join("\n")).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{name}: {output:?}");
        let mut command = shell(&program, name).unwrap();
        command.args(interactive);
        if name == "fish" {
            let output = command.output().unwrap();
            assert!(output.stdout.starts_with(b"token\t"), "{output:?}");
            continue;
        }
        let lines = ["uptrakit auth tok", "uptrakit auth token show desk"];
        let words = completed(&program, command, "", &lines);
        let expected = ["<uptrakit><auth><token>", "<uptrakit><auth><token><show><desk lamp>"];
        assert_eq!(words, expected, "{name}");
    }
}

#[test]
fn bash_completes_names_with_spaces_quotes_and_colons() {
    let server = Server::start();
    let program = on_path(with_names(&server));
    let cases = [
        ("uptrakit auth tok", "<uptrakit><auth><token>"),
        ("uptrakit auth token show fir", "<uptrakit><auth><token><show><first>"),
        ("uptrakit auth token show desk", "<uptrakit><auth><token><show><desk lamp>"),
        ("uptrakit auth token show desk\\ la", "<uptrakit><auth><token><show><desk lamp>"),
        ("uptrakit auth token show \"desk la", "<uptrakit><auth><token><show><desk lamp>"),
        ("uptrakit auth token show 'it", "<uptrakit><auth><token><show><it's \"x\">"),
        ("uptrakit auth token show \"it", "<uptrakit><auth><token><show><it's \"x\">"),
        ("uptrakit auth token show it", "<uptrakit><auth><token><show><it's \"x\">"),
        ("uptrakit auth token show ün", "<uptrakit><auth><token><show><ünï cödé>"),
        ("uptrakit auth token show \"a", "<uptrakit><auth><token><show><a$b!c>"),
        ("uptrakit auth token show \\*", "<uptrakit><auth><token><show><*star>"),
        ("uptrakit auth token show web:", "<uptrakit><auth><token><show><web:1>"),
        (
            "uptrakit auth token create --permission hosts:rea",
            "<uptrakit><auth><token><create><--permission><hosts:read>",
        ),
        (
            "uptrakit auth token create --permission=hosts:rea",
            "<uptrakit><auth><token><create><--permission=hosts:read>",
        ),
        ("uptrakit auth token show nothing-like-it", "<uptrakit><auth><token><show><nothing-like-it>"),
    ];
    let lines: Vec<&str> = cases.iter().map(|(line, _)| *line).collect();
    assert_eq!(completed_by_bash(&program, &lines), cases.map(|(_, words)| words));
}

#[test]
fn the_server_in_the_line_is_the_one_that_is_asked() {
    let server = Server::start();
    let program = on_path(Program::signed_in("http://127.0.0.1:1", &server.token));
    let line = format!("uptrakit --server {} auth token show fir", server.url);
    let words = completed_by_bash(&program, &[&line]);
    assert!(words[0].ends_with("<first>"), "{words:?}");
}

#[test]
fn fish_completes_names_with_spaces_and_quotes() {
    let server = Server::start();
    let program = on_path(with_names(&server));
    if Command::new("fish").arg("--version").output().is_err() {
        eprintln!("there is no fish here to ask");
        return;
    }
    for (typed, expected) in [
        ("desk", "desk lamp"),
        ("desk\\ l", "desk lamp"),
        ("'it\\'s", "it's \"x\""),
        ("ün", "ünï cödé"),
        ("web:", "web:1"),
    ] {
        let mut command = Command::new("fish");
        program.prepare(&mut command);
        let script = "uptrakit completions fish | source; complete -C \"uptrakit auth token show $typed\"";
        let output = command.args(["--no-config", "-c", script]).env("typed", typed).env("LC_ALL", "C.UTF-8").output();
        let offered = String::from_utf8(output.unwrap().stdout).unwrap();
        let offered: Vec<&str> = offered.lines().map(|line| line.split('\t').next().unwrap()).collect();
        // Whether fish shows the name or the word to type differs between its versions.
        let meant: Vec<String> = offered.iter().map(|name| name.replace('\\', "")).collect();
        assert_eq!(meant, [expected], "{typed}");
    }
}

#[test]
fn zsh_hands_over_words_as_they_were_typed() {
    let server = Server::start();
    let program = with_names(&server);
    for (typed, expected) in
        [("desk\\ l", "desk lamp"), ("\"desk l", "desk lamp"), ("'it", "it's \"x\""), ("web:", "web\\:1")]
    {
        let mut command = program.command(&["--", "uptrakit", "auth", "token", "show", typed]);
        let output = command.env("COMPLETE", "zsh").env("_CLAP_COMPLETE_INDEX", "4").env("_CLAP_IFS", "\n").output();
        let offered = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(offered.starts_with(&format!("{expected}:upk_")), "{typed}: {offered:?}");
    }
}

#[test]
fn what_could_drive_the_terminal_or_be_a_flag_is_not_offered() {
    let hosts = json!({"total": 3, "items": [
        {"id": "c", "hostname": "-rf", "os_name": "x"},
        {"id": "a", "hostname": "evil\u{1b}[2J", "os_name": "x"}, {"id": "b", "hostname": "web-1", "os_name": "x\u{1b}[31m\ny"},
    ]});
    let hostile = crate::support::StandIn::answering("200 OK", "application/json", &hosts.to_string());
    let program = Program::signed_in(&hostile.url, UNKNOWN_TOKEN);
    let mut command = program.command(&["--", "uptrakit", "hosts", "show", ""]);
    let output = command.env("COMPLETE", "fish").output().unwrap();
    let offered = String::from_utf8(output.stdout).unwrap();
    assert!(offered.starts_with("web-1\t") && !offered.contains('\u{1b}') && !offered.contains("evil"), "{offered:?}");
    assert!(!offered.contains("-rf"), "{offered:?}");
}

#[test]
fn nothing_is_said_when_there_is_no_server() {
    let program = Program::signed_in("http://127.0.0.1:1", UNKNOWN_TOKEN);
    let mut command = program.command(&["--", "uptrakit auth token show x", "x"]);
    let output = command.env("COMPLETE", "bash").output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}
