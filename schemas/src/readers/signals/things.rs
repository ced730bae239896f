//! How records name users, devices, files and applications, as entities with all their identifiers.
//!
//! What stands on every machine or serves every user links everything and is left out here: operating
//! system binaries but for their hashes in alerts, the service accounts of machines, a vendor's own applications.

use std::borrow::Cow;
use std::net::IpAddr;

use super::fields::Node;
use crate::entity::{Entity, EntityKind, canonical_id, is_placeholder};
use crate::readers::value::Value;

/// An account as a record names it; any field may be absent.
#[derive(Clone, Copy)]
pub(super) struct Account<'v> {
    /// Ids that are unique by themselves: object ids, UPNs, SIDs, e-mail addresses, ARNs.
    pub(super) ids: &'v [Node<'v>],
    /// The NetBIOS or DNS domain of `name`.
    pub(super) domain: Node<'v>,
    /// The account's name within `domain`, or already with it.
    pub(super) name: Node<'v>,
    /// The name for people.
    pub(super) display: Node<'v>,
}

impl Account<'_> {
    /// The user with every identifier; `None` for machines, built-in accounts and nobody.
    pub(super) fn entity(&self) -> Option<Entity> {
        let name = self.name.text();
        if name.as_deref().is_some_and(names_no_account) {
            // The SID beside a machine's or service's name is the machine's or service's.
            return None;
        }
        let mut ids: Vec<Cow<'_, str>> = self.ids.iter().filter_map(|node| node.text()).collect();
        let domain = self.domain.text();
        if let Some(name) = &name {
            ids.extend(names_in_domain(name, domain.as_deref()));
        }
        let unique = Entity::new(EntityKind::User, ids.iter().map(AsRef::as_ref));
        // A bare name is not unique in an estate: it serves only where there is nothing else.
        let entity = unique.or_else(|| Entity::new(EntityKind::User, [name.as_deref()?]));
        let service = [name.as_deref().zip(domain.as_deref()).map(|(name, domain)| format!("{domain}\\{name}"))];
        let built_in = service.iter().flatten().any(|full| canonical_id(EntityKind::User, full).is_none());
        entity.filter(|_| !built_in).map(|entity| entity.named(self.display.text().as_deref()))
    }
}

/// Whether `name` is of a machine or of what is built in. A name that software ships with is somebody's where a SID or a
/// domain stands beside it.
fn names_no_account(name: &str) -> bool {
    let whole = name.contains(['\\', '@']);
    let name = if whole { Cow::Borrowed(name) } else { Cow::Owned(format!("domain\\{name}")) };
    canonical_id(EntityKind::User, &name).is_none()
}

/// The forms of an account's name that name one account: `DOMAIN\name`, and `name@domain` where the
/// domain is a DNS name.
fn names_in_domain<'n>(name: &'n str, domain: Option<&str>) -> Vec<Cow<'n, str>> {
    if name.contains('@') {
        // A UPN says its domain, and before it sensors write the machine's or `AzureAD`.
        let upn = name.rsplit_once('\\').map_or(name, |(_, upn)| if upn.contains('@') { upn } else { name });
        return vec![Cow::Borrowed(upn)];
    }
    let (domain, account) = match name.split_once('\\') {
        Some((domain, account)) => (Some(domain), account),
        None => (domain, name),
    };
    let Some(domain) = domain.map(str::trim).filter(|domain| !is_placeholder(domain) && *domain != ".") else {
        return Vec::new();
    };
    let mut names = vec![Cow::Owned(format!("{domain}\\{account}"))];
    if domain.contains('.') {
        names.push(Cow::Owned(format!("{account}@{domain}")));
    }
    names
}

