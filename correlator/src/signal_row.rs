//! The row of a signal, in bytes.
//!
//! Every signal is written once, and of most nothing is ever asked again, so its row has a layout of its own:
//! no names of fields, codes for what is one of few, lengths in one byte as a rule. Tenant and uid stand in
//! the row's key and not in the row. A field that [`Signal`] gains stops the compiler here; one that changes
//! its meaning needs another `FORMAT_VERSION` of the store.

use std::sync::Arc;

use schemas::entity::Role;
use schemas::signal::Flag;
use schemas::{
    Category, Entity, EntityKind, Facts, Group, Severity, Signal, SignalKind, SignalUid, TenantId, Timestamp,
};

use crate::state::{Residence, SignalRow};
use crate::store::StoreError;

const GROUPS: [Group; 5] = [Group::Ai, Group::Identity, Group::Endpoint, Group::Cloud, Group::Model];
const KINDS: [SignalKind; 3] = [SignalKind::AiAlert, SignalKind::Alert, SignalKind::Context];
const ROLES: [Role; 3] = [Role::Source, Role::Destination, Role::Proxy];
const FLAGS: [Flag; 6] =
    [Flag::DerivedId, Flag::BrokerTime, Flag::FutureTime, Flag::Truncated, Flag::InvalidTime, Flag::LateTime];
/// Stands for what is absent where a code is expected.
const NONE: u8 = u8::MAX;

/// Whether the row still has its signal.
const GONE: u8 = 0;
const HERE: u8 = 1;

/// What an entity's row says beside its identifiers.
const NAMED: u8 = 1;
const MENTIONED: u8 = 2;

/// The bytes of a row.
pub fn bytes(row: &SignalRow) -> Vec<u8> {
    let mut out = Writer(Vec::with_capacity(256));
    out.residences(&row.residences);
    match &row.signal {
        Some(signal) => {
            out.byte(HERE);
            out.signal(signal);
        }
        None => out.byte(GONE),
    }
    out.0
}

/// Reads what [`bytes`] wrote for the signal `uid` of `tenant`.
pub fn read(bytes: &[u8], tenant: &TenantId, uid: &str) -> Result<SignalRow, StoreError> {
    let mut rest = Reader(bytes);
    row(&mut rest, tenant, uid)
        .filter(|_| rest.0.is_empty())
        .ok_or_else(|| StoreError::Damaged("a signal that does not read".to_owned()))
}

/// About how much memory a signal takes.
pub fn weight(signal: &Signal) -> usize {
    let texts = |texts: &[String]| texts.iter().map(|text| size_of::<String>() + text.len()).sum::<usize>();
    let entity =
        |entity: &Entity| size_of::<Entity>() + texts(&entity.ids) + entity.name.as_ref().map_or(0, String::len);
    let fields = signal.facts.fields.iter().map(|(name, values)| size_of::<String>() + name.len() + texts(values));
    let lines = [&signal.native_id, &signal.product, &signal.title].map(String::len);
    size_of::<Signal>()
        + lines.iter().sum::<usize>()
        + signal.uid.as_str().len()
        + texts(&signal.techniques)
        + texts(&signal.facts.rules)
        + fields.sum::<usize>()
        + signal.entities.iter().map(entity).sum::<usize>()
}

fn row(rest: &mut Reader<'_>, tenant: &TenantId, uid: &str) -> Option<SignalRow> {
    let residences = rest.residences()?;
    let signal = match rest.byte()? {
        GONE => None,
        HERE => Some(Arc::new(rest.signal(tenant, uid)?)),
        _ => return None,
    };
    Some(SignalRow { signal, residences })
}

struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// A number in groups of seven bits, the lowest first.
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }

    /// The place of `value` in `all`.
    fn code<T: PartialEq>(&mut self, all: &[T], value: Option<T>) {
        let at = value.and_then(|value| all.iter().position(|one| *one == value));
        self.byte(at.and_then(|at| u8::try_from(at).ok()).unwrap_or(NONE));
    }

    fn residences(&mut self, residences: &[Residence]) {
        self.number(residences.len() as u64);
        for residence in residences {
            self.number(residence.component);
            self.byte(residence.hops);
            self.byte(u8::from(residence.bridge));
        }
    }

    fn signal(&mut self, signal: &Signal) {
        let Signal {
            uid: _,
            native_id,
            tenant: _,
            time,
            group,
            product,
            kind,
            title,
            severity,
            category,
            techniques,
            entities,
            flags,
            facts,
        } = signal;
        self.number(time.millis().unsigned_abs());
        self.code(&GROUPS, Some(*group));
        self.code(&KINDS, Some(*kind));
        self.code(&Severity::ALL, Some(*severity));
        self.code(&Category::ALL, *category);
        [native_id, product, title].into_iter().for_each(|text| self.text(text));
        self.texts(techniques);
        self.number(entities.len() as u64);
        entities.iter().for_each(|entity| self.entity(entity));
        self.number(flags.len() as u64);
        flags.iter().for_each(|flag| self.code(&FLAGS, Some(*flag)));
        self.facts(facts);
    }

    fn facts(&mut self, facts: &Facts) {
        // Usage is only counted: a signal of it is never kept.
        let Facts { rules, fields, usage: _ } = facts;
        self.texts(rules);
        self.number(fields.len() as u64);
        for (name, values) in fields {
            self.text(name);
            self.texts(values);
        }
    }

    fn entity(&mut self, entity: &Entity) {
        let Entity { kind, ids, name, role, mentioned } = entity;
        self.code(&EntityKind::ALL, Some(*kind));
        self.code(&ROLES, *role);
        self.byte(if name.is_some() { NAMED } else { 0 } | if *mentioned { MENTIONED } else { 0 });
        self.texts(ids);
        name.iter().for_each(|name| self.text(name));
    }
}

