//! What stands where a name should and names nothing: the ways in which sources write "nothing", accounts
//! that machines and operating systems bring along, serial numbers that nobody filled in.
//!
//! An identifier that stands on every machine joins everything with everything, so [`super::entity`] asks here
//! before it keeps one. The tables hold what vendors document and what software ships with; a name that one
//! company uses for its own purposes does not belong here.

use crate::listed::Listed;

/// `text` without white space around it, of which most texts have none.
#[inline]
pub(crate) fn trimmed(text: &str) -> &str {
    let plain = |end: Option<&u8>| end.is_some_and(u8::is_ascii_graphic);
    if plain(text.as_bytes().first()) && plain(text.as_bytes().last()) { text } else { text.trim() }
}

/// The words for "nothing".
static WORDS: Listed<36> = Listed::new([
    "-1",
    "anonymous",
    "empty",
    "false",
    "filtered",
    // CloudTrail's for the name in a failed console logon, which may be a password.
    "hidden_due_to_security_reasons",
    "masked",
    "missing",
    "n.a.",
    "n/a",
    "n\\a",
    "na",
    "nil",
    "no data",
    "no value",
    "none",
    "not applicable",
    "not available",
    "not_applicable",
    "not_available",
    "not provided",
    "not set",
    "notavailable",
    "null",
    // How Windows renders S-1-0-0.
    "null sid",
    "null-sid",
    // Microsoft's, in sign-ins of guests, for what is another tenant's.
    "pii removed",
    "redacted",
    "unavailable",
    "undefined",
    "unidentified",
    "unknown",
    "unknown user",
    "unspecified",
    // Two names, each without a value.
    "null null",
    "unset",
]);

/// Whether `text` is one of the ways in which sources write "nothing".
pub fn is_placeholder(text: &str) -> bool {
    // All of them begin with one of these letters or a sign, which most names do not.
    match text.as_bytes().first() {
        Some(b'1'..=b'9' | b'B'..=b'D' | b'G' | b'I'..=b'L' | b'O' | b'Q' | b'S' | b'T' | b'V'..=b'Z') => return false,
        Some(b'b'..=b'd' | b'g' | b'i'..=b'l' | b'o' | b'q' | b's' | b't' | b'v'..=b'z') => return false,
        _ => {}
    }
    let text = trimmed(text);
    // What begins and ends like a name is no sign and stands in no brackets, and of all ones every letter is an `f`.
    match text.as_bytes() {
        [] => return true,
        [b'f' | b'F', ..] => {}
        [first, .., last] if first.is_ascii_alphabetic() && last.is_ascii_alphanumeric() => {
            return WORDS.has_in_any_case(text);
        }
        _ => {}
    }
    // All zeros and punctuation: zero GUIDs, 0.0.0.0, 0x0, 00:00:00:00, "-", "::", "-\-".
    let body = text.strip_prefix("0x").unwrap_or(text);
    if body.chars().all(|c| c == '0' || (!c.is_alphanumeric() && c.is_ascii())) {
        return true;
    }
    // All ones: ff:ff:ff:ff:ff:ff, ffffffff-ffff-ffff-ffff-ffffffffffff. A name of only `f` is shorter.
    let one = |b: &u8| matches!(b, b'f' | b'F');
    if text.bytes().all(|b| one(&b) || matches!(b, b'-' | b':' | b'{' | b'}'))
        && text.as_bytes().iter().filter(|b| one(b)).count() >= 12
    {
        return true;
    }
    // `%%1833` stands for a word that Windows looks up when it shows an event.
    if text.strip_prefix("%%").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
        return true;
    }
    // Most texts are longer than any of them, with two brackets on either side.
    const LONGEST: usize = "hidden_due_to_security_reasons".len() + 4;
    if text.len() > LONGEST {
        return false;
    }
    // `(null)`, `<unknown>` and `[none]` are the same words in brackets.
    let word = text.trim_matches(|c| matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | '{' | '}' | '"' | '\'' | '#'));
    WORDS.has_in_any_case(word)
}

