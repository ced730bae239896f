//! Malicious URL: a link that harms whoever follows it, or carries data out when it is rendered.
//!
//! **Finds**, in user text, answers, tool calls, tool results and documents: what feeds list (`listed_url`, by itself
//! or by its host; and outside of links `listed_domain`, `listed_ip`, `listed_email`, `listed_file`), script and data
//! URLs (`active_content`), numeric hosts in any notation outside private ranges (`ip_host`), hosts that read like a
//! known brand or the operator's own name (`lookalike_host`, `typosquat`), text of a Markdown link that names another
//! host (`misleading_link`), such names in front of a foreign domain
//! (`brand_in_subdomain`), credentials that pretend to be a host (`userinfo`), downloads of executables
//! (`executable_download`), links that lead on to another host (`open_redirect`), images whose address carries what
//! was said, text or random bytes (`image_exfiltration`, by [`crate::carried`]). Signs add up.
//!
//! **Why**: models repeat links that attackers plant, and chat windows fetch images without a click.
//!
//! **Example**: `https://login.microsoftonline.com@198.51.100.7/setup.exe`
//!
//! **Does not find**: harmful pages on ordinary hosts that no feed lists. A rare top level domain alone is no sign.
//!
//! **References**: MITRE ATLAS AML.T0077 (LLM Response Rendering), ATT&CK T1566.002 (Spearphishing Link);
//! OWASP LLM05:2025 Improper Output Handling; Unicode UTS 39; RFC 3986, RFC 3492.

use std::borrow::Cow;
use std::net::Ipv6Addr;
use std::ops::Range;

use schemas::{Category, Channel, Severity};

use crate::addresses::{Parts, dotted, is_host_name, is_web, parts, url_at};
use crate::bounds::{head, tail};
use crate::carried::Said;
use crate::concept::Concept;
use crate::detector::{Detector, Scene, Sighting, Sightings, texts_on};
use crate::fold::is_invisible;
use crate::intel::{Standing, mentions};
use crate::lookalike::{self, Names};
use crate::numeric_host;
use crate::site::{same_site, site};
use crate::tool_arguments::percent_decoded;
use crate::view::{Layer, Text};

/// See the file's head.
#[derive(Debug)]
pub struct MaliciousUrl;

/// What a feed lists, whoever brings it: high, as its host alone would be.
const LISTED_URL: &str = "listed_url";
/// How many URLs of one text are looked at.
const URLS_MAX: usize = 256;
/// The longest text of an image that is looked at, in bytes.
const IMAGE_TEXT_BYTES_MAX: usize = 400;
const EXECUTABLES: [&str; 14] =
    ["exe", "scr", "msi", "bat", "cmd", "ps1", "vbs", "hta", "apk", "jar", "dmg", "lnk", "iso", "xll"];

impl Detector for MaliciousUrl {
    fn name(&self) -> &'static str {
        "malicious_url"
    }

    fn category(&self) -> Category {
        Category::MaliciousUrl
    }

    fn techniques(&self) -> &'static [&'static str] {
        &["AML.T0077", "T1566.002"]
    }

    fn detect(&self, scene: &Scene<'_>, out: &mut Sightings) {
        const CHANNELS: &[Channel] =
            &[Channel::User, Channel::Assistant, Channel::ToolCall, Channel::ToolResult, Channel::Document];
        let own = own_domains(scene);
        let names = Names(&own);
        for (message, text) in texts_on(scene.view, CHANNELS).filter(|(_, text)| text.layer != Layer::Leet) {
            let mut urls: Vec<Range<usize>> = Vec::new();
            let said = Said::before(scene.view, message);
            let starts: Vec<_> = text.hits.iter().filter(|hit| hit.concepts.has(Concept::Url)).collect();
            // Of too many the first and the last: a flood may stand on either side of what it hides.
            let skipped = starts.len().saturating_sub(URLS_MAX);
            if skipped > 0 {
                out.unread();
            }
            let last = starts.iter().skip(URLS_MAX / 2 + skipped);
            for hit in starts.iter().take(URLS_MAX / 2).chain(last) {
                let start = text.raw_at(hit.start as usize);
                let Some(url) = url_at(text.raw(), start) else { continue };
                let range = start..start + url.len();
                urls.push(range.clone());
                let Some((subtype, score)) = listed(url, scene).or_else(|| judge(url, text, start, names, &said))
                else {
                    continue;
                };
                let severity = if score >= 0.8 || subtype == LISTED_URL { Severity::High } else { Severity::Medium };
                out.push(Sighting::new(message, subtype, score, severity, text.raw_span(range)));
            }
            if scene.feeds.is_empty() {
                continue;
            }
            let apart = |range: &Range<usize>| !urls.iter().any(|url| url.start < range.end && range.start < url.end);
            let mentions = mentions(text.raw(), scene.feeds, scene.view.interaction.time);
            for (range, subtype, listed) in mentions.into_iter().filter(|(range, ..)| apart(range)) {
                if listed.standing == Standing::Malicious && out.room(message.index) {
                    let span = text.raw_span(range);
                    out.push(Sighting::new(message, subtype, listed.score(), Severity::High, span));
                }
            }
        }
    }
}