/// What is left of a row. Nothing is taken on trust: a length that says more than there is ends the reading.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    /// As many as the row says, at least a byte each.
    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::try_from(self.number()?).ok().filter(|count| *count <= self.0.len())?;
        (0..count).map(|_| one(self)).collect()
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        self.list(|rest| rest.text().map(str::to_owned))
    }

    fn code<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(usize::from(self.byte()?)).copied()
    }

    fn code_or_none<T: Copy>(&mut self, all: &[T]) -> Option<Option<T>> {
        match self.byte()? {
            NONE => Some(None),
            code => all.get(usize::from(code)).copied().map(Some),
        }
    }

    fn residences(&mut self) -> Option<Vec<Residence>> {
        self.list(|rest| Some(Residence { component: rest.number()?, hops: rest.byte()?, bridge: rest.byte()? != 0 }))
    }

    fn signal(&mut self, tenant: &TenantId, uid: &str) -> Option<Signal> {
        let time = Timestamp::from_millis(i64::try_from(self.number()?).ok()?)?;
        let (group, kind, severity) = (self.code(&GROUPS)?, self.code(&KINDS)?, self.code(&Severity::ALL)?);
        let category = self.code_or_none(&Category::ALL)?;
        let [native_id, product, title] = [self.text()?, self.text()?, self.text()?].map(str::to_owned);
        Some(Signal {
            uid: SignalUid::from(uid),
            native_id,
            tenant: tenant.clone(),
            time,
            group,
            product,
            kind,
            title,
            severity,
            category,
            techniques: self.texts()?,
            entities: self.list(Self::entity)?,
            flags: self.list(|rest| rest.code(&FLAGS))?,
            facts: self.facts()?,
        })
    }

    fn facts(&mut self) -> Option<Facts> {
        let rules = self.texts()?;
        let fields = self.list(|rest| Some((rest.text()?.to_owned(), rest.texts()?)))?;
        Some(Facts { rules, fields: fields.into_iter().collect(), usage: None })
    }

    fn entity(&mut self) -> Option<Entity> {
        let (kind, role, says) = (self.code(&EntityKind::ALL)?, self.code_or_none(&ROLES)?, self.byte()?);
        let ids = self.texts()?;
        let name = if says & NAMED != 0 { Some(self.text()?.to_owned()) } else { None };
        Some(Entity { kind, ids, name, role, mentioned: says & MENTIONED != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(kind: EntityKind, id: &str) -> Entity {
        Entity::new(kind, [id]).expect("an entity")
    }

    fn signal() -> Signal {
        Signal {
            uid: "u".into(),
            native_id: "n".to_owned(),
            tenant: "t".into(),
            time: Timestamp::from_millis(300).expect("a time"),
            group: Group::Cloud,
            product: "okta".to_owned(),
            kind: SignalKind::Alert,
            title: "é".to_owned(),
            severity: Severity::High,
            category: None,
            techniques: vec!["T1".to_owned()],
            entities: vec![
                entity(EntityKind::Ip, "10.0.0.1").in_role(Role::Destination),
                entity(EntityKind::User, "bob").named(Some("Bob")).mentioned(),
            ],
            flags: vec![Flag::Truncated],
            facts: Facts {
                rules: vec!["r".to_owned()],
                fields: [("f".to_owned(), vec!["v".to_owned(), "w".to_owned()])].into(),
                usage: None,
            },
        }
    }

    fn back(row: &SignalRow) -> SignalRow {
        read(&bytes(row), &"t".into(), "u").expect("a row")
    }

    /// The layout is the state's format: what stands here changes with the format's version alone.
    #[test]
    fn the_bytes_of_a_row_are_pinned() {
        let residences = vec![Residence { component: 300, hops: 1, bridge: true }];
        let row = SignalRow { signal: Some(Arc::new(signal())), residences };
        let expected: Vec<u8> = [
            b"\x01\xac\x02\x01\x01\x01".as_slice(),
            b"\xac\x02\x03\x01\x04\xff\x01n\x04okta\x02\xc3\xa9\x01\x02T1",
            b"\x02\x07\x01\x00\x01\x0810.0.0.1\x0e\xff\x03\x01\x03bob\x03Bob\x01\x03",
            b"\x01\x01r\x01\x01f\x02\x01v\x01w",
        ]
        .concat();
        assert_eq!(bytes(&row), expected);
        assert_eq!(back(&row), row);
    }

    /// The codes are the state's format. A variant that is new stops the compiler here: it needs one, at the end.
    #[test]
    fn every_variant_keeps_its_code() {
        let flag = |flag: &Flag| match flag {
            Flag::DerivedId => 0,
            Flag::BrokerTime => 1,
            Flag::FutureTime => 2,
            Flag::Truncated => 3,
            Flag::InvalidTime => 4,
            Flag::LateTime => 5,
        };
        let group = |group: &Group| match group {
            Group::Ai => 0,
            Group::Identity => 1,
            Group::Endpoint => 2,
            Group::Cloud => 3,
            Group::Model => 4,
        };
        let kind = |kind: &SignalKind| match kind {
            SignalKind::AiAlert => 0,
            SignalKind::Alert => 1,
            SignalKind::Context => 2,
        };
        let role = |role: &Role| match role {
            Role::Source => 0,
            Role::Destination => 1,
            Role::Proxy => 2,
        };
        assert_eq!(FLAGS.map(|one| flag(&one)), [0, 1, 2, 3, 4, 5]);
        assert_eq!(GROUPS.map(|one| group(&one)), [0, 1, 2, 3, 4]);
        assert_eq!(KINDS.map(|one| kind(&one)), [0, 1, 2]);
        assert_eq!(ROLES.map(|one| role(&one)), [0, 1, 2]);
        assert_eq!(Severity::ALL.map(Severity::ocsf_id), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn every_value_comes_back() {
        let mut all = vec![signal()];
        all.extend(GROUPS.map(|group| Signal { group, ..signal() }));
        all.extend(KINDS.map(|kind| Signal { kind, ..signal() }));
        all.extend(Severity::ALL.map(|severity| Signal { severity, ..signal() }));
        all.extend(Category::ALL.map(|category| Signal { category: Some(category), ..signal() }));
        all.extend(FLAGS.map(|flag| Signal { flags: vec![flag], ..signal() }));
        let kinds = EntityKind::ALL.map(|kind| Entity { kind, ..entity(EntityKind::User, "x") });
        let roles = ROLES.map(|role| entity(EntityKind::Ip, "10.0.0.1").in_role(role));
        all.push(Signal { facts: Facts::default(), ..signal() });
        all.push(Signal { entities: kinds.into_iter().chain(roles).collect(), time: Timestamp::MAX, ..signal() });
        for signal in all {
            let row = SignalRow { signal: Some(Arc::new(signal)), residences: Vec::new() };
            assert_eq!(back(&row), row);
        }
        let gone = SignalRow { signal: None, residences: Vec::new() };
        assert_eq!(back(&gone), gone);
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        let bytes = bytes(&SignalRow { signal: Some(Arc::new(signal())), residences: Vec::new() });
        let read = |bytes: &[u8]| read(bytes, &"t".into(), "u");
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length}");
        }
        assert!(read(&[bytes.as_slice(), b"x"].concat()).is_err());
        assert!(read(&[0xff; 64]).is_err());
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            let _ = read(&damaged);
        }
    }
}
