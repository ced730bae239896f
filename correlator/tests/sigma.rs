//! Rules at work in the correlator: order of arrival, groups, sequences, time, crashes, bounds.
#![cfg(test)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::{Dice, HOUR, START, signal};
use correlator::sigma::{Limits, RuleSet, Sigma};
use correlator::{Config, Correlator, MapStore};
use schemas::{Entity, EntityKind, RuleAlert, Signal, SignalKind, SignalUid, Timestamp, Usage};

const MINUTE: i64 = 60_000;

/// Rules `a`, `b`, `c` that fit what names them in `is`, and a correlation.
fn rules(correlation: &str) -> Arc<RuleSet> {
    let of = |name: &str| format!("title: {name}\nname: {name}\ndetection: {{s: {{is: {name}}}, condition: s}}\n---\n");
    let text = format!("{}{}{}title: T\nname: t\nid: t\ncorrelation: {correlation}\n", of("a"), of("b"), of("c"));
    // Those to which no rule refers would raise alerts of their own.
    let silent = ["a", "b", "c"].map(str::to_owned).into();
    Arc::new(RuleSet::new([("test", text.as_str())], &silent).expect("rules"))
}

fn correlator(rules: &Arc<RuleSet>) -> Correlator<MapStore> {
    with(rules, Limits::default())
}

fn with(rules: &Arc<RuleSet>, limits: Limits) -> Correlator<MapStore> {
    let sigma = Sigma { rules: Arc::clone(rules), limits };
    Correlator::new(Config::default(), MapStore::default()).with_rules(sigma)
}

/// A record of the kind `is` of a user at a minute, with a field.
fn record(number: usize, is: &str, minute: i64, user: &str, x: &str) -> Signal {
    let mut record =
        signal(&format!("s{number:04}"), SignalKind::Context, minute * MINUTE, &[(EntityKind::User, user)]);
    record.facts.set("is", [is.to_owned()]);
    record.facts.set("x", [x.to_owned()]);
    record
}

