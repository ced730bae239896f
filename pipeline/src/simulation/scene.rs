//! What everybody who writes records needs: the company, a source of chance, and the records so far.

use fastrand::Rng;
use schemas::Timestamp;
use serde_json::Value;

use super::organisation::{Organisation, Person};
use super::people::{Application, uuid};
use super::place::Place;
use super::vendors::Written;
use super::vendors::entra::SignIn;
use super::vendors::telemetry::{Asker, Exchange, Turn};
use super::{Label, Stream};

/// A browser on the company's computers.
pub const BROWSER: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";

/// A record before its delivery.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Where it belongs.
    pub stream: Stream,
    /// Its own id.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// The vendor's JSON.
    pub body: Value,
    /// What it is part of.
    pub label: Label,
}

/// Where records are written.
pub struct Scene<'a> {
    /// The company.
    pub company: &'a Organisation,
    /// Chance, of this part of the simulation alone.
    pub rng: Rng,
    /// The simulation's seed, which decides where people are.
    pub seed: u64,
    /// What was written so far.
    pub drafts: Vec<Draft>,
}

impl<'a> Scene<'a> {
    /// A scene for the part `part`, whose chance no other part changes.
    pub fn new(company: &'a Organisation, seed: u64, part: u64) -> Self {
        let rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ part);
        Self { company, rng, seed, drafts: Vec::new() }
    }

    /// Adds a record.
    pub fn add(&mut self, time: Timestamp, written: Written, label: Label) {
        let Written { stream, id, body } = written;
        self.drafts.push(Draft { stream, id, time, body, label });
    }

    /// Where somebody is at a time.
    pub fn place(&self, person: &Person, time: Timestamp) -> Place {
        Place::of(person, time, self.seed)
    }

    /// Somebody of the company says something to an application from where they are.
    pub fn talk(&mut self, time: Timestamp, person: &Person, to: (&Application, &str), turn: &Turn, label: Label) {
        let ip = self.place(person, time).inner_ip;
        self.talk_from(time, Asker::Person(person), (&ip, BROWSER), to, turn, label);
    }

    /// Anybody says something to an application in a conversation, from an address with a client.
    pub fn talk_from(
        &mut self,
        time: Timestamp,
        asker: Asker<'_>,
        (source_ip, user_agent): (&str, &str),
        (application, conversation): (&Application, &str),
        turn: &Turn,
        label: Label,
    ) {
        let id = uuid(&mut self.rng);
        let agent = self.company.agent_of(application);
        let exchange = Exchange { id: &id, time, asker, source_ip, user_agent, application, agent, conversation, turn };
        self.add(time, exchange.written(), label);
    }

    /// Somebody signs in on their own computer from where they are.
    pub fn usual_sign_in(&mut self, time: Timestamp, person: &Person, application: &str, label: Label) {
        let place = self.place(person, time);
        let session = uuid(&mut self.rng);
        let sign_in = SignIn {
            person,
            device: Some(&person.device),
            ip: &place.public_ip,
            city: place.city,
            session: &session,
            application,
            risk: "none",
            error: 0,
        };
        let written = sign_in.written(&mut self.rng, time);
        self.add(time, written, label);
    }

    /// Whether something happens that does so in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }

    /// An instant at most `secs` after `time`.
    pub fn within(&mut self, time: Timestamp, secs: i64) -> Timestamp {
        time.saturating_add_millis(self.rng.i64(0..secs.max(1) * 1000))
    }
}
