//! What the operator knows about the estate: other names, what is shared by design, what matters most.
//!
//! Plain data that the caller reads from wherever it lives; it stands for the whole run. What it says about
//! names holds always and is never ambiguous; what it calls shared is a hub from the first record on; alerts about
//! what it registers as a test are expected for as long as it says, which [`crate::command`] suppresses. Absent:
//! reading files, and learning, which is [`crate::identity`]'s.

use std::collections::HashMap;

use schemas::entity::canonical_id;
use schemas::{EntityKind, Role, Signal, Timestamp, is_private_ip};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names of one asset.
pub const IDS_PER_ASSET_MAX: usize = 32;
/// Assets in an inventory.
pub const ASSETS_MAX: usize = 1_000_000;

/// Why an asset is shared by many who have nothing to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SharedAs {
    /// An account that programs use.
    ServiceAccount,
    /// A terminal server, a jump host, a build machine.
    SharedHost,
    /// The outer address of many.
    Nat,
}

/// Why alerts about what an asset does are expected: somebody arranged them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Attacks that were ordered: a red team, a penetration test, a vulnerability scanner.
    AuthorisedTest,
    /// Attacks that are played: a sandbox, a training, an evaluation of a model.
    BenignTest,
}

impl Expected {
    fn as_str(self) -> &'static str {
        match self {
            Self::AuthorisedTest => "authorised_test",
            Self::BenignTest => "benign_test",
        }
    }
}

/// One thing of the estate, as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// What it is.
    pub kind: EntityKind,
    /// All its names.
    pub ids: Vec<String>,
    /// Of a device, private addresses that are its own for ever.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Whether many share it, and why: it is a hub whatever is seen.
    #[serde(default)]
    pub shared_as: Option<SharedAs>,
    /// How much depends on it, from 0 to 1.
    #[serde(default)]
    pub criticality: f32,
    /// Whether alerts about it are expected: it is who or what tests.
    #[serde(default)]
    pub expected: Option<Expected>,
    /// Alerts before this instant are not expected.
    #[serde(default, deserialize_with = "instant", serialize_with = "written")]
    pub expected_from: Option<Timestamp>,
    /// Nor those from this instant on.
    #[serde(default, deserialize_with = "instant", serialize_with = "written")]
    pub expected_until: Option<Timestamp>,
}

impl Asset {
    fn expects(&self, time: Timestamp) -> Option<Expected> {
        let within =
            self.expected_from.is_none_or(|from| from <= time) && self.expected_until.is_none_or(|until| time < until);
        self.expected.filter(|_| within)
    }
}

fn written<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    time.as_ref().map(ToString::to_string).serialize(serializer)
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let time = Timestamp::parse(&text);
    time.map(Some).ok_or_else(|| D::Error::custom(format!("{text:?} is no instant: write 2026-06-01T00:00:00Z")))
}

/// All that is known, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    assets: Vec<Asset>,
    by_name: HashMap<EntityKind, HashMap<String, usize>>,
    by_address: HashMap<String, usize>,
}

impl Inventory {
    /// Checks `assets` and brings their names to the form that records have.
    ///
    /// # Errors
    /// A message that names the asset, counted from 1, and what is wrong with it.
    pub fn new(assets: Vec<Asset>) -> Result<Self, String> {
        if assets.len() > ASSETS_MAX {
            return Err(format!("{} assets: at most {ASSETS_MAX} are kept", assets.len()));
        }
        let mut inventory = Self::default();
        for (at, asset) in assets.into_iter().enumerate() {
            inventory.add(asset).map_err(|error| format!("asset {}: {error}", at + 1))?;
        }
        Ok(inventory)
    }