/// `a@3/eve` is a record of rule `a` at minute 3 of user eve; a further part is the field `x`.
fn records(text: &str) -> Vec<Signal> {
    let parse = |(number, word): (usize, &str)| {
        let (is, rest) = word.split_once('@').expect("an @");
        let mut parts = rest.split('/');
        let minute = parts.next().and_then(|m| m.parse().ok()).expect("a minute");
        record(number, is, minute, parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    };
    text.split_whitespace().enumerate().map(parse).collect()
}

/// What is known of each alert in the end.
type Raised = BTreeMap<SignalUid, (i64, Vec<String>)>;

fn known(alerts: impl IntoIterator<Item = RuleAlert>) -> Raised {
    let of = |alert: RuleAlert| {
        let members = alert.signals.iter().map(ToString::to_string).collect();
        (alert.uid, ((alert.time.millis() - START) / MINUTE, members))
    };
    alerts.into_iter().map(of).collect()
}

/// The alerts over `records` in the order given, when time goes on by a day.
fn raised(rules: &Arc<RuleSet>, records: Vec<Signal>) -> Raised {
    let mut correlator = correlator(rules);
    let mut alerts = Vec::new();
    let last = records.iter().map(|record| record.time.millis()).max().unwrap_or(START) - START;
    let clock = (1..=30).map(|hour| signal(&format!("clock{hour}"), SignalKind::Context, last + hour * HOUR, &[]));
    for mut record in records.into_iter().chain(clock) {
        rules.note(&mut record);
        correlator.process(record).expect("a map cannot fail");
        alerts.extend(correlator.take_alerts());
    }
    known(alerts)
}

/// The minutes at which alerts were raised.
fn minutes(correlation: &str, text: &str) -> Vec<i64> {
    let mut minutes: Vec<i64> =
        raised(&rules(correlation), records(text)).into_values().map(|(minute, _)| minute).collect();
    minutes.sort_unstable();
    minutes
}

#[test]
fn every_type_means_what_sigma_says() {
    let by_user = "group-by: weir.user, timespan: 10m";
    for (correlation, text, expected) in [
        ("type: event_count, rules: a, condition: {gte: 3}", "a@0/u a@5/u a@9/u", &[9][..]),
        ("type: event_count, rules: a, condition: {gte: 3}", "a@0/u a@5/u a@10/u", &[]),
        ("type: event_count, rules: a, condition: {gte: 3}", "a@0/u a@5/v a@9/u", &[]),
        ("type: event_count, rules: [a, b], condition: {gt: 2}", "a@0/u b@5/u a@9/u", &[9]),
        ("type: event_count, rules: a, condition: {lte: 1}", "a@0/u a@5/u a@11/u", &[11]),
        ("type: event_count, rules: a, condition: {eq: 2}", "a@0/u a@5/u a@11/u", &[5]),
        ("type: event_count, rules: a, condition: {neq: 2}", "a@0/u a@5/u a@11/u", &[11]),
        ("type: event_count, rules: a, condition: {gt: 1, lt: 3}", "a@0/u a@5/u a@10/u a@11/u a@12/u", &[5]),
        ("type: value_count, rules: a, condition: {field: x, gte: 3}", "a@0/u/p a@1/u/q a@2/u/p a@3/u/r", &[3]),
        ("type: value_count, rules: a, condition: {field: x, gte: 3}", "a@0/u/p a@1/u/q a@2/u/p", &[]),
        ("type: value_sum, rules: a, condition: {field: x, gte: 10}", "a@0/u/4 a@1/u/5 a@2/u/-9 a@3/u/1", &[3]),
        ("type: value_sum, rules: a, condition: {field: x, lt: 0}", "a@0/u/4 a@1/u/-9", &[1]),
        ("type: value_avg, rules: a, condition: {field: x, gt: 5}", "a@0/u/4 a@1/u/8 a@10/u/1 a@11/u/5", &[1]),
        (
            "type: value_percentile, rules: a, condition: {field: x, percentile: 50, gte: 5}",
            "a@0/u/1 a@1/u/5 a@2/u/9",
            &[2],
        ),
        (
            "type: value_percentile, rules: a, condition: {field: x, percentile: 50, gte: 6}",
            "a@0/u/1 a@1/u/5 a@2/u/9",
            &[],
        ),
        ("type: temporal, rules: [a, b, c]", "c@0/u a@4/u b@8/u", &[8]),
        ("type: temporal, rules: [a, b, c]", "c@0/u a@4/u b@10/u", &[]),
        ("type: temporal, rules: [a, b, c], condition: {gte: 2}", "c@0/u a@4/u", &[4]),
        ("type: temporal, rules: [a, b], counts: {a: 2}", "a@0/u b@1/u", &[]),
        ("type: temporal, rules: [a, b], counts: {a: 2}", "a@0/u b@1/u a@2/u", &[2]),
        ("type: temporal_ordered, rules: [a, b]", "a@0/u b@4/u", &[4]),
        ("type: temporal_ordered, rules: [a, b]", "b@0/u a@4/u", &[]),
        ("type: temporal_ordered, rules: [a, b], counts: {a: 2}", "a@0/u b@1/u a@2/u b@3/u", &[3]),
        ("type: absence, rules: [a, b]", "a@0/u b@9/u a@20/u", &[20]),
        ("type: absence, rules: [a, b]", "b@0/u a@1/u", &[1]),
        ("type: absence, rules: [a, b], direction: before", "b@0/u a@1/u", &[]),
        ("type: absence, rules: [a, b], direction: around", "a@1/u b@2/v", &[1]),
    ] {
        let correlation = format!("{{{correlation}, {by_user}}}");
        assert_eq!(minutes(&correlation, text), expected, "{correlation}: {text}");
    }
}

/// Known from another engine: a temporal that held although its parts were of different groups.
#[test]
fn the_parts_of_a_temporal_are_of_one_group() {
    for kind in ["temporal", "temporal_ordered"] {
        let correlation = format!("{{type: {kind}, rules: [a, b, c], group-by: weir.user, timespan: 10m}}");
        assert_eq!(minutes(&correlation, "a@0/u b@1/v c@2/u"), [0; 0]);
        assert_eq!(minutes(&correlation, "a@0/u b@1/v b@2/u c@3/u"), [3]);
    }
}

/// Known from another engine: only the first two parts were held to their order.
#[test]
fn order_counts_to_the_last_part() {
    let correlation = "{type: temporal_ordered, rules: [a, b, c], group-by: weir.user, timespan: 10m}";
    assert_eq!(minutes(correlation, "a@0/u c@1/u b@2/u"), [0; 0]);
    assert_eq!(minutes(correlation, "a@0/u c@1/u b@2/u c@3/u"), [3]);
    assert_eq!(minutes(correlation, "c@0/u a@1/u b@2/u"), [0; 0]);
}

#[test]
fn nothing_is_not_the_same_as_nothing() {
    let rules = rules("{type: temporal, rules: [a, b], group-by: weir.user, timespan: 10m}");
    let mut nameless = records("a@0/u b@1/u");
    nameless.iter_mut().for_each(|record| record.entities.clear());
    assert!(raised(&rules, nameless).is_empty());
}

#[test]
fn absence_waits_for_the_end_of_its_time_and_for_late_records() {
    let rules = rules("{type: absence, rules: [a, b], group-by: weir.user, timespan: 10m}");
    let mut correlator = correlator(&rules);
    let mut feed = |mut record: Signal| {
        rules.note(&mut record);
        correlator.process(record).expect("process");
        correlator.take_alerts().len()
    };
    assert_eq!(feed(record(0, "a", 0, "u", "")), 0);
    assert_eq!(feed(record(1, "a", 24, "v", "")), 0, "the time is over, the lateness is not");
    assert_eq!(feed(record(2, "b", 9, "u", "")), 0, "late, and in time");
    assert_eq!(feed(record(3, "c", 60, "w", "")), 1, "that of v, never that of u");
}

#[test]
fn first_seen_learns_before_it_speaks_and_forgets() {
    let correlation =
        "{type: first_seen, rules: a, group-by: weir.user, timespan: 5h, learning: 2h, condition: {field: x}}";
    assert_eq!(minutes(correlation, "a@0/u/p a@60/u/q a@130/u/p a@140/u/r a@150/v/z"), [140]);
    assert_eq!(
        minutes(correlation, "a@0/u/p a@130/u/q a@250/u/q a@420/u/p"),
        [130, 420],
        "p is forgotten after five hours"
    );
}

#[test]
fn a_baseline_knows_each_group_by_itself_and_does_not_learn_attacks() {
    let correlation = "{type: baseline, rules: a, group-by: weir.user, timespan: 1h, learning: 6h, minimum: 50, condition: {field: x}}";
    let usual = |user: &str, sum: u32| (0..8).map(|hour| format!("a@{}/{user}/{sum} ", hour * 60)).collect::<String>();
    let text = format!("{}{}a@480/u/90 a@480/v/90 a@540/u/90", usual("u", 10), usual("v", 80));
    assert_eq!(minutes(correlation, &text), [480, 540], "twice, since the first did not become the habit");
    assert_eq!(minutes(correlation, &format!("{}a@480/u/49", usual("u", 10))), [0; 0], "below the minimum");
}

/// Rules build on rules; what a rule is over raises nothing by itself.
#[test]
fn rules_build_on_rules() {
    let text = "title: a\nname: a\ndetection: {s: {is: a}, condition: s}\n---\n\
        title: b\nname: b\ndetection: {s: {is: b}, condition: s}\n---\n\
        title: many\nname: many\ncorrelation: {type: event_count, rules: a, group-by: weir.user, timespan: 10m, condition: {gte: 2}}\n---\n\
        title: story\nname: story\ncorrelation: {type: temporal_ordered, rules: [many, b], group-by: weir.user, timespan: 1h}\n---\n\
        title: alone\nname: alone\ndetection: {s: {is: c}, condition: s}\n";
    let rules = Arc::new(RuleSet::new([("t", text)], &BTreeSet::new()).expect("rules"));
    let names: Vec<&str> = rules.raising().map(|heading| heading.name.as_str()).collect();
    assert_eq!(names, ["alone", "story"]);
    assert_eq!(raised(&rules, records("a@0/u a@1/u b@5/u")).len(), 1);
    assert!(raised(&rules, records("a@0/u b@5/u a@6/u")).is_empty());
    assert_eq!(raised(&rules, records("c@0/u c@0/v")).len(), 2, "a rule that nobody refers to raises alerts itself");
    let off = BTreeSet::from(["story".to_owned(), "alone".to_owned()]);
    let off = RuleSet::new([("t", text)], &off).expect("rules");
    assert_eq!(off.raising().count(), 0, "the parts of a rule that is switched off do not begin to speak");
    let error = RuleSet::new([("t", text)], &BTreeSet::from(["stroy".to_owned()])).expect_err("a typo");
    assert!(error.to_string().contains("stroy"));
}

/// What a rule groups by, whatever it is, is what rules over it may group by and count.
#[test]
fn rules_over_a_rule_ask_for_what_it_groups_by() {
    let of = |by: &str, over: &str| {
        let text = format!(
            "title: a\nname: a\ndetection: {{s: {{is: a}}, condition: s}}\n---\n\
            title: many\nname: many\ncorrelation: {{type: event_count, rules: a, group-by: [{by}], timespan: 5m, condition: {{gte: 2}}}}\n---\n\
            title: again\nname: again\ncorrelation: {over}\n"
        );
        let rules = Arc::new(RuleSet::new([("t", text.as_str())], &BTreeSet::new()).expect("rules"));
        let signals = records("a@0/u/p a@1/u/p a@20/u/p a@21/u/p a@40/u/q a@41/u/q").into_iter().map(|mut signal| {
            signal.title = signal.facts.fields["x"][0].clone();
            signal.facts.usage = Some(Usage { tools: signal.facts.fields["x"].clone(), ..Usage::default() });
            signal
        });
        raised(&rules, signals.collect()).len()
    };
    for by in ["x", "weir.title", "weir.usage.tool"] {
        let twice =
            format!("{{type: event_count, rules: many, group-by: [{by}], timespan: 1h, condition: {{gte: 2}}}}");
        assert_eq!(of(by, &twice), 1, "{by}");
        let both = format!("{{type: value_count, rules: many, timespan: 1h, condition: {{field: {by}, gte: 2}}}}");
        assert_eq!(of(by, &both), 1, "{by}");
    }
}

/// A record of a user under the names given.
fn named(uid: &str, is: &str, minute: i64, names: &[&str]) -> Signal {
    let mut record = signal(uid, SignalKind::Context, minute * MINUTE, &[]);
    record.facts.set("is", [is.to_owned()]);
    record.entities = Entity::new(EntityKind::User, names.iter().copied()).into_iter().collect();
    record
}

/// One record has the UPN, the other the SID, and whenever it is told that both are one person, the parts meet.
#[test]
fn a_group_is_of_a_person_by_whatever_name() {
    const NAMES: [&str; 3] = ["ada@contoso.example", "s-1-5-21-1-2-3-1104", "11111111-2222-3333-4444-555555555555"];
    let rules = rules("{type: temporal_ordered, rules: [a, b], group-by: [weir.user], timespan: 1h}");
    let told = named("told", "", 0, &NAMES);
    let (a, b) = (named("a", "a", 1, &NAMES[1..2]), named("b", "b", 5, &NAMES[..1]));
    for order in [[&told, &a, &b], [&a, &told, &b], [&a, &b, &told], [&b, &a, &told]] {
        let raised = raised(&rules, order.map(Signal::clone).to_vec());
        let alerts: Vec<_> = raised.values().collect();
        assert_eq!(alerts, [&(5, vec!["a".to_owned(), "b".to_owned()])], "one alert");
    }
    let stranger = named("b", "b", 5, &["eve@contoso.example"]);
    assert!(raised(&rules, vec![told.clone(), a.clone(), stranger]).is_empty());
}

/// One person with three names is one.
#[test]
fn people_are_counted_not_their_names() {
    let rules = rules("{type: value_count, rules: a, timespan: 1h, condition: {field: weir.user, gte: 2}}");
    let names = ["ada@contoso.example", "s-1-5-21-1-2-3-1104", "ada"];
    assert!(raised(&rules, vec![named("r1", "a", 0, &names), named("r2", "a", 1, &names[1..2])]).is_empty());
    assert_eq!(
        raised(&rules, vec![named("r1", "a", 0, &names), named("r2", "a", 1, &["eve@contoso.example"])]).len(),
        1
    );
}

#[test]
fn rules_that_do_not_go_together_are_refused() {
    let of = |correlation: &str| {
        let text = format!("title: a\nname: a\ncorrelation: {correlation}\n");
        RuleSet::new([("t", text.as_str())], &BTreeSet::new()).map(|_| ()).expect_err(correlation).to_string()
    };
    assert!(of("{type: temporal, rules: [a], timespan: 1h}").contains("rests on itself"));
    assert!(of("{type: temporal, rules: [b], timespan: 1h}").contains("no rule b"));
    let twice = "title: a\nname: a\ndetection: {s: {x: 1}, condition: s}\n";
    let twice = RuleSet::new([("t", twice), ("u", twice)], &BTreeSet::new());
    assert!(twice.map(|_| ()).expect_err("twice").to_string().contains("another rule"));
}

/// The brute-force twin: whether a condition holds at the end of some record's timespan, by looking at all of them.
fn twin(records: &[Signal], holds: impl Fn(&[&Signal]) -> bool) -> BTreeSet<(String, i64)> {
    let mut sorted: Vec<&Signal> = records.iter().collect();
    sorted.sort_by_key(|record| (record.time, record.uid.clone()));
    let mut found = BTreeSet::new();
    for (at, last) in sorted.iter().enumerate() {
        let user = &last.entities[0].ids[0];
        let within = |record: &&&Signal| {
            record.entities[0].ids[0] == *user && record.time.millis() > last.time.millis() - 10 * MINUTE
        };
        let window: Vec<&Signal> = sorted[..=at].iter().filter(within).copied().collect();
        if holds(&window) {
            found.insert((user.clone(), last.time.millis().div_euclid(10 * MINUTE)));
        }
    }
    found
}

fn kinds<'s>(window: &[&'s Signal]) -> BTreeSet<&'s str> {
    window.iter().map(|record| record.facts.rules[0].as_str()).collect()
}

