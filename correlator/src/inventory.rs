//! What the operator knows about the estate: other names, what is shared by design, what matters most.
//!
//! Plain data that the caller reads from wherever it lives; it stands for the whole run. What it says about
//! names holds always and is never ambiguous; what it calls shared is a hub from the first record on. Absent:
//! reading files, and learning, which is [`crate::identity`]'s.

use std::collections::HashMap;

use schemas::EntityKind;
use schemas::entity::canonical_id;
use serde::{Deserialize, Serialize};

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

/// One thing of the estate, as it is written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asset {
    /// What it is.
    pub kind: EntityKind,
    /// All its names.
    pub ids: Vec<String>,
    /// Whether many share it, and why: it is a hub whatever is seen.
    #[serde(default)]
    pub shared_as: Option<SharedAs>,
    /// How much depends on it, from 0 to 1.
    #[serde(default)]
    pub criticality: f32,
}

/// All that is known, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inventory {
    assets: Vec<Asset>,
    by_name: HashMap<EntityKind, HashMap<String, usize>>,
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
        if ids.is_empty() || ids.len() > IDS_PER_ASSET_MAX {
            return Err(format!("ids must be 1 to {IDS_PER_ASSET_MAX} names"));
        }
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

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.assets.is_empty()
    }

    /// How many assets there are.
    pub fn len(&self) -> usize {
        self.assets.len()
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
        Asset { kind: EntityKind::User, ids, shared_as: None, criticality }
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
        assert!(refused(vec![asset(&["a"], f32::NAN)]).contains("criticality"));
        assert!(refused(vec![asset(&["a"], 2.0)]).contains("criticality"));
    }
}