    fn add(&mut self, mut asset: Asset) -> Result<(), String> {
        if !(0.0..=1.0).contains(&asset.criticality) {
            return Err("criticality must be a number from 0 to 1".to_owned());
        }
        let named = |id: &String| canonical_id(asset.kind, id).ok_or_else(|| format!("{id:?} names no one thing"));
        let mut ids = asset.ids.iter().map(named).collect::<Result<Vec<String>, String>>()?;
        ids.sort_unstable();
        ids.dedup();
        if asset.expected.is_none() && (asset.expected_from.is_some() || asset.expected_until.is_some()) {
            return Err("expected_from and expected_until say when, expected must say as what".to_owned());
        }
        if asset.expected_from.zip(asset.expected_until).is_some_and(|(from, until)| from >= until) {
            return Err("expected_until must be after expected_from".to_owned());
        }
        if ids.is_empty() || ids.len() > IDS_PER_ASSET_MAX {
            return Err(format!("ids must be 1 to {IDS_PER_ASSET_MAX} names"));
        }
        self.add_addresses(&asset)?;
        let by_name = self.by_name.entry(asset.kind).or_default();
        for id in &ids {
            if by_name.insert(id.clone(), self.assets.len()).is_some() {
                return Err(format!("{id:?} is a name of another asset too"));
            }
        }
        asset.ids = ids;
        self.assets.push(asset);
        Ok(())
    }

    fn add_addresses(&mut self, asset: &Asset) -> Result<(), String> {
        if asset.addresses.len() > IDS_PER_ASSET_MAX
            || (asset.kind != EntityKind::Device && !asset.addresses.is_empty())
        {
            return Err(format!("addresses are of devices, at most {IDS_PER_ASSET_MAX}"));
        }
        for address in &asset.addresses {
            let ip = canonical_id(EntityKind::Ip, address).filter(|ip| is_private_ip(ip));
            let ip = ip.ok_or_else(|| format!("{address:?} is no private address"))?;
            if self.by_address.insert(ip, self.assets.len()).is_some() {
                return Err(format!("{address:?} is an address of another asset too"));
            }
        }
        Ok(())
    }

    /// The names of the device whose own a private address is.
    pub fn device_at(&self, ip: &str) -> Option<&[String]> {
        Some(self.assets.get(*self.by_address.get(ip)?)?.ids.as_slice())
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.assets.is_empty()
    }

    /// How many assets there are.
    pub fn len(&self) -> usize {
        self.assets.len()
    }

    /// Whether it says of anything that it tests.
    pub fn registers_tests(&self) -> bool {
        self.assets.iter().any(|asset| asset.expected.is_some())
    }

