//! Hosts that so many records name that naming one says nothing about who is behind it.
//!
//! Each entry stands for its subdomains too, so what gives every customer a subdomain (`github.io`,
//! `sharepoint.com`, `blob.core.windows.net`) is deliberately absent: there the full name tells one from
//! another. Reserved names (RFC 2606) are absent as well: they are rare where data is real.

/// Vendors and services that everyone uses: neither the host nor a URL on it links.
const EVERYONES: [&str; 30] = [
    "amazon.com",
    "anthropic.com",
    "apache.org",
    "apple.com",
    "bing.com",
    "cloudflare.com",
    "docker.com",
    "facebook.com",
    "google.com",
    "icloud.com",
    "instagram.com",
    "linkedin.com",
    "live.com",
    "microsoft.com",
    "microsoftonline.com",
    "mozilla.org",
    "npmjs.com",
    "office.com",
    "office365.com",
    "openai.com",
    "outlook.com",
    "pypi.org",
    "python.org",
    "slack.com",
    "stackoverflow.com",
    "twitter.com",
    "w3.org",
    "wikipedia.org",
    "x.com",
    "youtube.com",
];

/// Where anyone may put content: the host does not link, a URL that leads to one thing does.
const HOSTING: [&str; 13] = [
    "bitbucket.org",
    "docs.google.com",
    "drive.google.com",
    "dropbox.com",
    "gist.github.com",
    "github.com",
    "gitlab.com",
    "googleapis.com",
    "huggingface.co",
    "pastebin.com",
    "raw.githubusercontent.com",
    "s3.amazonaws.com",
    "sites.google.com",
];

/// What a host says about whom it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// One party, as far as is known.
    Own,
    /// Many parties, each under paths of its own.
    Hosting,
    /// Everyone.
    Everyones,
}

/// How far `host`, in lower case, is shared.
pub fn sharing(host: &str) -> Sharing {
    let within =
        |domain: &str| host.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'));
    // A bucket's own name in front of the storage service tells one from another.
    let bucket = ["s3.amazonaws.com", "storage.googleapis.com"]
        .iter()
        .any(|service| host.strip_suffix(service).is_some_and(|before| before.ends_with('.')));
    if bucket {
        Sharing::Own
    } else if HOSTING.iter().any(|domain| within(domain)) {
        Sharing::Hosting
    } else if EVERYONES.iter().any(|domain| within(domain)) {
        Sharing::Everyones
    } else {
        Sharing::Own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subdomains_count_and_lookalikes_do_not() {
        for (host, expected) in [
            ("google.com", Sharing::Everyones),
            ("mail.google.com", Sharing::Everyones),
            ("drive.google.com", Sharing::Hosting),
            ("raw.githubusercontent.com", Sharing::Hosting),
            ("s3.amazonaws.com", Sharing::Hosting),
            ("bucket.s3.amazonaws.com", Sharing::Own),
            ("notgoogle.com", Sharing::Own),
            ("google.com.evil.example", Sharing::Own),
            ("someone.github.io", Sharing::Own),
            ("example.com", Sharing::Own),
        ] {
            assert_eq!(sharing(host), expected, "{host}");
        }
    }

    #[test]
    fn the_lists_are_in_order_and_lower_case() {
        for list in [EVERYONES.as_slice(), HOSTING.as_slice()] {
            assert!(list.is_sorted() && list.iter().all(|host| *host == host.to_lowercase()));
        }
    }
}
