//! Who acts in AWS, as CloudTrail and GuardDuty name them.
//!
//! Roles and AWS's own services are not users: many share them.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::Node;
use super::things;
use crate::entity::{Entity, EntityKind};
use crate::readers::value::Value;

/// Adds the caller in `identity`, a `userIdentity` of CloudTrail, with the key that they used.
pub(super) fn add_identity(identity: Node<'_>, account: Option<&str>, draft: &mut Draft) {
    let kind = identity.get("type").text().unwrap_or_default();
    draft.add_one(EntityKind::ApiKey, identity.get("accessKeyId"));
    draft.add_one(EntityKind::Session, identity.get("credentialId"));
    let behalf = identity.at("onBehalfOf.userId");
    if kind.eq_ignore_ascii_case("AWSService") {
        return draft.add(things::user(&[behalf]));
    }
    let (arn, principal, name) = (identity.get("arn"), identity.get("principalId"), identity.get("userName"));
    if let Some(session) = session_name(arn, principal) {
        let behalf = behalf.text();
        let user = assumed(arn, principal, &session, behalf.as_deref());
        return draft.add(user.or_else(|| Entity::new(EntityKind::User, behalf.as_deref())));
    }
    let root = arn.text().is_some_and(|arn| arn.ends_with(":root")) || kind.eq_ignore_ascii_case("Root");
    let ids = if root { [arn, Node::absent()] } else { [arn, principal] };
    let account = identity.get("accountId").text().or(account.map(Cow::Borrowed));
    // A federated user's name is one at their own provider.
    let of_iam = kind.is_empty() || kind.eq_ignore_ascii_case("IAMUser");
    let derived = account.zip(name.text()).filter(|_| of_iam && !root && arn.text().is_none());
    let derived = Value::from(derived.map(|(account, name)| user_arn(&account, &name)));
    let email = name.text().filter(|name| name.contains('@')).map(Cow::into_owned);
    let (derived, email) = (Node::new(&derived), Value::from(email));
    let unique = things::user(&[ids[0], ids[1], derived, Node::new(&email), behalf]);
    draft.add(unique.or_else(|| things::user(&[name])).map(|user| user.named(name.text().as_deref())));
}

/// The ARN of an IAM user, as CloudTrail writes it for users without a path.
pub(super) fn user_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user/{name}")
}

/// The session's name of an assumed role: the last step of its ARN, the second half of its principal id.
fn session_name(arn: Node<'_>, principal: Node<'_>) -> Option<String> {
    let arn = arn.text().filter(|arn| arn.contains(":assumed-role/"));
    let from_arn = arn.and_then(|arn| arn.rsplit_once('/').map(|(_, session)| session.to_owned()));
    let role = || principal.text().filter(|principal| principal.starts_with("AROA"));
    from_arn.or_else(|| role().and_then(|id| id.split_once(':').map(|(_, session)| session.to_owned())))
}

/// Whom a role's session stands for: an instance, or a person, whose e-mail address single sign-on makes
/// the session's name. Other session names are free text and name no one by themselves.
fn assumed(arn: Node<'_>, principal: Node<'_>, session: &str, behalf: Option<&str>) -> Option<Entity> {
    if session.starts_with("i-") && session.len() >= 10 {
        return Entity::new(EntityKind::Device, [session]);
    }
    let (arn, principal) = (arn.text(), principal.text());
    let email = Some(session).filter(|session| session.contains('@'));
    let ids = arn.as_deref().into_iter().chain(principal.as_deref()).chain(email).chain(behalf);
    Entity::new(EntityKind::User, ids).map(|user| user.named(Some(session)))
}

/// How a title names the caller.
pub(super) fn caller(identity: Node<'_>) -> Option<String> {
    let session = session_name(identity.get("arn"), identity.get("principalId"));
    let arn = || identity.get("arn").text().map(|arn| things::file_name(&arn).to_owned());
    let name = identity.first(&["userName", "invokedBy"]).text().map(Cow::into_owned);
    session.or(name).or_else(arn).or_else(|| identity.get("type").text().map(Cow::into_owned))
}