/// The operator's domains, and the one of the user's address: nobody is worth more to imitate.
fn own_domains<'s>(scene: &'s Scene<'_>) -> Cow<'s, [String]> {
    let protected = scene.settings.protected_domains.as_slice();
    let user = scene.view.interaction.who.user.iter().flat_map(|user| [&user.id, &user.name]).flatten();
    let mut of_user = user.filter_map(|name| Some(name.rsplit_once('@')?.1)).filter(|domain| is_host_name(domain));
    match of_user.next() {
        Some(domain) => {
            let own = site(&domain.to_lowercase()).to_owned();
            Cow::Owned(protected.iter().cloned().chain([own]).collect())
        }
        None => Cow::Borrowed(protected),
    }
}

/// What the feeds say about a URL: it is theirs, whatever else it looks like.
fn listed(url: &str, scene: &Scene<'_>) -> Option<(&'static str, f32)> {
    let parts = parts(url);
    if scene.feeds.is_empty() || !is_web(&parts) {
        return None;
    }
    let host = numeric_host::ipv4(parts.host).map(|(address, _)| address.to_string());
    // As a browser reads it: what shows nothing is dropped, what is percent-encoded is decoded.
    let host = host.unwrap_or_else(|| dotted(&percent_decoded(parts.host)).replace(is_invisible, ""));
    let at = scene.view.interaction.time;
    // A link that only leads on is as bad as where it leads.
    let led_to = || targets(&parts).find_map(|host| scene.feeds.host(&host, at));
    let listed = scene.feeds.url(url, &host, at).or_else(led_to)?;
    (listed.standing == Standing::Malicious).then(|| (LISTED_URL, listed.score()))
}

/// The strongest sign and the sum of all.
fn judge(url: &str, text: &Text<'_>, start: usize, names: Names<'_>, said: &Said<'_>) -> Option<(&'static str, f32)> {
    let parts = parts(url);
    let host = dotted(parts.host);
    let parts = Parts { host: &host, ..parts };
    let signs = [
        misleading_link(&parts, text, start),
        active_content(&parts, url),
        numeric_host(&parts),
        imitation(&parts, names),
        spoken_name(&parts, said),
        name_in_subdomain(&parts, names),
        userinfo(&parts),
        executable(&parts),
        open_redirect(&parts),
        image_exfiltration(&parts, url, text, start, said),
    ];
    let mut best: Option<(&'static str, f32)> = None;
    let mut doubt = 1.0;
    for (subtype, weight) in signs.into_iter().flatten() {
        doubt *= 1.0 - weight;
        if best.is_none_or(|(_, most)| weight > most) {
            best = Some((subtype, weight));
        }
    }
    best.map(|(subtype, _)| (subtype, 1.0 - doubt))
}

fn active_content(parts: &Parts<'_>, url: &str) -> Option<(&'static str, f32)> {
    if is_web(parts) {
        return None;
    }
    let scheme = parts.scheme.to_ascii_lowercase();
    let lower = head(url, 64).to_ascii_lowercase();
    let weight = match scheme.as_str() {
        // `javascript:void(0)` stands in a million ordinary pages.
        "javascript"
            if ["void(0", "void 0", "history.back", "window.print"].iter().any(|idle| lower.contains(idle))
                || url.len() < 16 =>
        {
            return None;
        }
        "javascript" | "vbscript" => 0.7,
        "data" if lower.starts_with("data:text/html") || lower.starts_with("data:text/javascript") => 0.7,
        "data" if lower.contains("msdownload") || lower.contains("octet-stream") || lower.contains("x-sh") => 0.6,
        _ => return None,
    };
    Some(("active_content", weight))
}

/// Numeric hosts; in a notation that only someone with something to hide writes, wherever they lead.
fn numeric_host(parts: &Parts<'_>) -> Option<(&'static str, f32)> {
    if !is_web(parts) {
        return None;
    }
    match (numeric_host::ipv4(parts.host), parts.host.parse::<Ipv6Addr>()) {
        (Some((_, false)), _) => Some(("ip_host", 0.75)),
        (Some((ip, true)), _) if ip.is_private() || ip.is_loopback() || ip.is_unspecified() || ip.is_link_local() => {
            None
        }
        (None, Ok(ip)) if ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() => None,
        (None, Err(_)) => None,
        _ => Some(("ip_host", 0.4)),
    }
}

fn imitation(parts: &Parts<'_>, names: Names<'_>) -> Option<(&'static str, f32)> {
    if is_web(parts) { lookalike::imitation(parts.host, names) } else { None }
}

/// A host drawn like a name of which the conversation speaks in plain letters.
fn spoken_name(parts: &Parts<'_>, said: &Said<'_>) -> Option<(&'static str, f32)> {
    let drawn = is_web(parts) && lookalike::plain_names(parts.host).any(|name| said.names(&name));
    drawn.then_some(("lookalike_host", 0.75))
}

fn name_in_subdomain(parts: &Parts<'_>, names: Names<'_>) -> Option<(&'static str, f32)> {
    (is_web(parts) && lookalike::in_subdomain(parts.host, names)).then_some(("brand_in_subdomain", 0.7))
}

/// `https://bank.example@evil.example`: what stands before the `@` reads like the host.
fn userinfo(parts: &Parts<'_>) -> Option<(&'static str, f32)> {
    let userinfo = parts.userinfo.filter(|_| is_web(parts))?;
    let like_host = userinfo.contains('.') && !userinfo.contains(':');
    Some(("userinfo", if like_host { 0.7 } else { 0.3 }))
}

fn executable(parts: &Parts<'_>) -> Option<(&'static str, f32)> {
    let (_, ending) = parts.path.rsplit_once('.')?;
    let found = is_web(parts) && EXECUTABLES.iter().any(|executable| ending.eq_ignore_ascii_case(executable));
    found.then_some(("executable_download", 0.35))
}

/// The hosts to which a link leads on by its query, in lower case.
fn targets<'t>(parts: &Parts<'t>) -> impl Iterator<Item = String> + use<'t> {
    const NAMES: [&str; 12] = [
        "continue",
        "dest",
        "destination",
        "goto",
        "next",
        "redir",
        "redirect",
        "redirect_uri",
        "return",
        "target",
        "u",
        "url",
    ];
    let leads_on = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let name = name.to_ascii_lowercase();
        let value = head(value, REDIRECT_BYTES_MAX).to_ascii_lowercase().replace("%3a", ":").replace("%2f", "/");
        let host = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"))?;
        let host = host.split(['/', '?', ':']).next().unwrap_or_default();
        (NAMES.contains(&name.as_str()) && !host.is_empty()).then(|| host.to_owned())
    };
    parts.query.split('&').take(QUERY_PAIRS_MAX).filter_map(leads_on)
}

