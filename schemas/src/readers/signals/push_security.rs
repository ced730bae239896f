//! Push Security's webhook events.
//!
//! Source: pushsecurity.com/help (Webhooks). Detections are alerts; changes of what Push keeps track of
//! (accounts, apps, logins, findings about hygiene) are context.

use std::borrow::Cow;

use super::draft::Draft;
use super::fields::{Node, discriminator, has_all, has_any, is_one_of};
use super::format::Format;
use super::things::{person, url_or_domain};
use super::title::{Title, words};
use crate::entity::Role;
use crate::readers::{Context, Output, RawRecord, ReadError, Reader};
use crate::severity::Severity;
use crate::signal::{Group, SignalKind};

const FORMAT: Format = Format {
    vendor: "Push Security webhooks",
    recognised_by: "`id` and `object` in capitals with `new` and one of `old`, `version`, `type`, `category`",
    native_id: "`id`",
    time: "`timestamp`",
    severity: "context; an alert where `category` is `DETECTION` or `object` is phishing, a stolen session or a cloned login page: `severity` by its word, else high",
    entities: "employee by id and e-mail, the account's e-mail, ip, URLs",
};

/// Objects with which Push reports an attack.
const ATTACKS: [&str; 8] = [
    "BLOCKED_URL",
    "CLONED_LOGIN_PAGE",
    "MALICIOUS_COPY_AND_PASTE",
    "PASSWORD_PHISHING",
    "PHISHING_TOOL",
    "PHISHING_TOOLKIT",
    "SESSION_TOKEN_THEFT",
    "STOLEN_CREDENTIALS",
];

/// Reads Push Security's events.
pub(super) struct PushSecurity;

/// Whether `name` is one of Push's names of objects, which are all of the form `PASSWORD_PHISHING`.
fn is_constant(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

impl Reader for PushSecurity {
    fn name(&self) -> &'static str {
        "push_security"
    }

    fn format(&self) -> Option<&'static Format> {
        Some(&FORMAT)
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        has_all(record, &["id", "new"])
            && is_constant(discriminator(record, "object"))
            && has_any(record, &["old", "version", "type", "category"])
            && !has_any(record, &["actor", "effective_at"])
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        let root = record.value()?;
        let event = Node::new(root);
        let (new, employee) = (event.get("new"), event.at("new.employee"));
        let object = event.get("object").text().unwrap_or("object".into());
        let mut draft = Draft::context(self.name(), Group::Identity);
        if is_one_of(&object, &ATTACKS) || event.get("category").is("DETECTION") {
            let word = new.get("severity").word().or_else(|| event.get("severity").word()).unwrap_or_default();
            draft.kind = SignalKind::Alert;
            draft.severity =
                Some(Severity::from_word(&word)).filter(|s| *s > Severity::Unknown).unwrap_or(Severity::High);
        }
        draft.native_id = event.get("id").text().map(Cow::into_owned);
        draft.time = event.get("timestamp").time();
        let name = Node::absent();
        draft.add(person(&[employee.get("id"), employee.get("email")], name));
        // The account's address is the employee's at that application, which need not be a work address.
        let employee_id = if object.eq_ignore_ascii_case("EMPLOYEE") { new.get("id") } else { new.get("employeeId") };
        draft.add(person(&[employee_id, new.get("email")], name));
        draft.add_ips_as(Role::Source, [new.get("sourceIpAddress")]);
        for url in ["url", "referrerUrl", "loginUrl", "domain"] {
            draft.add(url_or_domain(new.get(url)));
        }
        draft.title = Title::of(words(&object))
            .with_text(" ", event.get("type").text().map(|change| change.to_lowercase()).as_deref())
            .by(&[employee.get("email"), new.get("email"), employee_id])
            .on(&[new.get("appType"), new.get("type")])
            .from(&[new.get("sourceIpAddress")])
            .outcome(&[new.get("action"), new.get("state"), new.get("mode")])
            .done();
        draft.publish(record, context, out)
    }
}
