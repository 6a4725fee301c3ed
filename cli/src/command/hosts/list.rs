//! `uptrakit hosts list`

use super::{PATH, count, restart, system};
use crate::{
    args::ListHosts,
    command::Context,
    failure::Failure,
    output::{Cell, Output, Tone},
    paging,
    wire::Host,
};

pub fn run(context: &Context, arguments: &ListHosts) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, _| {
        let mut query: Vec<_> = arguments.search.clone().map(|text| ("q", text)).into_iter().collect();
        query.extend(arguments.sort.clone().map(|field| ("sort", field)));
        let list = paging::fetch::<Host>(client, "list the hosts", PATH, query, &arguments.paging)?;
        let rows = list.items.iter().map(|host| row(host, output)).collect();
        let header = ["NAME", "UPDATES", "SECURITY", "RESTART", "LAST SEEN", "SYSTEM", "ID"];
        output.list(&list.page, &header, rows)?;
        paging::remark(&list, "hosts", output);
        Ok(())
    })
}

fn row(host: &Host, output: &Output) -> Vec<Cell> {
    vec![
        Cell::plain(host.name()),
        count(host.pending_updates, Tone::Plain),
        count(host.security_updates, Tone::Bad),
        restart(host.reboot_required),
        output.instant_or(host.last_seen_at, "never"),
        system(host),
        Cell::faint(&host.id),
    ]
}
