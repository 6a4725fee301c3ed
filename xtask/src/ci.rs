//! The workflow of the continuous integration calls commands of xtask alone, and only those that there are: no machine
//! here runs it.

use std::fs;

use crate::{USAGE, process::root, test};

/// The commands of `run:` lines. One of several lines is no command of xtask.
fn commands(workflow: &str) -> Vec<&str> {
    workflow.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("run: ")).collect()
}

#[test]
fn jobs_call_nothing_but_commands_of_xtask() {
    let workflow = fs::read_to_string(root().join(".github/workflows/ci.yml")).unwrap();
    let commands = commands(&workflow);
    assert_eq!(commands.len(), workflow.matches("    steps:").count(), "each job calls one command");
    for command in commands {
        let words = command.strip_prefix("cargo xtask ").unwrap_or_else(|| panic!("`{command}` is not of xtask"));
        let mut words = words.split(' ').map(str::to_owned);
        let name = words.next().unwrap();
        assert!(USAGE.contains(&format!("\n  {name} ")), "there is no command `{name}`");
        if name == "test" {
            test::chosen(&words.collect::<Vec<_>>()).unwrap();
        }
    }
}