/// Accounts that act for no person, in lower case.
static BUILT_IN_ACCOUNTS: Listed<55> = Listed::new([
    "anonymous logon",
    "anonymous user",
    // SharePoint and OneDrive themselves.
    "app@sharepoint",
    "convidado",
    "default",
    "defaultaccount",
    "everyone",
    "gast",
    "guest",
    "invitado",
    "invité",
    "iusr",
    "jeder",
    "krbtgt",
    "local service",
    "local system",
    // What utmp has for a terminal that waits, and for the machine's own coming and going.
    "login",
    "reboot",
    "runlevel",
    "shutdown",
    "localsystem",
    "lokaler dienst",
    "network service",
    "netzwerkdienst",
    "no user",
    "nobody",
    "not found",
    "ospite",
    "root",
    "service local",
    "service réseau",
    "servicio de red",
    "servicio local",
    "serviço de rede",
    "serviço local",
    "servizio di rete",
    "servizio locale",
    "sistema",
    "system",
    "systemkonto",
    "système",
    "tout le monde",
    "trustedinstaller",
    "unknown user",
    "unknown_user",
    "wdagutilityaccount",
    "window manager",
    "гость",
    "система",
    // An audit user id of Linux that was never set.
    "4294967295",
    "anonymous_logon",
    "local_service",
    "local_system",
    "network_service",
    // LiteLLM's for keys that were given to nobody.
    "default_user_id",
]);

/// Whether `account`, in lower case and without its domain, acts for no person on any machine.
///
/// Windows translates the names of its well-known SIDs (S-1-5-18 system, S-1-5-19 and S-1-5-20 services, S-1-5-7
/// anonymous logon, S-1-1-0 everyone, RIDs 501 guest and 503 default account); records that bring the SID as well are
/// known by it ([`is_built_in_sid`]).
pub(crate) fn is_built_in_account(account: &str) -> bool {
    // Desktop sessions and Exchange's own probes number their accounts.
    const PREFIXES: [&str; 4] = ["dwm-", "umfd-", "healthmailbox", "systemmailbox{"];
    // A cluster's own components, nodes and groups; its service accounts are somebody's.
    let of_cluster = account.strip_prefix("system:").is_some_and(|name| !name.starts_with("serviceaccount:"));
    BUILT_IN_ACCOUNTS.has(account) || of_cluster || PREFIXES.iter().any(|prefix| account.starts_with(prefix))
}

/// Whether `domain`, in lower case, is one of those that Windows makes up for accounts without a person behind them,
/// in the languages in which it translates it.
pub(crate) fn is_built_in_domain(domain: &str) -> bool {
    static DOMAINS: Listed<14> = Listed::new([
        "autoridade nt",
        "autorite nt",
        "autorité nt",
        "builtin",
        "font driver host",
        "iis apppool",
        "nt authority",
        "nt instans",
        "nt service",
        "nt virtual machine",
        "nt-autorität",
        "vordefiniert",
        "window manager",
        "zarządzanie nt",
    ]);
    DOMAINS.has(domain)
}

/// Whether `account`, in lower case and without any domain, is the name that software ships with: a different
/// person on every machine. With a machine or domain before it the name is one account and identifies. On macOS the
/// names of all daemons begin with an underscore.
pub(crate) fn is_default_account(account: &str) -> bool {
    static ACCOUNTS: Listed<33> = Listed::new([
        "administrator",
        "azureuser",
        "centos",
        "chrony",
        "daemon",
        "ec2-user",
        "messagebus",
        "mysql",
        "nginx",
        "ntp",
        "polkitd",
        "postgres",
        "redis",
        "sshd",
        "syslog",
        "ubuntu",
        "vagrant",
        "www-data",
        "xrdp",
        "almalinux",
        "core",
        "debian",
        "fedora",
        "kali",
        "opc",
        "pi",
        "rocky",
        // RID 500 in the languages in which Windows translates it.
        "administrador",
        "administrateur",
        "administratör",
        "rendszergazda",
        "järjestelmänvalvoja",
        "администратор",
    ]);
    let letters = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase());
    let daemon = account.strip_prefix('_').is_some_and(letters) || account.starts_with("systemd-");
    daemon || ACCOUNTS.has(account) || is_built_in_domain(account)
}

/// Whether a SID in lower case is none of a person: well-known ones, and of a domain's own the accounts that
/// every domain has (501 guest, 502 krbtgt, 503 and 504 Windows' own).
pub(crate) fn is_built_in_sid(sid: &str) -> bool {
    if !sid.starts_with("s-1-") || sid.starts_with("s-1-12-1-") {
        return false;
    }
    let account = sid.strip_prefix("s-1-5-21-").and_then(|rest| rest.rsplit('-').next());
    account.is_none_or(|number| matches!(number, "501" | "502" | "503" | "504"))
}

