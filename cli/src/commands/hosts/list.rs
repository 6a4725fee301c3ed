//! `uptrakit hosts list`

use super::{OWN_MACHINE_ID, PATH, count, name, restart, system};
use crate::{
    args::ListHosts,
    commands::{Context, paging},
    failure::Failure,
    output::{Cell, Format, Output, Tone},
    text::printable,
};
use uptrakit_api::tolerant::Host;

/// The warning about shared machine ids names at most this many hosts.
const NAMES: usize = 5;

pub fn run(context: &Context, arguments: &ListHosts) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, _| {
        let mut query: Vec<_> = arguments.search.clone().map(|text| ("q", text)).into_iter().collect();
        query.extend(arguments.sort.clone().map(|field| ("sort", field)));
        let list = paging::fetch::<Host>(client, "list the hosts", PATH, query, &arguments.paging, output.format)?;
        let rows = list.items.iter().map(|host| row(host, output)).collect();
        let header = ["NAME", "UPDATES", "SECURITY", "RESTART", "LAST SEEN", "SYSTEM", "ID"];
        output.list(&list.page, &header, rows)?;
        paging::remark(&list, "hosts", output);
        // The API's own objects have a field for it.
        if let (Format::Human, Some(warning)) = (output.format, of_shared_ids(&list.items)) {
            output.warn(&warning);
        }
        Ok(())
    })
}

fn of_shared_ids(hosts: &[Host]) -> Option<String> {
    let mut names: Vec<String> =
        hosts.iter().filter(|host| host.shared_machine_id_at.is_some()).map(|host| printable(host.name())).collect();
    let rest = names.len().saturating_sub(NAMES);
    if rest > 0 {
        names.truncate(NAMES);
        names.push(format!("{rest} more"));
    }
    let (last, others) = names.split_last()?;
    Some(if others.is_empty() {
        format!("several machines share a machine id and report as {last}: {OWN_MACHINE_ID}")
    } else {
        let others = others.join(", ");
        format!("several machines share a machine id and report as one host, as {others} and {last}: {OWN_MACHINE_ID}")
    })
}

fn row(host: &Host, output: &Output) -> Vec<Cell> {
    vec![
        name(host, output),
        count(host.pending_updates, Tone::Plain),
        count(host.security_updates, Tone::Bad),
        restart(host.reboot_required),
        output.instant_or(host.last_seen_at, "never"),
        system(host),
        Cell::faint(&host.id),
    ]
}

#[cfg(test)]
mod tests {
    use super::of_shared_ids;
    use uptrakit_api::tolerant::Host;

    #[test]
    fn hosts_that_share_a_machine_id_are_named_and_a_long_list_is_cut() {
        let hosts = |shared: usize| -> Vec<Host> {
            let host = |number| {
                let at = if number < shared { "\"2030-01-31T12:00:00.000Z\"" } else { "null" };
                let text = format!(r#"{{"id":"x","hostname":"web-{number}","shared_machine_id_at":{at}}}"#);
                serde_json::from_str(&text).unwrap()
            };
            (0..10).map(host).collect()
        };
        assert_eq!(of_shared_ids(&hosts(0)), None);
        for (shared, names) in [
            (1, "report as web-0: "),
            (2, "as web-0 and web-1: "),
            (5, "as web-0, web-1, web-2, web-3 and web-4: "),
            (7, "as web-0, web-1, web-2, web-3, web-4 and 2 more: "),
        ] {
            let warning = of_shared_ids(&hosts(shared)).unwrap();
            assert!(
                warning.contains(names) && warning.contains("`uptrakit hosts report --machine-id ID`"),
                "{warning}"
            );
        }
    }
}
