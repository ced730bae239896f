//! What the search for credentials costs, alone: prints MB/s and ns a byte, as machines differ.
//!
//! `cargo test -p detectors --lib credential::cost -- --nocapture`. The inputs that are made to be slow are held
//! to a bound that only a search that is not linear can miss.

use std::time::Instant;

use super::reading::Reading;
use super::secrets;

/// The best of a few rounds, in nanoseconds a byte: what else the machine does only ever adds.
fn nanos_a_byte(text: &str, rounds: usize) -> f64 {
    let round = || {
        let start = Instant::now();
        let readings = [Some(Reading::plain(text)), Reading::undone(text)];
        for reading in readings.iter().flatten() {
            std::hint::black_box(secrets(reading, None, std::iter::empty()));
        }
        start.elapsed().as_secs_f64() * 1e9 / text.len() as f64
    };
    (0..rounds).map(|_| round()).fold(f64::INFINITY, f64::min)
}

/// Long enough that a search which is not linear shows, short enough for every run of the tests.
const BYTES: usize = 1 << 18;

fn fill(piece: &str) -> String {
    piece.repeat(BYTES / piece.len() + 1)
}

#[test]
fn ordinary_text() {
    let prose = "The quarterly report shows that revenue grew in three of four regions, while costs in logistics rose. \
        Please check the attached table before Friday; the numbers for the second half are estimates. ";
    let code = "    let total: u64 = orders.iter().map(|order| order.amount).sum();\n    if total > limit { return Err(Error::Limit); }\n";
    let json = "{\"id\": 4711, \"name\": \"Contoso\", \"city\": \"Lyon\", \"items\": [1, 2, 3], \"open\": true},\n";
    let links = "See https://www.example.com/reports/2026/summary.html and https://intranet.example.com/wiki/Home for details. ";
    for (name, piece) in [("prose", prose), ("code", code), ("json", json), ("links", links)] {
        let nanos = nanos_a_byte(&fill(piece), 10);
        println!("{name:6} {nanos:6.3} ns/byte {:7.0} MB/s", 1e3 / nanos);
    }
}

#[test]
fn made_to_be_slow() {
    const NANOS_MAX: f64 = 1000.0;
    let pieces = [
        "sk-",
        "ghp_",
        "eyJ.",
        "eyJhbGciOiJIUzI1NiJ9.",
        "glpat-",
        "-a-a",
        "AKIA",
        "xoxb-1-",
        "://a:b@",
        "://a:b",
        "-----BEGIN ",
        "password=",
        "password: a1 ",
        "token: ",
        "key=",
        "\"key\",",
        "\"token\", \"",
        " -p x",
        " --password ",
        "curl -u a:b ",
        "value=\"",
        "a b c d ",
        "\"+\"",
        "\\u0041",
        "&#65;",
        "ipstack key a1",
        "asana_key=a1b2c3d4e5f6a7b8 ",
        "1//0",
        "pat1.",
        "$2a$12$",
        "\u{200B}a",
        "a1b2c3d4e5f6g7h8 ",
        "machine login password ",
        "AKIAZ3QK7WMTHX2RLP5V ",
        "T3BlbkFJ",
        "-us1",
        "hooks.slack.com/services/",
        "00D",
        "IQoJb3JpZ2luX2Vj",
    ];
    for piece in pieces {
        let nanos = nanos_a_byte(&fill(piece), 3);
        println!("{piece:28?} {nanos:7.2} ns/byte");
        assert!(nanos < NANOS_MAX, "{piece:?}: {nanos}");
    }
}
