//! What the search for sensitive information costs, alone: prints MB/s and ns a byte, as machines differ.
//!
//! `cargo test -p detectors --lib sensitive::cost -- --nocapture`. The inputs that are made to be slow are held
//! to a bound that only a search that is not linear can miss.

use std::time::Instant;

use schemas::{Channel, Message};

use super::find;
use crate::cases::talk;
use crate::lexicon::Lexicon;
use crate::view::View;

/// The best of a few rounds, in nanoseconds a byte: what else the machine does only ever adds.
fn nanos_a_byte(text: &str, rounds: usize) -> f64 {
    let interaction = talk(vec![Message::request(Channel::User, text)]);
    let lexicon = Lexicon::new().expect("compiles");
    let view = View::new(&interaction, &lexicon);
    let text = &view.messages[0].texts[0];
    let round = || {
        let start = Instant::now();
        std::hint::black_box(find(text, None));
        start.elapsed().as_secs_f64() * 1e9 / text.raw().len() as f64
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
        Please check the attached table before Friday; the numbers for the second half are estimates of 2026. ";
    let code = "    let total: u64 = orders.iter().map(|order| order.amount).sum();\n    if total > 12 { return Err(Error::Limit); }\n";
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
        "4 ",
        "12 ",
        "12 34 56 ",
        "1234567890",
        "12345678901 ",
        "123-45-6789 ",
        "4539 5787 6362 1486 ",
        "ssn 536904399 ",
        "id number 44051401458 ",
        "passport a1234567 ",
        "+49 30 123456 ",
        "(415) 555-0132 ",
        "de89 3704 0044 0532 0130 0",
        "a@b.example ",
        "@",
        "my name is ",
        "address 1 st ",
        "swift ",
        "diagnosed with ",
        "ssn ",
        "1Boatslrhthqsnehqnsehtnqsheotnqsnhe ",
        "bc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq ",
        "x1",
        "1-",
        "1.2.",
        "é1 ",
        "ab 1 ",
        "身份证 110101199003070011 ",
    ];
    for piece in pieces {
        let nanos = nanos_a_byte(&fill(piece), 2);
        println!("{piece:40?} {nanos:7.2} ns/byte");
        assert!(nanos < NANOS_MAX, "{piece:?}: {nanos}");
    }
}
