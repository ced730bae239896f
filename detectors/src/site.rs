//! Sites: what one party registers and everything below it.
//!
//! Where a registrable name begins cannot be told from its form: `contoso.co.uk` and `contoso.github.io` are as much
//! one party's as `hp.com` is, and only the Public Suffix List says so. It is compiled in, so that the same text
//! gives the same sites on every machine. Names that the list does not know end in one label, as its own rule says.
//!
//! Not here: hosts that so many parties use that they say nothing ([`crate::shared_hosts`]).

use std::net::IpAddr;

use crate::addresses::is_host_name;

/// The site of a host in lower case; an address, or a name under which others register, is its own.
pub fn site(host: &str) -> &str {
    let host = host.trim_end_matches('.');
    if host.parse::<IpAddr>().is_ok() {
        return host;
    }
    psl::domain_str(host).unwrap_or(host)
}

/// Whether a host in lower case is a name that somebody has registered, or one below it.
pub fn is_domain(host: &str) -> bool {
    is_host_name(host) && psl::domain_str(host).is_some()
}

/// Whether two hosts, in any case, are of one site; what is no host is of none.
pub fn same_site(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    !site(&one).is_empty() && site(&one) == site(&other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_what_one_party_registers() {
        for (host, expected) in [
            ("a.b.contoso.example", "contoso.example"),
            ("mail.contoso.co.uk", "contoso.co.uk"),
            ("ibm.com", "ibm.com"),
            ("www.hp.com.", "hp.com"),
            ("pages.someone.github.io", "someone.github.io"),
            ("co.uk", "co.uk"),
            ("198.51.100.7", "198.51.100.7"),
            ("2001:db8::7", "2001:db8::7"),
            ("localhost", "localhost"),
            ("", ""),
            (".", ""),
        ] {
            assert_eq!(site(host), expected, "{host}");
        }
        for odd in ["..", "a..b", ".com", "com.", "*.uk", "\u{0}.com", &"a.".repeat(1000)] {
            site(odd);
        }
    }

    #[test]
    fn a_domain_is_registered() {
        assert!(is_domain("contoso.com") && is_domain("hr.contoso.co.uk") && is_domain("contoso.example"));
        for text in ["com", "co.uk", "not a domain!", "", "198.51.100.7", "-a.com", "*.contoso.com"] {
            assert!(!is_domain(text), "{text}");
        }
    }

    #[test]
    fn sites_are_compared_alike_from_both_ends() {
        for (one, other, expected) in [
            ("a.contoso.example", "Contoso.example", true),
            ("x.shop.co.uk", "shop.co.uk", true),
            ("mail.ibm.com", "ibm.com", true),
            ("eu.mail.hp.com", "hp.com", true),
            ("a.co.uk", "b.co.uk", false),
            ("a.github.io", "b.github.io", false),
            ("198.51.100.7", "198.52.100.7", false),
            ("a.example", "b.example", false),
            ("", "a.example", false),
            ("", "", false),
        ] {
            assert_eq!((same_site(one, other), same_site(other, one)), (expected, expected), "{one} {other}");
        }
    }
}
