//! The Avro codec: what goes in comes out, and bad bytes are errors within bounds, never panics.
#![cfg(test)]

use std::collections::BTreeMap;

use schemas::annotation::{Annotation, Category, Score};
use schemas::avro::{self, AvroError, Record};
use schemas::entity::{EntityKind, Role};
use schemas::interaction::{FilterVerdict, Message, Named, Skipped, Tokens, TraceContext, User, Who};
use schemas::signal::{Flag, Group, SignalKind};
use schemas::{
    AnnotatedInteraction, Channel, Entity, Facts, Interaction, InteractionId, Severity, Signal, SignalUid, TenantId,
    Timestamp, Usage,
};

fn interaction() -> Interaction {
    let some = |text: &str| Some(text.to_owned());
    Interaction {
        id: InteractionId::from("i-1"),
        time: Timestamp::from_millis(1_777_636_800_123).expect("in range"),
        tenant: TenantId::from("contoso"),
        format: "exchange".to_owned(),
        who: Who {
            user: Some(User { id: some("u"), name: some("Ada"), tenant_id: None, kind: some("entra") }),
            application: some("helpdesk"),
            agent: Some(Named { id: None, name: some("triage") }),
            source_ip: some("203.0.113.4"),
            user_agent: some("agent/1"),
            api_key_id: some("k"),
            conversation_id: some("c"),
            session_id: some("s"),
            device: Some(Named { id: some("d"), name: None }),
        },
        provider: some("openai"),
        model: some("gpt-4o"),
        messages: vec![
            Message::request(Channel::System, "Be brief. \u{1f600}"),
            Message::response(Channel::ToolCall, "{}").named(Some("log")),
        ],
        tools_offered: vec!["log".to_owned()],
        tokens: Tokens { input: Some(5), output: Some(u64::MAX >> 1), total: None, cached: Some(0), reasoning: None },
        latency_ms: Some(250),
        filters: vec![FilterVerdict {
            category: "jailbreak".to_owned(),
            detected: true,
            filtered: false,
            severity: None,
            response: false,
        }],
        finish_reasons: vec!["stop".to_owned()],
        error: some("content_filter"),
        trace: TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        skipped: Skipped { images: 1, audio: 2, files: 3, embeddings: u32::MAX },
        flags: vec![Flag::DerivedId, Flag::Truncated],
    }
}

fn annotated() -> AnnotatedInteraction {
    let annotations = Category::ALL.into_iter().enumerate().map(|(index, category)| Annotation {
        detector: "d".to_owned(),
        category,
        subtype: "s".to_owned(),
        score: Score::new(0.25),
        severity: Severity::Fatal,
        channel: Channel::ALL[index % Channel::ALL.len()],
        message_index: u32::MAX,
        span: (3, 9),
        evidence: (index == 0).then(|| "[redacted]".to_owned()),
        techniques: vec!["AML.T0051".to_owned()],
        value_hashes: vec!["hmac:00".to_owned()],
        entities: Entity::new(EntityKind::Url, ["https://example.com/"]).into_iter().collect(),
    });
    let scores = BTreeMap::from([("jailbreak".to_owned(), Score::new(0.5))]);
    AnnotatedInteraction::new(&interaction(), annotations.collect(), Some(scores), "ab".to_owned())
}

fn signal() -> Signal {
    let tenant = TenantId::from("contoso");
    Signal {
        uid: SignalUid::derive(&tenant, "okta", "n"),
        native_id: "n".to_owned(),
        tenant,
        time: Timestamp::MAX,
        group: Group::Model,
        product: "okta".to_owned(),
        kind: SignalKind::Context,
        title: "A sign-in".to_owned(),
        severity: Severity::Unknown,
        category: Some(Category::ToolAbuse),
        techniques: vec!["T1078".to_owned()],
        entities: Entity::new(EntityKind::User, ["ada@contoso.example"]).into_iter().collect(),
        flags: vec![Flag::BrokerTime],
        facts: facts(),
    }
}

fn facts() -> Facts {
    let usage = Usage {
        requests: i64::MAX,
        input_tokens: 1,
        output_tokens: 2,
        refusals: 3,
        errors: 4,
        client: Some("python-requests".to_owned()),
        auth: None,
        tools: vec!["search".to_owned()],
        sensitive: vec!["iban".to_owned()],
        repeats: BTreeMap::from([("00c0ffee".to_owned(), 2)]),
    };
    let mut facts = Facts { rules: vec!["rule".to_owned()], usage: Some(usage), ..Facts::default() };
    facts.set("actor.alternateId", ["ada".to_owned()]);
    facts
}

fn round_trip<T: Record + PartialEq + std::fmt::Debug>(record: &T) -> Vec<u8> {
    let mut bytes = b"before".to_vec();
    avro::encode(record, &mut bytes).expect("encodes");
    let object = bytes.strip_prefix(b"before").expect("what was there stays").to_vec();
    assert_eq!(&avro::decode::<T>(&object).expect("decodes"), record);
    assert_eq!(avro::frame(&object), avro::fingerprint::<T>().ok());
    object
}

