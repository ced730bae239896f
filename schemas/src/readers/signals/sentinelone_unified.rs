//! SentinelOne's unified alerts, as the console's GraphQL API gives them: findings of all its products in one shape.
//!
//! Source: the management console's API documentation (Unified Alerts, `/unifiedalerts/graphql`). The address at which
//! the console saw the agent is left out: everyone in an office shares it. So are the notes and the analyst.

use super::draft::Draft;
use super::fields::{Node, first_time, has_all, has_any};
use super::sentinelone::{PRODUCT, severity_of};
use super::things::{self, Account};
use crate::entity::{Entity, EntityKind, Role};
use crate::readers::RawRecord;
use crate::signal::Group;

/// The most assets of one alert that are looked at.
const ASSETS_MAX: usize = 64;

/// Whether `record` is a unified alert.
pub(super) fn recognises(record: &RawRecord<'_>) -> bool {
    has_all(record, &["detectedAt", "detectionSource"])
        && has_any(record, &["analystVerdict", "attackSurfaces", "detectionTime"])
}

/// The alert in `root`.
pub(super) fn alert(root: Node<'_>) -> Draft {
    let severity = severity_of(root.get("severity"), root.get("confidenceLevel"));
    let mut draft = Draft::alert(PRODUCT, group_of(root.get("attackSurfaces")), severity);
    let then = root.get("detectionTime");
    draft.native_id = root.get("id").text().map(Into::into);
    draft.time = first_time(&["detectedAt", "firstSeenAt", "createdAt"].map(|key| root.get(key)));
    let tenants = [then.at("scope.accountId"), root.at("realTime.scope.account.id")];
    draft.vendor_tenant = tenants.iter().find_map(|tenant| tenant.text()).map(Into::into);
    draft.add_techniques_at(root.get("name"));
    draft.add_techniques_at(root.get("description"));
    add_assets(root, &mut draft);
    draft.add(target(then.get("targetUser")));
    let attacker = then.get("attacker");
    draft.add_ips_as(Role::Source, [attacker.get("ip")]);
    draft.add(things::device(&[attacker.get("host")]).map(|host| host.in_role(Role::Source)));
    let image = root.at("process.file");
    let hashes = ["sha256", "sha1", "md5"].map(|hash| image.get(hash));
    draft.add_image(EntityKind::Process, &hashes, image.get("path"), image.get("name"));
    draft.title = root.get("name").text().unwrap_or("SentinelOne alert".into()).into_owned();
    if let Some(host) = root.first(&["assets", "asset"]).items().find_map(|asset| asset.get("name").text()) {
        draft.title.push_str(&format!(" on {host}"));
    }
    draft
}

/// The part of the estate that was attacked.
fn group_of(surfaces: Node<'_>) -> Group {
    let is = |word: &str| surfaces.items().any(|surface| surface.is(word));
    if is("IDENTITY") {
        Group::Identity
    } else if is("CLOUD") && !is("ENDPOINT") {
        Group::Cloud
    } else {
        Group::Endpoint
    }
}

/// The devices and who was logged on to them. What was known of an asset when it was attacked stands apart from the
/// asset, so that with several nothing says whose it was.
fn add_assets(root: Node<'_>, draft: &mut Draft) {
    let (assets, known) = (root.first(&["assets", "asset"]), root.at("detectionTime.assets"));
    let one = assets.items().count() == 1;
    let known = if known.exists() { known } else { root.get("detectionTime") };
    let then = if one { known.single() } else { Node::absent() };
    let domain = then.at("asset.domain");
    for asset in assets.items().take(ASSETS_MAX) {
        let ids = [asset.get("agentUuid"), then.at("cloud.instanceId")];
        draft.add(things::device_in_domain(&ids, asset.get("name"), domain));
        let name = asset.get("lastLoggedInUser");
        draft.add(Account { ids: &[], domain, name, display: Node::absent() }.entity());
    }
    for asset in known.items().take(ASSETS_MAX) {
        draft.add_ips([asset.at("asset.ipV4"), asset.at("asset.ipV6")]);
        draft.add(things::device(&[asset.at("cloud.instanceId")]));
    }
}

/// The user who was attacked; beside an address the name is one for people.
fn target(user: Node<'_>) -> Option<Entity> {
    let (address, name) = (things::address(user.get("emailAddress")), user.get("name"));
    let (name, display) = if address.exists() { (Node::absent(), name) } else { (name, Node::absent()) };
    Account { ids: &[address], domain: user.get("domain"), name, display }.entity()
}