/// Any order of arrival within the lateness bound, with repetitions, ends in the alerts of the twin.
#[test]
fn neither_order_nor_repetition_shows() {
    let ordered = |window: &[&Signal]| {
        let mut wanted = ["c", "b", "a"].iter().peekable();
        window.last().is_some_and(|last| last.facts.rules[0] == "c")
            && window.iter().rev().all(|record| {
                wanted.next_if(|next| record.facts.rules[0] == **next);
                true
            })
            && wanted.peek().is_none()
    };
    type Holds<'h> = &'h dyn Fn(&[&Signal]) -> bool;
    let cases: [(&str, Holds<'_>); 4] = [
        ("type: event_count, rules: [a, b, c], condition: {gte: 4}", &|window| window.len() >= 4),
        ("type: value_count, rules: [a, b, c], condition: {field: x, gte: 3}", &|window| {
            window.iter().map(|record| &record.facts.fields["x"][0]).collect::<BTreeSet<_>>().len() >= 3
        }),
        ("type: temporal, rules: [a, b, c]", &|window| kinds(window).len() == 3),
        ("type: temporal_ordered, rules: [a, b, c]", &ordered),
    ];
    for (correlation, holds) in cases {
        let rules = rules(&format!("{{{correlation}, group-by: [weir.user], timespan: 10m, aliases: {{}}}}"));
        for seed in 0..12 {
            let mut dice = Dice(seed);
            // Few users and many records a window, so that windows are thinned; ties in time.
            let most = if correlation.contains("event_count") { 120 } else { 220 };
            let mut records: Vec<Signal> = (0..most)
                .map(|number| {
                    let is = ["a", "b", "c"][dice.below(3) as usize];
                    let user = ["u", "v"][dice.below(2) as usize];
                    let x = ["p", "q", "r", "s"][dice.below(4) as usize];
                    record(number, is, dice.below(300) as i64, user, x)
                })
                .collect();
            records.iter_mut().for_each(|record| {
                let fields = record.facts.fields.clone();
                rules.note(record);
                record.facts.fields = fields;
            });
            let expected = twin(&records, holds);
            let repeated: Vec<Signal> = records.iter().take(20).cloned().collect();
            records.extend(repeated);
            let mut first: Option<Raised> = None;
            for _ in 0..3 {
                dice.shuffle(&mut records);
                let raised = raised(&rules, records.clone());
                let found = raised.len();
                assert_eq!(found, expected.len(), "{correlation}, seed {seed}");
                let times =
                    |raised: &Raised| raised.iter().map(|(uid, (at, _))| (uid.clone(), *at)).collect::<Vec<_>>();
                let before = first.get_or_insert_with(|| raised.clone());
                assert_eq!(times(before), times(&raised), "{correlation}, seed {seed}");
            }
        }
    }
}

/// A match is an alert that is taken in like any other: it is a member of the incident that its signals make.
#[test]
fn a_match_joins_the_incident_of_its_signals() {
    let rules = rules("{type: event_count, rules: a, group-by: weir.user, timespan: 1h, condition: {gte: 2}}");
    let mut correlator = correlator(&rules);
    let mut incidents = Vec::new();
    for mut record in records("a@0/u a@5/u") {
        record.kind = SignalKind::AiAlert;
        rules.note(&mut record);
        incidents.extend(correlator.process(record).expect("process"));
    }
    incidents.extend(correlator.flush().expect("flush"));
    let alert = correlator.take_alerts().pop().expect("an alert");
    assert_eq!((alert.signals.len(), alert.entities.len()), (2, 1));
    let last = incidents.last().expect("an incident");
    assert!(last.members.iter().any(|member| member.signal.uid == alert.uid), "{last:?}");
}

/// An alert made here says nothing of how far a source has come: it holds no watermark back.
#[test]
fn a_match_moves_no_clock() {
    let rules = rules("{type: event_count, rules: a, group-by: weir.user, timespan: 1h, condition: {gte: 2}}");
    let mut correlator = correlator(&rules);
    let mut incidents = Vec::new();
    // The second record is the last of its kind; three and a half days later the incident is quiet.
    for mut record in records("a@0/u a@5/u c@5040/v") {
        rules.note(&mut record);
        incidents.extend(correlator.process(record).expect("process"));
    }
    let told: Vec<_> = incidents.iter().map(|incident| incident.activity).collect();
    assert_eq!(told.last(), Some(&schemas::Activity::Close), "{told:?}");
}

/// What was not committed leaves no trace, what was committed needs no repetition.
#[test]
fn a_crash_neither_loses_nor_repeats() {
    let rules = rules("{type: absence, rules: [a, b], group-by: weir.user, timespan: 10m}");
    let note = |mut record: Signal| {
        rules.note(&mut record);
        record
    };
    let records = records("a@0/u a@1/v b@5/v c@60/w");
    let mut calm = correlator(&rules);
    let mut shaken = correlator(&rules);
    for record in records {
        calm.process(note(record.clone())).expect("process");
        shaken.process(note(record.clone())).expect("process");
        shaken.rollback();
        assert!(shaken.take_alerts().is_empty());
        shaken.process(note(record)).expect("process");
        shaken.commit(b"x").expect("commit");
    }
    let expected = known(calm.take_alerts());
    assert_eq!((expected.len(), known(shaken.take_alerts())), (1, expected));
}

/// Sums of usage come in any parts, join no incident and are no members.
#[test]
fn usage_is_added_up_however_it_comes() {
    let rules = rules(
        "{type: value_sum, rules: a, group-by: weir.user, timespan: 10m, condition: {field: weir.usage.requests, gte: 10}}",
    );
    let part = |number: usize, requests: i64| {
        let mut part = record(number, "a", 3, "u", "");
        part.facts.usage = Some(Usage { requests, ..Usage::default() });
        part
    };
    let whole = raised(&rules, vec![part(0, 12)]);
    let parts = raised(&rules, (0..12).map(|number| part(number, 1)).collect());
    assert_eq!((whole.len(), &whole), (1, &parts));
    assert!(whole.values().all(|(_, members)| members.is_empty()));
    assert!(raised(&rules, (0..9).map(|number| part(number, 1)).collect()).is_empty());
}

/// Groups without end and clocks that jump leave bounded state behind.
#[test]
fn hostile_groups_are_bounded_and_forgotten() {
    let rules = rules("{type: event_count, rules: a, group-by: x, timespan: 10m, condition: {gte: 2}}");
    let mut correlator = with(&rules, Limits { groups_max: 100, ..Limits::default() });
    let mut feed = |mut record: Signal| {
        rules.note(&mut record);
        correlator.process(record).expect("process");
        correlator.take_alerts();
        correlator.stats()
    };
    let stats = (0..300).map(|number| feed(record(number, "a", 0, "u", &format!("x{number}")))).last().expect("some");
    assert_eq!(stats.rule_groups_dropped, 200);
    for day in 1..=4 {
        feed(record(1000 + day, "c", day as i64 * 24 * 60, "u", ""));
    }
    let stats = (0..100).map(|number| feed(record(2000 + number, "a", 8 * 24 * 60, "u", &format!("y{number}")))).last();
    assert_eq!(stats.expect("some").rule_groups_dropped, 200, "the old groups are gone");
}

/// A storm costs the same for its last record as for its first, and every window of it has one alert.
#[test]
fn a_storm_is_one_alert_a_window() {
    let rules = rules("{type: event_count, rules: a, group-by: weir.user, timespan: 10m, condition: {gte: 5}}");
    let storm: Vec<Signal> = (0..3_000)
        .map(|number| {
            let mut record = record(number, "a", 0, "u", "");
            record.time = Timestamp::from_millis(START + number as i64 * 1_000).expect("a time");
            record
        })
        .collect();
    assert_eq!(raised(&rules, storm).len(), 5);
}
