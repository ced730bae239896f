//! Where a tool call sends something: recipients and hosts that are foreign to the conversation.
//!
//! Agents write to strangers all day, so a stranger alone proves nothing. What counts: a hidden copy, a service that
//! catches requests for whoever asks, a recipient whom a document or a tool's answer told the model to write to, and
//! an address that carries what was said. The user's own domain, the operator's, and whatever the user or the
//! application named are no strangers. Bounded in recipients and lookups. Not here: rules that forward mail
//! ([`crate::tool_abuse`]).

use schemas::Channel;

use crate::addresses::{email_at, is_web, parts};
use crate::bounds::{head, tail};
use crate::carried::{Carried, Said};
use crate::concept::Concept;
use crate::detector::Scene;
use crate::numeric_host;
use crate::site::same_site;
use crate::tool_arguments::{Field, urls};
use crate::view::{MessageView, Text};

/// How many recipients and hosts of one interaction are looked for in what was said.
pub const DESTINATIONS_MAX: usize = 64;
/// How much of a field may name recipients, in bytes.
const RECIPIENTS_BYTES_MAX: usize = 4096;
/// How far behind its verb the object of an order stands, in bytes.
const ORDER_BYTES_MAX: usize = 120;

/// Fields that name recipients.
const RECIPIENTS: [&str; 14] = [
    "bcc",
    "cc",
    "email_to",
    "forward_to",
    "forwardto",
    "recipient",
    "recipients",
    "send_to",
    "share_with",
    "to",
    "to_address",
    "to_email",
    "to_emails",
    "torecipients",
];
/// Fields that hold what is sent.
const CONTENTS: [&str; 11] =
    ["attachment", "attachments", "body", "content", "data", "file", "form", "json", "message", "payload", "text"];
/// Services that keep what is sent to them for whoever made the address, and tunnels to machines that nobody knows.
const CATCHERS: [&str; 28] = [
    "beeceptor.com",
    "burpcollaborator.net",
    "canarytokens.com",
    "dnslog.cn",
    "hookb.in",
    "hookdeck.com",
    "interact.sh",
    "interactsh.com",
    "localhost.run",
    "loca.lt",
    "lhr.life",
    "m.pipedream.net",
    "mockbin.org",
    "ngrok-free.app",
    "ngrok.app",
    "ngrok.io",
    "oast.fun",
    "oast.live",
    "oast.me",
    "oast.online",
    "oast.pro",
    "oast.site",
    "oastify.com",
    "requestbin.com",
    "requestcatcher.com",
    "serveo.net",
    "trycloudflare.com",
    "webhook.site",
];
/// Places where anyone may leave a text or a file without a name.
const DROPS: [&str; 14] = [
    "0x0.st",
    "catbox.moe",
    "controlc.com",
    "dpaste.org",
    "file.io",
    "gofile.io",
    "hastebin.com",
    "paste.ee",
    "pastebin.com",
    "rentry.co",
    "termbin.com",
    "tmpfiles.org",
    "transfer.sh",
    "ix.io",
];
/// Where people of all kinds have mailboxes: only the whole address names one of them.
const MAIL_PROVIDERS: [&str; 10] = [
    "aol.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "hotmail.com",
    "icloud.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "yahoo.com",
];

/// A tool call with what was said around it.
pub struct Call<'c, 'v> {
    /// What detectors are given.
    pub scene: &'c Scene<'v>,
    /// The call.
    pub message: &'c MessageView<'v>,
    /// Its text.
    pub text: &'c Text<'v>,
    /// Its arguments.
    pub fields: &'c [Field<'c>],
}

impl Call<'_, '_> {
    /// How surely it sends something to a stranger; takes what it looks up from `lookups`.
    pub fn sends_away(&self, lookups: &mut usize) -> Option<f32> {
        let to_people = self.recipients(lookups);
        to_people.into_iter().chain(self.hosts(lookups)).reduce(f32::max)
    }

    fn recipients(&self, lookups: &mut usize) -> Option<f32> {
        let named = self.fields.iter().filter(|field| field.is(&RECIPIENTS));
        let addresses: Vec<(bool, String)> = named.flat_map(|field| addresses(field)).take(*lookups).collect();
        let open =
            |domain: &str| addresses.iter().any(|(hidden, other)| !hidden && same_site(domain_of(other), domain));
        *lookups -= addresses.len();
        let strangers = addresses.iter().filter(|(_, address)| {
            let domain = domain_of(address);
            !self.is_own(domain) && !self.is_named(address, domain)
        });
        let scores =
            strangers.map(|(hidden, address)| match (*hidden && !open(domain_of(address)), self.is_ordered(address)) {
                (true, _) => 0.7,
                (_, true) => 0.65,
                _ => 0.3,
            });
        scores.reduce(f32::max)
    }