/// What makers and installers leave in, in lower case.
static DEFAULT_DEVICES: Listed<55> = Listed::new([
    "0123456789",
    "03000200-0400-0500-0006-000700080009",
    "123456789",
    "android",
    "base board serial number",
    "bogon",
    "chassis serial number",
    "computer",
    "default",
    "default string",
    "imac",
    "invalid",
    "ipad",
    "iphone",
    "localdomain",
    "localhost",
    "mac mini",
    "mac pro",
    "mac studio",
    "macbook",
    "macbook air",
    "macbook pro",
    "macbook-air",
    "macbook-pro",
    "mshome",
    "not specified",
    "o.e.m.",
    "oem",
    "system product name",
    "system serial number",
    "to be filled by o.e.m",
    "to be filled by o.e.m.",
    "unknown device",
    "unknown host",
    "unknown-host",
    "windows device",
    "workgroup",
    "hvm domu",
    "kvm",
    "mac",
    "pc",
    "virtual machine",
    "virtualbox",
    "vmware virtual platform",
    "debian",
    "ipad air",
    "ipad mini",
    "ipad pro",
    "kali",
    "mac-mini",
    "macbookair",
    "macbookpro",
    "macmini",
    "raspberrypi",
    "ubuntu",
]);

/// Whether a device's name or number, in lower case, is what a maker or an installer left in.
pub(crate) fn is_default_device(id: &str) -> bool {
    DEFAULT_DEVICES.has(at_home(id)) || id.starts_with("localhost.") || is_model(id)
}

/// A name without what a network at home puts behind it: a domain that everybody has, and on Apple's devices the number
/// with which Bonjour tells a second one of that name apart.
fn at_home(id: &str) -> &str {
    const DOMAINS: [&str; 7] = [".fritz.box", ".home", ".home.arpa", ".lan", ".local", ".localdomain", ".speedport.ip"];
    const APPLES: [&str; 4] = ["imac", "ipad", "iphone", "macbook"];
    let name = DOMAINS.iter().find_map(|domain| id.strip_suffix(domain)).unwrap_or(id);
    let digit = |number: &str| number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit());
    match name.rsplit_once('-') {
        Some((bare, number)) if digit(number) && APPLES.iter().any(|apple| bare.starts_with(apple)) => bare,
        _ => name,
    }
}

/// Whether a device's name, in lower case, is that of its model: Apple's identifier (`mac15,6`) and its likes, or the line
/// of a maker with a number behind it. Whoever bought the same has it too.
fn is_model(name: &str) -> bool {
    const NUMBERED: [&str; 13] = [
        "appletv",
        "imac",
        "imacpro",
        "ipad",
        "iphone",
        "ipod",
        "mac",
        "macbook",
        "macbookair",
        "macbookpro",
        "macmini",
        "macpro",
        "vmware",
    ];
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_numbered = |(model, revision): (&str, &str)| {
        let line = model.trim_end_matches(|c: char| c.is_ascii_digit());
        line.len() < model.len() && digits(revision) && NUMBERED.contains(&line)
    };
    name.split_once(',').is_some_and(is_numbered) || is_of_line(name) || is_samsung(name)
}

/// Whether a name is a line that a maker sells with a number behind it. Names of machines have no spaces.
fn is_of_line(name: &str) -> bool {
    const LINES: [&str; 22] = [
        "elitebook ",
        "galaxy ",
        "hp elitebook ",
        "hp probook ",
        "hp zbook ",
        "ideapad ",
        "inspiron ",
        "ipad ",
        "iphone ",
        "latitude ",
        "macbook air ",
        "macbook pro ",
        "optiplex ",
        "pixel ",
        "precision ",
        "standard pc ",
        "surface ",
        "thinkcentre ",
        "thinkpad ",
        "vostro ",
        "xps ",
        "zbook ",
    ];
    let number = |rest: &str| rest.bytes().any(|byte| byte.is_ascii_digit());
    name.contains(' ') && LINES.iter().any(|line| name.strip_prefix(line).is_some_and(number))
}

/// Whether a name is a model of Samsung's: `sm-g991b`.
fn is_samsung(name: &str) -> bool {
    let Some(model) = name.strip_prefix("sm-").map(str::as_bytes) else { return false };
    let (Some(series), Some(number)) = (model.first(), model.get(1..4)) else { return false };
    model.len() <= 6
        && series.is_ascii_alphabetic()
        && number.iter().all(u8::is_ascii_digit)
        && model.iter().all(u8::is_ascii_alphanumeric)
}

/// Whether a hash in lower case is that of nothing: MD5, SHA-1 and SHA-256 of the empty file.
pub(crate) fn is_empty_hash(hash: &str) -> bool {
    const EMPTY: [&str; 3] = [
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ];
    EMPTY.contains(&hash)
}
