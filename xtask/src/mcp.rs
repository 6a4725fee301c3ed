//! `cargo xtask test mcp`: the MCP clients of others, and the protocol's conformance suite, against the real server.

use anyhow::Result;

use crate::{
    process::{announce, program, root, watch},
    product::{self, Profile},
    tally::Tally,
    tools,
};

pub fn run_clients() -> Result<Tally> {
    let programs = product::programs(Profile::Debug)?;
    let folder = root().join("end2end/mcp");
    tools::node_packages(&folder, "the MCP clients")?;
    announce("Running the MCP clients of others");
    // Inspector needs a newer Node than the machine may have; the packages bring it.
    let mut node = program(folder.join("node_modules/node/bin/node"));
    let files = ["clients.test.mjs", "oauth.test.mjs", "openid.test.mjs", "conformance.test.mjs"];
    node.args(["--test", "--test-reporter=tap"])
        .args(files)
        .current_dir(&folder)
        .env("UPTRAKIT_SERVER_BIN", &programs.server);
    let mut tally = Tally::default();
    let worked = watch(&mut node, |line| tally.read_node_line(line))?;
    if !worked && tally.failed == 0 {
        anyhow::bail!("the MCP clients can't be run; see above");
    }
    Ok(tally)
}
