//! Malicious URL: a link that harms whoever follows it, or carries data out when it is rendered.
//!
//! **Finds**, in user text, answers, tool calls, tool results and documents: script and data URLs
//! (`active_content`), numeric hosts outside private ranges (`ip_host`), punycode and mixed-script hosts
//! that read like a known brand (`lookalike_host`), brands in front of a foreign domain (`brand_in_subdomain`),
//! credentials that pretend to be a host (`userinfo`), downloads of executables (`executable_download`),
//! Markdown images with long query data (`image_exfiltration`). Signs add up.
//!
//! **Why**: models repeat links that attackers plant, and chat windows fetch images without a click.
//!
//! **Example**: `https://login.microsoftonline.com@198.51.100.7/setup.exe`
//!
//! **Does not find**: harmful pages on ordinary hosts; reputation needs intelligence feeds. A rare top
//! level domain alone is no sign.
//!
//! **References**: MITRE ATLAS AML.T0077 (LLM Response Rendering), ATT&CK T1566.002 (Spearphishing Link);
//! OWASP LLM05:2025 Improper Output Handling; Unicode UTS 39; RFC 3986, RFC 3492.

use std::net::IpAddr;
use std::ops::Range;

use schemas::{Category, Channel, Severity};

use crate::addresses::{Parts, is_web, parts, url_at};
use crate::bounds::{head, tail};
use crate::concept::Concept;
use crate::detector::{Detector, Scene, Sighting, Sightings, texts_on};
use crate::fold::fold;
use crate::view::{Layer, Text};

/// See the file's head.
#[derive(Debug)]
pub struct MaliciousUrl;

/// How many URLs of one text are looked at.
const URLS_MAX: usize = 256;
/// From which length on the query of an image is data, in bytes.
const IMAGE_QUERY_BYTES_MIN: usize = 48;
/// The longest text of an image that is looked at, in bytes.
const IMAGE_TEXT_BYTES_MAX: usize = 400;
/// Brands that phishing imitates, and the domains that are theirs.
const BRANDS: [(&str, &[&str]); 14] = [
    ("microsoft", &["microsoft.com", "microsoftonline.com"]),
    ("microsoftonline", &["microsoftonline.com"]),
    ("office365", &["office365.com"]),
    ("google", &["google.com", "withgoogle.com"]),
    ("apple", &["apple.com"]),
    ("icloud", &["icloud.com"]),
    ("paypal", &["paypal.com"]),
    ("amazon", &["amazon.com"]),
    ("github", &["github.com"]),
    ("facebook", &["facebook.com"]),
    ("okta", &["okta.com"]),
    ("openai", &["openai.com"]),
    ("netflix", &["netflix.com"]),
    ("dropbox", &["dropbox.com"]),
];
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
        for (message, text) in texts_on(scene.view, CHANNELS).filter(|(_, text)| text.layer != Layer::Leet) {
            let starts = text.hits.iter().filter(|hit| hit.concepts.has(Concept::Url)).take(URLS_MAX);
            for hit in starts {
                let start = text.raw_at(hit.start as usize);
                let Some(url) = url_at(text.raw(), start) else { continue };
                let Some((subtype, score)) = judge(url, text, start) else { continue };
                let range = start..start + url.len();
                let severity = if score >= 0.8 { Severity::High } else { Severity::Medium };
                out.push(Sighting::new(message, subtype, score, severity, text.raw_span(range)));
            }
        }
    }
}

