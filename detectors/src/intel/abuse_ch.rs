//! The CSV exports of abuse.ch: URLhaus, ThreatFox, Feodo Tracker, SSLBL, MalwareBazaar.
//!
//! Their header is a comment line that names the columns; fields are quoted or not, with blanks between. A row is
//! read by the names of its columns, so that an added column does no harm.

use super::format::Parsed;
use super::indicator::{Indicator, Observable};

/// Columns that hold what is to be found, the most precise first.
const VALUES: [&str; 9] =
    ["url", "ioc_value", "dst_ip", "dstip", "sha256_hash", "sha1_hash", "sha1", "md5_hash", "ip_address"];

/// The columns of the header in `text`, if it has one.
pub(super) fn header(text: &str) -> Option<Vec<String>> {
    let known = |fields: &Vec<String>| fields.len() >= 2 && fields.iter().any(|name| VALUES.contains(&name.as_str()));
    let names =
        |line: &str| fields(line.trim_start_matches('#')).iter().map(|name| name.to_ascii_lowercase()).collect();
    text.lines().take(HEADER_LINES_MAX).map(names).find(known)
}

/// The header follows some lines of licence.
const HEADER_LINES_MAX: usize = 64;
/// The most fields of a row.
const FIELDS_MAX: usize = 64;

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let Some(columns) = header(text) else { return parsed };
    let place = |name: &str| columns.iter().position(|column| column == name);
    let value = VALUES.iter().find_map(|name| place(name));
    let confidence = place("confidence_level");
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let row = fields(line);
        let of = |place: Option<usize>| place.and_then(|place| row.get(place)).map(String::as_str);
        // A header without a comment sign is a row of names.
        if of(value).is_some_and(|text| VALUES.contains(&text.to_ascii_lowercase().as_str())) {
            continue;
        }
        let observable = of(value).and_then(observable);
        let confidence = of(confidence).and_then(|text| text.parse().ok());
        parsed.take(observable.map(|observable| Indicator { observable, confidence, valid_until: None }));
    }
    parsed
}

/// ThreatFox writes addresses with their port.
fn observable(text: &str) -> Option<Observable> {
    let address = text.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map(|(address, _)| address);
    address.and_then(Observable::network).or_else(|| Observable::guess(text))
}

/// The fields of a line: separated by commas, quoted where they hold one, a quote doubled within quotes.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field) = (Vec::new(), String::new());
    let (mut quoted, mut chars) = (false, line.trim().chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted && fields.len() + 1 < FIELDS_MAX => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    fields.push(field);
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> (Vec<String>, usize) {
        let parsed = parse(text);
        (parsed.indicators.iter().map(|indicator| format!("{:?}", indicator.observable)).collect(), parsed.skipped)
    }

    #[test]
    fn the_exports_are_read_by_their_columns() {
        let urlhaus = "################\n# URLhaus #\n#\n# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n\
            \"1\",\"2026-05-01 00:00:00\",\"http://Drop.evil.example/a,b.sh\",\"online\",\"\",\"malware_download\",\"elf,mirai\",\"x\",\"me\"\n";
        assert_eq!(values(urlhaus), (vec!["Url(\"drop.evil.example/a,b.sh\")".to_owned()], 0));
        let threatfox = "# \"first_seen_utc\",\"ioc_id\",\"ioc_value\",\"ioc_type\",\"threat_type\",\"fk_malware\",\"malware_alias\",\"malware_printable\",\"last_seen_utc\",\"confidence_level\"\n\
            \"2026-05-01 00:00:00\", \"9\", \"198.51.100.7:443\", \"ip:port\", \"botnet_cc\", \"x\", \"\", \"X\", \"\", \"50\"\n";
        let parsed = parse(threatfox);
        assert_eq!(parsed.indicators[0].observable, Observable::network("198.51.100.7").expect("an address"));
        assert_eq!(parsed.indicators[0].confidence, Some(50));
        let feodo = "\"first_seen_utc\",\"dst_ip\",\"dst_port\",\"c2_status\",\"last_online\",\"malware\"\n\
            \"2026-05-01 00:00:00\",\"203.0.113.5\",\"443\",\"online\",\"2026-05-01\",\"Emotet\"\nbroken\n";
        assert_eq!((parse(feodo).indicators.len(), parse(feodo).skipped), (1, 1));
        let sslbl = "# Firstseen,DstIP,DstPort\n2026-05-01 00:00:00,203.0.113.6,4443\n";
        assert_eq!(parse(sslbl).indicators.len(), 1);
    }

    #[test]
    fn quotes_and_commas_without_end_are_fields() {
        assert_eq!(fields("a,\"b \"\"c\"\", d\", e").join("|"), "a|b \"c\", d|e");
        assert_eq!(fields(&",".repeat(10_000)).len(), FIELDS_MAX);
        assert_eq!(fields("\"open, never closed").len(), 1);
    }
}