/// A known host that sends whoever follows the link on to another one.
fn open_redirect(parts: &Parts<'_>) -> Option<(&'static str, f32)> {
    let found = is_web(parts) && targets(parts).any(|host| !same_site(&host, parts.host));
    // Logins and trackers do so all day: a sign beside others.
    found.then_some(("open_redirect", 0.3))
}

/// How much of a value tells where it leads, in bytes.
const REDIRECT_BYTES_MAX: usize = 256;
/// How many pairs of a query are looked at.
const QUERY_PAIRS_MAX: usize = 32;

/// The Markdown link whose text is the address of another site.
fn misleading_link(parts: &Parts<'_>, text: &Text<'_>, start: usize) -> Option<(&'static str, f32)> {
    let before = tail(text.raw().get(..start)?, LINK_TEXT_BYTES_MAX).strip_suffix("](")?;
    let (image, shown) = before.rsplit_once('[')?;
    let shown = shown.trim().trim_matches('*');
    let web = shown.strip_prefix("https://").or_else(|| shown.strip_prefix("http://"));
    let shown = web.or_else(|| shown.starts_with("www.").then_some(shown))?.to_ascii_lowercase();
    let shown = shown.split(['/', '?', ':']).next().unwrap_or_default();
    let other = is_web(parts) && is_host_name(shown) && !same_site(shown, &parts.host.to_ascii_lowercase());
    (other && !image.ends_with('!')).then_some(("misleading_link", 0.6))
}

/// The longest text of a link that is looked at, in bytes.
const LINK_TEXT_BYTES_MAX: usize = 200;

/// Whether a line is the beginning of `[label]: address`, and an image of the text refers to that label.
fn is_image_reference(line: &str, text: &str) -> bool {
    let label =
        line.trim().strip_suffix('<').unwrap_or(line).trim().strip_suffix("]:").and_then(|l| l.strip_prefix('['));
    label.is_some_and(|label| {
        text.contains("![") && (text.contains(&format!("][{label}]")) || text.contains(&format!("![{label}]")))
    })
}

/// An image in Markdown, HTML or a style whose address carries data.
fn image_exfiltration(
    parts: &Parts<'_>,
    url: &str,
    text: &Text<'_>,
    start: usize,
    said: &Said<'_>,
) -> Option<(&'static str, f32)> {
    if !is_web(parts) {
        return None;
    }
    let line = tail(text.raw().get(..start)?, IMAGE_TEXT_BYTES_MAX).rsplit('\n').next()?;
    let alt = line.strip_suffix("](").and_then(|line| line.get(..line.rfind('[')?));
    let tag = line.rsplit('<').next().filter(|tag| line.contains('<') && !tag.contains('>'));
    let in_tag = tag.is_some_and(|tag| head(tag, 4).eq_ignore_ascii_case("img ") && tag.contains("src"));
    let open = line.trim_end().trim_end_matches(['"', '\'']);
    let style = tail(open, 4).eq_ignore_ascii_case("url(");
    let image =
        alt.is_some_and(|before| before.ends_with('!')) || in_tag || style || is_image_reference(line, text.raw());
    let carried = image.then(|| said.carried(parts, url)).flatten()?;
    Some(("image_exfiltration", carried.score()))
}