    /// Why an alert is expected: for what the first of those who act in it, or are acted upon, was registered.
    /// Neither whom only a text names nor where traffic goes to counts: an attacker chooses both.
    pub fn expected(&self, alert: &Signal) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let acts = |entity: &&schemas::Entity| !entity.mentioned && entity.role != Some(Role::Destination);
        let names = alert.entities.iter().filter(acts).flat_map(|entity| entity.ids.iter().map(|id| (entity.kind, id)));
        let why = |(kind, id): (EntityKind, &String)| {
            let expected = self.asset(kind, id)?.expects(alert.time)?;
            Some(format!("inventory: {} {id} is an {}", kind.as_str(), expected.as_str()))
        };
        names.filter_map(why).min()
    }

    fn asset(&self, kind: EntityKind, name: &str) -> Option<&Asset> {
        self.assets.get(*self.by_name.get(&kind)?.get(name)?)
    }

    /// The other names of what is called so.
    pub fn other_names(&self, kind: EntityKind, name: &str) -> impl Iterator<Item = &str> {
        let ids = self.asset(kind, name).map(|asset| asset.ids.as_slice()).unwrap_or_default();
        ids.iter().map(String::as_str).filter(move |id| *id != name)
    }

    /// Whether many share it by design.
    pub fn is_shared(&self, kind: EntityKind, name: &str) -> bool {
        self.asset(kind, name).is_some_and(|asset| asset.shared_as.is_some())
    }

    /// How much depends on it, from 0 to 1.
    pub fn criticality(&self, kind: EntityKind, name: &str) -> f32 {
        self.asset(kind, name).map_or(0.0, |asset| asset.criticality)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset(ids: &[&str], criticality: f32) -> Asset {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        Asset {
            kind: EntityKind::User,
            ids,
            addresses: Vec::new(),
            shared_as: None,
            criticality,
            expected: None,
            expected_from: None,
            expected_until: None,
        }
    }

    fn alert(hour: i64, entities: &[Option<schemas::Entity>]) -> Signal {
        Signal {
            uid: "a".into(),
            native_id: "a".to_owned(),
            tenant: "acme".into(),
            time: Timestamp::from_millis(hour * 3_600_000).expect("a time"),
            group: schemas::Group::Ai,
            product: Signal::WEIR.to_owned(),
            kind: schemas::SignalKind::AiAlert,
            title: String::new(),
            severity: schemas::Severity::High,
            category: None,
            techniques: Vec::new(),
            entities: entities.iter().flatten().cloned().collect(),
            flags: Vec::new(),
            facts: schemas::Facts::default(),
        }
    }

    #[test]
    fn a_registered_test_is_expected_while_it_is_valid_and_only_where_it_acts() {
        let hours = |hour: i64| Timestamp::from_millis(hour * 3_600_000);
        let tester = Asset {
            expected: Some(Expected::AuthorisedTest),
            expected_from: hours(10),
            expected_until: hours(20),
            ..asset(&["red@contoso.example"], 0.0)
        };
        let scanner = Asset { kind: EntityKind::Ip, ids: vec!["198.51.100.9".to_owned()], ..tester.clone() };
        let inventory = Inventory::new(vec![tester, scanner]).expect("an inventory");
        let red = || schemas::Entity::new(EntityKind::User, ["red@contoso.example"]);
        let ip = || schemas::Entity::new(EntityKind::Ip, ["198.51.100.9"]);
        let at = |hour| inventory.expected(&alert(hour, &[red()]));
        let why = "inventory: user red@contoso.example is an authorised_test";
        assert_eq!([9, 10, 19, 20].map(|hour| at(hour).is_some()), [false, true, true, false]);
        assert_eq!(at(10).as_deref(), Some(why));
        assert_eq!(inventory.expected(&alert(10, &[red().map(schemas::Entity::mentioned)])), None);
        assert!(inventory.expected(&alert(10, &[ip()])).is_some());
        assert_eq!(inventory.expected(&alert(10, &[ip().map(|ip| ip.in_role(Role::Destination))])), None);
        let none = Inventory::new(vec![asset(&["alice@contoso.example"], 0.9)]).expect("an inventory");
        assert_eq!([&inventory, &none].map(Inventory::registers_tests), [true, false]);
    }

    #[test]
    fn names_are_those_of_records() {
        let backup = Asset { shared_as: Some(SharedAs::ServiceAccount), ..asset(&["svc-backup"], 0.0) };
        let inventory = Inventory::new(vec![asset(&["Alice@Contoso.example", " CONTOSO\\alice "], 0.9), backup]);
        let inventory = inventory.expect("an inventory");
        let names: Vec<_> = inventory.other_names(EntityKind::User, "contoso\\alice").collect();
        assert_eq!(names, ["alice@contoso.example"]);
        assert_eq!(inventory.criticality(EntityKind::User, "alice@contoso.example"), 0.9);
        assert!(inventory.is_shared(EntityKind::User, "svc-backup"));
        assert!(!inventory.is_shared(EntityKind::Device, "svc-backup"));
    }

    #[test]
    fn mistakes_are_named() {
        let refused = |assets: Vec<Asset>| Inventory::new(assets).expect_err("a mistake");
        assert_eq!(
            refused(vec![asset(&["a"], 0.0), asset(&["a"], 0.0)]),
            "asset 2: \"a\" is a name of another asset too"
        );
        assert_eq!(refused(vec![asset(&["n/a"], 0.0)]), "asset 1: \"n/a\" names no one thing");
        assert_eq!(refused(vec![asset(&[], 0.0)]), "asset 1: ids must be 1 to 32 names");
        let when = Asset { expected_from: Timestamp::from_millis(1), ..asset(&["a"], 0.0) };
        assert!(refused(vec![when]).contains("expected must say"));
        assert!(refused(vec![asset(&["a"], f32::NAN)]).contains("criticality"));
        assert!(refused(vec![asset(&["a"], 2.0)]).contains("criticality"));
    }
}