#[test]
fn records_come_out_as_they_went_in() {
    round_trip(&interaction());
    round_trip(&Interaction { who: Who::default(), messages: Vec::new(), trace: None, ..interaction() });
    round_trip(&annotated());
    round_trip(&AnnotatedInteraction { scores: None, annotations: Vec::new(), ..annotated() });
    round_trip(&AnnotatedInteraction { incomplete: vec!["text".to_owned()], ..annotated() });
    round_trip(&signal());
    for kind in [SignalKind::AiAlert, SignalKind::Alert] {
        for group in [Group::Ai, Group::Identity, Group::Endpoint, Group::Cloud] {
            round_trip(&Signal { kind, group, category: None, ..signal() });
        }
    }
}

#[test]
fn every_name_of_an_enum_is_a_symbol() {
    let entities = EntityKind::ALL.into_iter().filter_map(|kind| Entity::new(kind, ["x1"])).collect::<Vec<_>>();
    round_trip(&Signal { entities: entities.iter().cloned().map(Entity::mentioned).collect(), ..signal() });
    round_trip(&Signal { entities, ..signal() });
    let address = Entity::new(EntityKind::Ip, ["192.0.2.1"]).expect("an address");
    let roles = [Role::Source, Role::Destination, Role::Proxy].map(|role| address.clone().in_role(role));
    round_trip(&Signal { entities: roles.to_vec(), ..signal() });
    use Severity::*;
    for severity in [Unknown, Informational, Low, Medium, High, Critical, Fatal] {
        round_trip(&Signal { severity, ..signal() });
    }
    let flags =
        vec![Flag::DerivedId, Flag::BrokerTime, Flag::FutureTime, Flag::Truncated, Flag::InvalidTime, Flag::LateTime];
    round_trip(&Signal { flags, ..signal() });
    round_trip(&Signal { facts: Facts::default(), ..signal() });
}

#[test]
fn a_count_beyond_the_range_is_cut_and_not_lost() {
    let mut bytes = Vec::new();
    let tokens = Tokens { input: Some(u64::MAX), ..Tokens::default() };
    avro::encode(&Interaction { tokens, ..interaction() }, &mut bytes).expect("encodes");
    assert_eq!(avro::decode::<Interaction>(&bytes).expect("decodes").tokens.input, Some(u64::MAX >> 1));
}

#[test]
fn every_prefix_is_an_error() {
    let object = round_trip(&annotated());
    for end in 0..object.len() {
        let error = avro::decode::<AnnotatedInteraction>(&object[..end]).expect_err("cut off");
        let framed = end >= 10;
        assert_eq!(matches!(error, AvroError::Decode { .. }), framed, "{end}: {error}");
    }
    let longer = [object.as_slice(), b"x"].concat();
    assert_eq!(avro::decode::<AnnotatedInteraction>(&longer), Err(AvroError::Trailing(1)));
}

#[test]
fn foreign_schemas_are_named_by_their_fingerprint() {
    let mut object = round_trip(&signal());
    object[2] ^= 1;
    let error = avro::decode::<Signal>(&object).expect_err("unknown");
    assert!(matches!(error, AvroError::UnknownSchema { name: "io.weir.Signal", .. }), "{error}");
    let other = round_trip(&interaction());
    assert!(matches!(avro::decode::<Signal>(&other), Err(AvroError::UnknownSchema { .. })));
}

/// xorshift64*, so that a failure can be repeated.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

#[test]
fn noise_never_panics() {
    let mut noise = Noise(0x5eed);
    let object = round_trip(&interaction());
    let fingerprint = avro::fingerprint::<Interaction>().expect("a schema");
    let mut refused = 0;
    for _ in 0..20_000 {
        let mut bytes = object.clone();
        for _ in 0..=noise.next() % 8 {
            let at = 10 + (noise.next() as usize) % (bytes.len() - 10);
            bytes[at] = noise.next() as u8;
        }
        refused += u32::from(avro::decode::<Interaction>(&bytes).is_err());
        let random: Vec<u8> = (0..noise.next() % 64).map(|_| noise.next() as u8).collect();
        assert!(avro::decode_datum::<Signal>(&random, fingerprint).is_err());
        let _ = avro::decode_datum::<Interaction>(&random, fingerprint);
    }
    assert!(refused > 1_000, "only {refused} damaged records were refused");
}

#[test]
fn lengths_that_lie_are_refused_without_the_memory() {
    let fingerprint = avro::fingerprint::<Signal>().expect("a schema");
    // Zigzag varints of a string's length: 2^62, 64 MiB, and one negative.
    for length in [
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01].as_slice(),
        &[0x80, 0x80, 0x80, 0x40],
        &[0x03],
        &[0xff; 12],
    ] {
        let error = avro::decode_datum::<Signal>(length, fingerprint).expect_err("a lie");
        assert!(matches!(error, AvroError::Decode { .. }), "{error}");
    }
}
