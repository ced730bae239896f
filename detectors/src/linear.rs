//! What is made to be slow costs work in proportion to its length, and little a byte: counted, not timed.
//!
//! Each text is a piece of bait, again and again. The steps are those of the inner loops ([`crate::work`]), so this
//! says that no search runs twice over what another piece brings, on any machine. What the steps cost is for the
//! benchmarks, over the same texts.

use schemas::{Channel, Message};

use crate::cases::talk;
use crate::detector::{Detector, Scene, Sightings};
use crate::intel::Feeds;
use crate::lexicon::Lexicon;
use crate::pieces::{BAIT_OF_CREDENTIALS, BAIT_OF_OTHERS, BAIT_OF_SENSITIVE, ORDINARY, fill};
use crate::settings::Settings;
use crate::view::View;
use crate::work::counter::steps;

const SMALL_BYTES: usize = 1 << 13;
const LARGE_BYTES: usize = 1 << 16;

/// What `detector` takes for `piece`, repeated to at least `bytes`, in steps a byte.
fn steps_a_byte(detector: &dyn Detector, lexicon: &Lexicon, piece: &str, bytes: usize) -> f64 {
    let text = fill(piece, bytes);
    let length = text.len() as f64;
    let interaction = talk(vec![Message::request(Channel::User, text)]);
    let view = View::new(&interaction, lexicon);
    let scene = Scene { view: &view, settings: &Settings::default(), feeds: &Feeds::default() };
    steps(|| detector.detect(&scene, &mut Sightings::default())) as f64 / length
}

/// Holds a detector to `steps_max` steps a byte, and to no more of them in a long text than in a short one.
fn hold(detector: &dyn Detector, steps_max: f64, ordinary_max: f64) {
    let lexicon = Lexicon::new().expect("compiles");
    let mut wrong = Vec::new();
    for piece in [BAIT_OF_SENSITIVE, BAIT_OF_CREDENTIALS, BAIT_OF_OTHERS].concat() {
        let [small, large] = [SMALL_BYTES, LARGE_BYTES].map(|bytes| steps_a_byte(detector, &lexicon, piece, bytes));
        println!("{piece:44?} {small:7.2} {large:7.2} steps/byte");
        if large > steps_max || large > small * 1.1 + 0.1 {
            wrong.push(format!("{piece:?}: {small:.2} and {large:.2}"));
        }
    }
    for (name, piece) in ORDINARY {
        let steps = steps_a_byte(detector, &lexicon, piece, LARGE_BYTES);
        println!("{name:44} {steps:7.2} steps/byte");
        if steps > ordinary_max {
            wrong.push(format!("{name}: {steps:.2}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn credentials() {
    // Steps of a search that has a budget are those that it may spend, about a nanosecond each at most.
    hold(&crate::credential_leak::CredentialLeak, 30.0, 15.0);
}

#[test]
fn sensitive_information() {
    hold(&crate::sensitive_data::SensitiveData, 40.0, 4.0);
}
