//! osquery results: differential (`columns` with `action`), snapshot, and batch (`diffResults`).
//!
//! Source: osquery.readthedocs.io/en/stable/deployment/logging and osquery.io/schema. Of a result with many rows
//! the first [`ROWS_MAX`] are looked at. Status logs say nothing about the estate and are not read.

use super::draft::Draft;
use super::fields::{Node, first_time, has, member};
use super::format::Format;
use super::things::{self, Account};
use super::title::Title;
use crate::entity::{EntityKind, Role};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::signal::Group;

/// The most rows of one result that are looked at; more than any signal keeps entities.
const ROWS_MAX: usize = 128;

const FORMAT: Format = Format {
    vendor: "osquery results: differential, snapshot, batch",
    recognised_by: "`name` with `columns` or `snapshot` and `action`, or with `diffResults`",
    native_id: "none is published: a hash of the content",
    time: "`unixTime`, else `calendarTime`, else the row's own `time` or `timestamp`",
    severity: "always context",
    entities: "the host by identifier, UUID, name and serial; of the rows users, addresses with direction, files and processes by hash and path, URLs, domains",
};

/// Reads osquery results.
pub(super) struct Osquery;

impl Reader for Osquery {
    fn name(&self) -> &'static str {
        "osquery"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let is = |key: &str, open: char| member(record, key).is_some_and(|value| value.get().starts_with(open));
        let rows = has(record, "action") && (is("columns", '{') || is("snapshot", '['));
        has(record, "name") && (rows || is("diffResults", '{'))
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let result = Node::new(root);
        let mut draft = Draft::context(self.name(), Group::Endpoint);
        add_host(result, &mut draft);
        let differences = result.get("diffResults");
        let single = Some(result.get("columns")).filter(|row| row.exists());
        let rows = result.get("snapshot").items().chain(differences.get("added").items());
        let rows: Vec<_> =
            single.into_iter().chain(rows).chain(differences.get("removed").items()).take(ROWS_MAX).collect();
        rows.iter().for_each(|row| add_row(*row, &mut draft));
        let own = rows.first().copied().unwrap_or(Node::absent());
        let times = [result.get("unixTime"), result.get("calendarTime"), own.get("time"), own.get("timestamp")];
        draft.time = first_time(&times);
        draft.title = title(result, own);
        draft.publish(record, context, out)
    }
}

fn add_host(result: Node<'_>, draft: &mut Draft) {
    let decorations = result.get("decorations");
    let keys = ["host_uuid", "hostname", "computer_name", "hardware_serial", "serial_number"];
    let mut ids = vec![result.get("hostIdentifier")];
    ids.extend(keys.map(|key| decorations.get(key)));
    draft.add(things::device(&ids));
}

/// The columns that mean the same in every table.
fn add_row(row: Node<'_>, draft: &mut Draft) {
    let name = row.first(&["username", "user"]);
    draft.add(Account { ids: &[row.get("email")], domain: Node::absent(), name, display: Node::absent() }.entity());
    draft.add(things::device(&[row.get("hardware_serial"), row.get("computer_name")]));
    draft.add_ips_as(Role::Source, [row.get("local_address"), row.get("host")]);
    draft.add_ips_as(Role::Destination, [row.get("remote_address")]);
    let hashes = [row.get("sha256"), row.get("sha1"), row.get("md5")];
    let process = row.get("pid").exists();
    let kind = if process { EntityKind::Process } else { EntityKind::File };
    draft.add_image(kind, &hashes, row.first(&["path", "target_path"]), Node::absent());
    draft.add(things::url_or_domain(row.get("url")));
}

fn title(result: Node<'_>, row: Node<'_>) -> String {
    let path = row.first(&["path", "target_path"]).text();
    Title::of("osquery")
        .with_text(" ", Some(result.get("name").text().as_deref().unwrap_or("query")))
        .with_text(" ", Some(result.get("action").text().as_deref().unwrap_or("batch")))
        .with_text(": ", path.as_deref().map(things::file_name))
        .with_text(" by ", row.first(&["username", "user"]).text().as_deref())
        .with_text(" on ", result.first(&["decorations.hostname", "hostIdentifier"]).text().as_deref())
        .done()
}