/// The node, unless it is a number as POSIX gives users: 501 and 1000 stand on every machine. Numbers that
/// directories and services give are longer.
pub(super) fn unless_posix_uid(id: Node<'_>) -> Node<'_> {
    const POSIX_UID_DIGITS_MAX: usize = 5;
    let posix = id.word().is_some_and(|id| id.len() <= POSIX_UID_DIGITS_MAX && id.bytes().all(|b| b.is_ascii_digit()));
    if posix { Node::absent() } else { id }
}

/// The user that the ids at `nodes` name.
pub(super) fn user(nodes: &[Node<'_>]) -> Option<Entity> {
    let ids = nodes.iter().filter_map(|node| canonical_id(EntityKind::User, &node.text()?));
    Entity::of_canonical_ids(EntityKind::User, ids.collect())
}

/// The user that the ids at `nodes` name, with the name at `name` for people.
pub(super) fn person(nodes: &[Node<'_>], name: Node<'_>) -> Option<Entity> {
    user(nodes).map(|user| user.named(name.text().as_deref()))
}

/// The text at `node` where it is an e-mail address or a UPN: what else stands there is a name for people.
pub(super) fn address(node: Node<'_>) -> Node<'_> {
    if node.text().is_some_and(|text| text.contains('@') && !text.contains(' ')) { node } else { Node::absent() }
}

/// The thing of `kind` at `id` with the name at `name` for people.
pub(super) fn named(kind: EntityKind, id: Node<'_>, name: Node<'_>) -> Option<Entity> {
    let entity = Entity::new(kind, [&*id.text()?])?;
    Some(entity.named(name.text().as_deref()))
}

/// The device with the ids and host names at `nodes`; an FQDN also gives the host name that stands alone.
pub(super) fn device(nodes: &[Node<'_>]) -> Option<Entity> {
    let mut ids = Vec::new();
    let mut name = None;
    for text in nodes.iter().filter_map(|node| node.text()) {
        // `DOMAIN\HOST` is the host; what names nothing must not give its first word either.
        let host = text.rsplit('\\').next().unwrap_or_default();
        let Some(id) = canonical_id(EntityKind::Device, host) else { continue };
        if let Some((short, _)) = id.split_once('.').filter(|(short, rest)| !short.is_empty() && !rest.is_empty()) {
            ids.extend(canonical_id(EntityKind::Device, short));
            name.get_or_insert_with(|| host.to_lowercase());
        }
        ids.push(id);
    }
    Entity::of_canonical_ids(EntityKind::Device, ids).map(|device| device.named(name.as_deref()))
}

/// The device called `host` within `domain`, by whatever ids stand at `nodes` too. A NetBIOS domain makes no
/// FQDN, and a host that has its domain already keeps it.
pub(super) fn device_in_domain(nodes: &[Node<'_>], host: Node<'_>, domain: Node<'_>) -> Option<Entity> {
    let fqdn = host.text().zip(domain.text().filter(|domain| domain.contains('.')));
    let fqdn = fqdn.filter(|(host, _)| !host.contains('.')).map(|(host, domain)| format!("{host}.{domain}"));
    let fqdn = Value::from(fqdn);
    let nodes: Vec<_> = nodes.iter().copied().chain([host, Node::new(&fqdn)]).collect();
    device(&nodes)
}

/// What a file where the operating system keeps its programs says about a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SystemFiles {
    /// Nothing: every machine runs it with the same hash and path, day in, day out, so that it would join all their
    /// events. The price is that what an administrator hides among them does not link by its file.
    NameNothing,
    /// Its hash: in an alert the vendor itself says that the file took part, and an implant may well lie in
    /// `System32`. The path is still every machine's. That the hash may be a shell's is for the correlator to find, which
    /// sees how many share it.
    HaveHashes,
}

/// A file or process image by its hashes and path.
pub(super) fn image(
    kind: EntityKind,
    hashes: &[Node<'_>],
    folder: Node<'_>,
    file: Node<'_>,
    system: SystemFiles,
) -> Option<Entity> {
    let (folder, file) = (folder.text(), file.text());
    let path = match (&folder, &file) {
        (Some(folder), Some(file)) if !ends_with_name(folder, file) => {
            let separator = if folder.contains('/') { '/' } else { '\\' };
            Some(format!("{}{separator}{file}", folder.trim_end_matches(['\\', '/'])))
        }
        (Some(folder), _) => Some(folder.to_string()),
        // A file name without a folder names no file in particular.
        (None, _) => None,
    };
    let of_system = path.as_deref().is_some_and(is_system_path);
    if of_system && system == SystemFiles::NameNothing {
        return None;
    }
    let hashes: Vec<_> = hashes.iter().filter_map(|node| node.text()).collect();
    let path = path.filter(|path| path.contains(['\\', '/']));
    let ids = hashes.iter().map(AsRef::as_ref).chain(path.as_deref().filter(|_| !of_system));
    Entity::new(kind, ids).map(|entity| entity.named(file.as_deref().or(path.as_deref().map(file_name))))
}

fn ends_with_name(path: &str, name: &str) -> bool {
    file_name(path).eq_ignore_ascii_case(name)
}

/// The last step of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or(path)
}

/// Whether a path lies where the operating system and installed software keep programs: the same path on
/// every machine. Folders below that anyone may write to are not trusted.
pub(super) fn is_system_path(path: &str) -> bool {
    const SYSTEM: [&str; 13] = [
        "\\windows\\",
        "\\program files\\",
        "\\program files (x86)\\",
        "\\programdata\\microsoft\\windows defender\\",
        "\\systemroot\\",
        "/usr/",
        "/bin/",
        "/sbin/",
        "/lib/",
        "/lib64/",
        "/opt/",
        "/system/",
        "/applications/",
    ];
    const WRITABLE: [&str; 4] = ["\\windows\\temp\\", "\\windows\\tasks\\", "\\windows\\tracing\\", "/usr/local/"];
    let path = path.to_lowercase();
    let bare = without_volume(&path);
    let kernel = matches!(path.as_str(), "system" | "registry" | "memcompression" | "idle");
    kernel || (SYSTEM.iter().any(|root| bare.starts_with(root)) && !WRITABLE.iter().any(|root| bare.starts_with(root)))
}

/// What follows the volume: `C:\\…`, `\\??\\C:\\…` and `\\Device\\HarddiskVolume3\\…` all name the same place.
fn without_volume(path: &str) -> &str {
    if let Some(rest) = path.strip_prefix("\\device\\harddiskvolume") {
        return rest.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let path = path.strip_prefix("\\??\\").or_else(|| path.strip_prefix("\\\\?\\")).unwrap_or(path);
    match path.split_once(':') {
        Some((drive, rest)) if drive.len() == 1 => rest,
        _ => path,
    }
}

/// A URL, or the domain where the text is nothing but a host name.
pub(super) fn url_or_domain(node: Node<'_>) -> Option<Entity> {
    let text = node.text()?;
    if text.contains("://") {
        return Entity::new(EntityKind::Url, [&*text]);
    }
    let host = text.split(['/', ':']).next().unwrap_or_default().trim_end_matches('.');
    let ip = host.parse::<IpAddr>().is_ok();
    let dotted = host.contains('.') && !host.starts_with('.');
    (!ip && dotted).then(|| Entity::new(EntityKind::Domain, [host]))?
}

/// An application by the ids at `nodes`, unless it is Microsoft's own.
pub(super) fn microsoft_application(nodes: &[Node<'_>], name: Node<'_>) -> Option<Entity> {
    let ids: Vec<_> = nodes.iter().filter_map(|node| node.text()).collect();
    let name = name.text();
    if ids.iter().any(|id| is_first_party(id)) || name.as_deref().is_some_and(is_first_party_name) {
        return None;
    }
    let ids = ids.iter().map(AsRef::as_ref).filter(|id: &&str| id.len() >= 8);
    Entity::new(EntityKind::Application, ids).map(|application| application.named(name.as_deref()))
}

/// Whether an application id is Microsoft's own and so the same in every estate.
fn is_first_party(id: &str) -> bool {
    // Microsoft's published list of first-party applications; the ones that users sign in through.
    const KNOWN: [&str; 28] = [
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "08e18876-6177-487e-b8b5-cf950c1e598c",
        "14d82eec-204b-4c2f-b7e8-296a70dab67e",
        "1950a258-227b-4e31-a9cf-717495945fc2",
        "1b730954-1685-4b74-9bfd-dac224a7b894",
        "1fec8e78-bce4-4aaf-ab1b-5451cc387264",
        "268761a2-03f3-40df-8a8b-c3db24145b6b",
        "27922004-5251-4030-b22d-91ecd9a37ea4",
        "29d9ed98-a469-4536-ade2-f981bc1d605e",
        "2d4d3d8e-2be3-4bef-9f87-7875a61c29de",
        "38aa3b87-a06d-4817-b275-7a316988d93b",
        "4765445b-32c6-49b0-83e6-1d93765276ca",
        "57fb890c-0dab-4253-a5e0-7188c88b2bb4",
        "5926fc8e-304e-4f59-8bed-58ca97cc39a4",
        "5e3ce6c0-2b1f-4285-8d4b-75ee78787346",
        "797f4846-ba00-4fd7-ba43-dac1f8f63013",
        "89bee1f7-5e6e-4d8a-9f3d-ecd601259da7",
        "9199bf20-a13f-4107-85dc-02114787ef48",
        "93d53678-613d-4013-afc1-62e9e444a0a5",
        "ab9b8c07-8f02-4f72-87fa-80105867a763",
        "bc59ab01-8403-45c6-8796-ac3ef710b3e3",
        "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
        "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe",
        "d3590ed6-52b3-4102-aeff-aad2292ab01c",
        "de8bc8b5-d9f9-48b1-a8ad-b748da725064",
        "ea5a67f6-b6f3-4338-b240-c655ddc3cc8e",
        "ecd6b820-32c2-49b6-98a6-444530e5a77a",
        "fc0f3af4-6835-4174-b806-f7db311fd2f3",
    ];
    // The oldest services, Graph, Exchange and SharePoint among them, have ids with a short first part.
    let id = id.to_ascii_lowercase();
    let old = id.starts_with("0000000") && (id.contains("-0000-c000-") || id.contains("-0ff1-ce00-"));
    old || KNOWN.contains(&id.as_str())
}

/// Whether a service principal, whose object id differs from tenant to tenant, is one of Microsoft's.
fn is_first_party_name(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "Microsoft Graph",
        "Office 365 Exchange Online",
        "Office 365 Management APIs",
        "Office 365 SharePoint Online",
        "Windows Azure Active Directory",
        "Windows Azure Service Management API",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn account(value: serde_json::Value) -> Option<Vec<String>> {
        let value = Value::from(value);
        let root = Node::new(&value);
        let ids = [root.get("sid"), root.get("upn")];
        let account =
            Account { ids: &ids, domain: root.get("domain"), name: root.get("name"), display: root.get("display") };
        account.entity().map(|entity| entity.ids)
    }

    #[test]
    fn accounts_have_all_their_names_and_machines_none() {
        let ids = |value| account(value).unwrap_or_default();
        assert_eq!(ids(json!({"name": "eve", "domain": "CORP"})), ["corp\\eve"]);
        assert_eq!(
            ids(json!({"name": "eve", "domain": "corp.example", "sid": "S-1-5-21-1-2-3-1104"})),
            ["corp.example\\eve", "eve@corp.example", "s-1-5-21-1-2-3-1104"]
        );
        assert_eq!(ids(json!({"name": "CORP\\eve"})), ["corp\\eve"]);
        assert_eq!(ids(json!({"name": "AzureAD\\eve@corp.example"})), ["eve@corp.example"]);
        assert_eq!(ids(json!({"name": "eve"})), ["eve"]);
        assert_eq!(ids(json!({"name": "eve", "upn": "eve@corp.example"})), ["eve@corp.example"]);
        for nobody in [
            json!({"name": "DC01$", "domain": "corp.example", "sid": "S-1-5-21-1-2-3-1001"}),
            json!({"name": "SYSTEM", "domain": "NT AUTHORITY", "sid": "S-1-5-18"}),
            json!({"name": "MSSQLSERVER", "domain": "NT SERVICE", "sid": "S-1-5-80-1"}),
            json!({"name": "-", "domain": "-", "sid": "S-1-0-0"}),
            json!({"name": ["eve"], "domain": 7}),
        ] {
            assert_eq!(account(nobody.clone()), None, "{nobody}");
        }
    }

    #[test]
    fn an_fqdn_is_also_its_host_name() {
        let names = json!([
            "CORP\\WS07",
            "WS07.corp.example",
            "00000000-0000-0000-0000-000000000000",
            "192.0.2.7",
            "To be filled by O.E.M.",
            "localhost.localdomain"
        ])
        .into();
        let nodes: Vec<_> = Node::new(&names).items().collect();
        assert_eq!(device(&nodes).map(|device| device.ids), Some(vec!["ws07".into(), "ws07.corp.example".into()]));
    }

    #[test]
    fn a_system_file_is_known_by_its_hash_where_it_raised_an_alert() {
        let file = json!({"sha256": "ab12", "folder": "C:\\Windows\\System32", "name": "svchost.exe"}).into();
        let file = Node::new(&file);
        let found = |system| {
            let (hashes, folder) = ([file.get("sha256")], file.get("folder"));
            image(EntityKind::Process, &hashes, folder, file.get("name"), system)
        };
        assert_eq!(found(SystemFiles::NameNothing), None);
        let expected = Entity::new(EntityKind::Process, ["ab12"]).map(|image| image.named(Some("svchost.exe")));
        assert_eq!(found(SystemFiles::HaveHashes), expected);
    }

    #[test]
    fn system_binaries_name_nothing() {
        for path in [
            "C:\\Windows\\System32\\svchost.exe",
            "\\Device\\HarddiskVolume3\\Windows\\explorer.exe",
            "System",
            "/usr/bin/bash",
        ] {
            assert!(is_system_path(path), "{path}");
        }
        for path in [
            "C:\\Windows\\Temp\\a.exe",
            "C:\\Users\\eve\\a.exe",
            "/usr/local/bin/x",
            "C:\\Users\\eve\\Windows\\x.exe",
            "D:\\x",
        ] {
            assert!(!is_system_path(path), "{path}");
        }
    }
}