    fn hosts(&self, lookups: &mut usize) -> Option<f32> {
        let sends = self.is_sending();
        let said = Said::before(self.scene.view, self.message);
        let mut worst: Option<f32> = None;
        for url in urls(self.text) {
            let parts = parts(url);
            let host = parts.host.to_ascii_lowercase();
            let wanted = is_web(&parts) && *lookups > 0 && !self.is_own(&host);
            if !wanted {
                continue;
            }
            *lookups -= 1;
            if self.is_named(&host, &host) {
                continue;
            }
            let within = |list: &[&str]| {
                list.iter().any(|site| host.strip_suffix(site).is_some_and(|sub| sub.is_empty() || sub.ends_with('.')))
            };
            let carries = said.carried(&parts, url).is_some_and(|carried| carried == Carried::Said);
            let address = numeric_host::ipv4(&host).is_some_and(|(ip, _)| !ip.is_private() && !ip.is_loopback());
            let score = if within(&CATCHERS) {
                0.75
            } else if sends && within(&DROPS) || carries {
                0.65
            } else if sends && self.is_ordered(&host) {
                0.6
            } else if sends && address {
                0.5
            } else {
                0.2
            };
            worst = Some(worst.map_or(score, |worst| worst.max(score)));
        }
        worst
    }

    /// Whether the call brings something along.
    fn is_sending(&self) -> bool {
        const VERBS: [&str; 8] = ["export", "post", "publish", "push", "send", "submit", "upload", "webhook"];
        let name = self.message_name().to_ascii_lowercase();
        let method = |field: &Field<'_>| {
            field.is(&["method"]) && ["post", "put", "patch"].iter().any(|verb| verb.eq_ignore_ascii_case(field.value))
        };
        VERBS.iter().any(|verb| name.contains(verb)) || self.fields.iter().any(|f| method(f) || f.is(&CONTENTS))
    }

    fn message_name(&self) -> &str {
        let message = self.scene.view.interaction.messages.get(self.message.index as usize);
        message.and_then(|message| message.name.as_deref()).unwrap_or_default()
    }

    /// Whether a domain is the user's or the operator's.
    fn is_own(&self, domain: &str) -> bool {
        let user = self.scene.view.interaction.who.user.as_ref();
        let names = user.into_iter().flat_map(|user| [&user.id, &user.name]).flatten();
        let domains = names.filter_map(|name| Some(name.rsplit_once('@')?.1));
        domains
            .filter(|domain| !MAIL_PROVIDERS.contains(&domain.to_ascii_lowercase().as_str()))
            .chain(self.scene.settings.protected_domains.iter().map(String::as_str))
            .any(|own| same_site(own, domain))
    }

    /// Whether the user or the application spoke of a recipient or of its domain.
    fn is_named(&self, whole: &str, domain: &str) -> bool {
        let name = if MAIL_PROVIDERS.contains(&domain) { whole } else { domain };
        let spoken = self.earlier(&[Channel::User, Channel::System]);
        spoken.into_iter().any(|text| stands_alone(text.folded(), name))
    }

    /// Whether a document or an answer of a tool told the model to send something there.
    fn is_ordered(&self, name: &str) -> bool {
        let mut brought = self.earlier(&[Channel::Document, Channel::ToolResult]).into_iter();
        brought.any(|text| {
            let folded = text.folded();
            let Some(at) = folded.find(name) else { return false };
            // Whoever wrote the message is answered, which is what mail is for.
            let line = tail(folded.get(..at).unwrap_or_default(), ORDER_BYTES_MAX).rsplit('\n').next();
            let writer =
                line.is_some_and(|line| ["from", "reply-to", "sender", "von"].iter().any(|w| line.contains(w)));
            let before =
                text.hits.iter().filter(|hit| (hit.end as usize) <= at && hit.end as usize + ORDER_BYTES_MAX >= at);
            !writer
                && before.into_iter().any(|hit| hit.concepts.has(Concept::Act) || hit.concepts.has(Concept::Secretly))
        })
    }

    fn earlier(&self, channels: &[Channel]) -> Vec<&Text<'_>> {
        let messages = self.scene.view.messages.iter().filter(|message| message.index < self.message.index);
        messages.filter(|message| channels.contains(&message.channel)).flat_map(|message| &message.texts).collect()
    }
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or(address, |(_, domain)| domain)
}

/// The addresses in a field, in lower case, each with whether others do not see it.
fn addresses(field: &Field<'_>) -> Vec<(bool, String)> {
    let value = head(field.value, RECIPIENTS_BYTES_MAX);
    let places = memchr::memchr_iter(b'@', value.as_bytes()).filter_map(|at| value.get(email_at(value, at)?));
    places.map(|address| (field.is(&["bcc"]), address.to_ascii_lowercase())).collect()
}
/// Whether `name` stands in `text` by itself: `contoso.co` does not in `contoso.com`, nor in `not-contoso.co`.
fn stands_alone(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '-';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).unwrap_or_default();
        let goes_on = after.strip_prefix('.').map_or(after, |label| label).starts_with(part);
        !name.is_empty() && !before.ends_with(part) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_within_another_is_not_spoken_of() {
        for (text, expected) in [
            ("write to bob@contoso.co please", true),
            ("contoso.co. And more", true),
            ("see contoso.com", false),
            ("see contoso.co.evil.example", false),
            ("see not-contoso.co", false),
            ("see notcontoso.co, but contoso.co too", true),
        ] {
            assert_eq!(stands_alone(text, "contoso.co"), expected, "{text}");
        }
    }
}
