//! Checks that the workflows of the continuous integration call nothing but commands of xtask that exist, because no
//! machine here runs them.

use std::fs;

use crate::{USAGE, process::root, test};

/// Returns the commands of `run:` lines. A command of several lines is not one of xtask.
fn commands(workflow: &str) -> Vec<&str> {
    workflow.lines().filter_map(|line| line.trim_start().trim_start_matches("- ").strip_prefix("run: ")).collect()
}

#[test]
fn jobs_call_nothing_but_commands_of_xtask() {
    for workflow in ["ci", "release"] {
        let workflow = fs::read_to_string(root().join(format!(".github/workflows/{workflow}.yml"))).unwrap();
        let commands = commands(&workflow);
        assert_eq!(commands.len(), workflow.matches("    steps:").count(), "each job calls one command");
        // What is published was made by the other jobs.
        for command in commands.into_iter().filter(|command| !command.starts_with("gh release create ")) {
            let words = command.strip_prefix("cargo xtask ").unwrap_or_else(|| panic!("`{command}` is not of xtask"));
            let mut words = words.split(' ').map(str::to_owned);
            let name = words.next().unwrap();
            assert!(USAGE.contains(&format!("\n  {name} ")), "there is no command `{name}`");
            if name == "test" {
                test::chosen(&words.collect::<Vec<_>>()).unwrap();
            }
        }
    }
}