/// The strongest sign and the sum of all.
fn judge(url: &str, text: &Text<'_>, start: usize) -> Option<(&'static str, f32)> {
    let parts = parts(url);
    let signs = [
        active_content(&parts, url),
        numeric_host(&parts),
        lookalike(&parts),
        brand_in_subdomain(&parts),
        userinfo(&parts),
        executable(&parts),
        image_exfiltration(&parts, text, start),
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

/// Numeric hosts, also as one number, which only someone with something to hide writes.
fn numeric_host(parts: &Parts<'_>) -> Option<(&'static str, f32)> {
    if !is_web(parts) {
        return None;
    }
    let odd = parts.host.parse::<u32>().is_ok()
        || parts.host.strip_prefix("0x").is_some_and(|hex| u32::from_str_radix(hex, 16).is_ok());
    if odd {
        return Some(("ip_host", 0.75));
    }
    match parts.host.parse::<IpAddr>().ok()? {
        IpAddr::V4(ip) if ip.is_private() || ip.is_loopback() || ip.is_unspecified() || ip.is_link_local() => None,
        IpAddr::V6(ip) if ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() => None,
        _ => Some(("ip_host", 0.4)),
    }
}

/// A host whose letters only look like a brand, in Unicode, in punycode or with digits for letters.
fn lookalike(parts: &Parts<'_>) -> Option<(&'static str, f32)> {
    if !is_web(parts) {
        return None;
    }
    // What an ordinary host lacks altogether needs no closer look.
    let plain = parts.host.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b'-'));
    if plain && !["rn", "vv", "xn--"].iter().any(|sign| parts.host.contains(sign)) {
        return None;
    }
    let host = parts.host.to_lowercase();
    let mixed = host.split('.').any(|label| {
        label.bytes().any(|b| b.is_ascii_alphabetic()) && label.chars().any(|c| c.is_alphabetic() && !c.is_ascii())
    });
    let imitates = |spelling: &dyn Fn(&str) -> String| {
        host.split(['.', '-']).any(|label| {
            let read = spelling(label);
            read != label && BRANDS.iter().any(|(brand, _)| *brand == read)
        })
    };
    let digits = |label: &str| label.chars().map(|c| digit_as_letter(c).unwrap_or(c)).collect();
    let pairs = |label: &str| label.replace("rn", "m").replace("vv", "w");
    if imitates(&|label| fold(label).text) {
        return Some(("lookalike_host", 0.9));
    }
    if imitates(&digits) || imitates(&pairs) {
        return Some(("lookalike_host", 0.75));
    }
    // Punycode is how honest names in other scripts travel, so alone it weighs little.
    let punycode = host.split('.').any(|label| label.starts_with("xn--"));
    match (mixed, punycode) {
        (true, _) => Some(("lookalike_host", 0.5)),
        (_, true) => Some(("lookalike_host", 0.35)),
        _ => None,
    }
}

fn digit_as_letter(c: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' => 'l',
        '3' => 'e',
        '5' => 's',
        _ => return None,
    })
}

/// `microsoft.com.account-verify.example`: the brand stands where it does not decide.
fn brand_in_subdomain(parts: &Parts<'_>) -> Option<(&'static str, f32)> {
    // A brand's domain and a foreign one have two labels each.
    if !is_web(parts) || parts.host.split('.').count() < 4 {
        return None;
    }
    let host = parts.host.to_ascii_lowercase();
    let foreign = |own: &str| {
        host.split_once(own).is_some_and(|(before, after)| {
            let apart = before.is_empty() || before.ends_with(['.', '-']);
            apart && after.starts_with('.') && after.split('.').filter(|label| !label.is_empty()).count() >= 2
        })
    };
    let found = BRANDS.iter().any(|(_, owns)| owns.iter().any(|own| foreign(own)));
    found.then_some(("brand_in_subdomain", 0.7))
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

/// A Markdown image whose query holds more than sizes and versions.
fn image_exfiltration(parts: &Parts<'_>, text: &Text<'_>, start: usize) -> Option<(&'static str, f32)> {
    let before: Range<usize> = start.saturating_sub(2)..start;
    if text.raw().get(before) != Some("](") || !is_web(parts) {
        return None;
    }
    let line = tail(text.raw().get(..start)?, IMAGE_TEXT_BYTES_MAX).rsplit('\n').next()?;
    let image = line.rfind('[').is_some_and(|at| line.get(..at).is_some_and(|head| head.ends_with('!')));
    let signed = ["x-amz-signature", "sig=", "signature=", "token="]
        .iter()
        .any(|sign| parts.query.to_ascii_lowercase().contains(sign));
    let longest = parts.query.split(['&', '=']).map(str::len).max().unwrap_or_default();
    (image && !signed && longest >= IMAGE_QUERY_BYTES_MIN).then_some(("image_exfiltration", 0.65))
}
