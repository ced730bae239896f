//! An analyst's desk: a correlator, the commands that are given to it and what it says.

use correlator::{Config, Correlator, MapStore};
use schemas::EntityKind::{Session, User};
use schemas::SignalKind::{AiAlert, Context};
use schemas::suppression::Patterns;
use schemas::{
    Action, Classification, Command, CommandOutcome, Incident, IncidentStatus, IncidentUid, Pattern, RelatedReason,
    Signal, SignalUid, TenantId, Timestamp,
};

use super::{HOUR, START, open, signal};

/// A correlator with everything that it said.
pub struct Desk {
    pub correlator: Correlator<MapStore>,
    pub said: Vec<Incident>,
    pub given: u32,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        config.validate().expect("a configuration");
        Self { correlator: Correlator::new(config, MapStore::default()), said: Vec::new(), given: 0 }
    }

    pub fn take(&mut self, signals: impl IntoIterator<Item = Signal>) -> &mut Self {
        for signal in signals {
            self.said.extend(self.correlator.process(signal).expect("process"));
        }
        self
    }

    /// Gives a command about an incident, an hour after the last one; its id.
    pub fn give(&mut self, incident: &IncidentUid, action: Action) -> String {
        self.given += 1;
        let command = command(&format!("c{:02}", self.given), i64::from(self.given) * HOUR, incident, action);
        self.obey(&command);
        command.id
    }

    pub fn obey(&mut self, command: &Command) -> Option<String> {
        let answer = self.correlator.command(command).expect("command");
        self.said.extend(answer.revisions);
        answer.refused
    }

    pub fn undo(&mut self, command: &str) -> String {
        self.give(&"none".into(), Action::Undo { command: command.to_owned() })
    }

    /// The newest revision of an incident.
    pub fn last(&self, uid: &IncidentUid) -> &Incident {
        self.said.iter().rev().find(|incident| incident.uid == *uid).expect("an incident of that uid")
    }

    pub fn open(&self) -> Vec<Incident> {
        open(&self.said)
    }

    /// Why the newest command about an incident was rejected.
    pub fn rejected(&self, uid: &IncidentUid) -> &str {
        let entry = self.last(uid).handling.commands.last().expect("a command");
        assert_eq!(entry.outcome, CommandOutcome::Rejected, "{entry:?}");
        entry.reason.as_deref().expect("a reason")
    }

    pub fn related(&self, uid: &IncidentUid) -> Vec<(IncidentUid, RelatedReason)> {
        self.last(uid).related.iter().map(|related| (related.uid.clone(), related.reason)).collect()
    }
}

pub fn command(id: &str, at: i64, incident: &IncidentUid, action: Action) -> Command {
    Command {
        id: id.to_owned(),
        time: Timestamp::from_millis(START + at).expect("a time"),
        tenant: TenantId::from("acme"),
        by: "ann@contoso.example".to_owned(),
        incident: Some(incident.clone()),
        action,
    }
}

pub fn named(opener: &str) -> IncidentUid {
    IncidentUid::derive(&TenantId::from("acme"), &SignalUid::from(opener))
}

pub fn assign(to: &str) -> Action {
    Action::Assign { assignee: Some(to.to_owned()) }
}

pub fn classify(classification: Classification) -> Action {
    Action::Classification { classification: Some(classification), determination: None }
}

pub fn status(status: IncidentStatus) -> Action {
    Action::Status { status }
}

pub fn name(name: &str) -> Action {
    Action::Name { name: Some(name.to_owned()) }
}

pub fn comment(comment: &str) -> Action {
    Action::Comment { comment: comment.to_owned() }
}

pub fn merge(others: &[&IncidentUid]) -> Action {
    Action::Merge { incidents: others.iter().map(|uid| (*uid).clone()).collect() }
}

pub fn split(members: &[&str]) -> Action {
    Action::Split { members: members.iter().map(|uid| SignalUid::from(*uid)).collect() }
}

pub fn uids(incident: &Incident) -> Vec<&str> {
    incident.members.iter().map(|m| m.signal.uid.as_str()).collect()
}

/// Two incidents, of Alice and of Bob.
pub fn two() -> [Signal; 2] {
    let of_bob = [(User, "bob"), (Session, "bobs")];
    [signal("a", AiAlert, 0, &[(User, "alice")]), signal("b", AiAlert, 1, &of_bob)]
}

/// What would make them one.
pub fn bridge(at: i64) -> Signal {
    signal("both", Context, at, &[(User, "alice"), (Session, "bobs")])
}

pub fn patterns(texts: &[&str]) -> Patterns {
    Patterns(texts.iter().map(|text| Pattern::from((*text).to_owned())).collect())
}
