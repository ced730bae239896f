//! Who and what took part, the most shared first.

use std::collections::BTreeMap;

use schemas::entity::IDS_PER_ENTITY_MAX;
use schemas::{Entity, EntityKind, Role};

use super::Listed;

/// An entity as several members name it.
#[derive(Default)]
struct Group {
    ids: Vec<String>,
    name: Option<String>,
    role: Option<Role>,
    members: Vec<usize>,
    mentioned: bool,
}

/// The entities of the listed members; those that share an identifier are one. At most `max`.
pub fn most_shared(listed: &[Listed], max: usize) -> Vec<Entity> {
    let mut groups: Vec<Group> = Vec::new();
    let mut group_of: BTreeMap<(EntityKind, &str), usize> = BTreeMap::new();
    let mut parents: Vec<usize> = Vec::new();
    for (member, entity) in listed.iter().enumerate().flat_map(|(at, l)| l.signal.entities.iter().map(move |e| (at, e)))
    {
        let own = groups.len();
        groups.push(Group {
            ids: entity.ids.clone(),
            name: entity.name.clone(),
            role: entity.role,
            members: vec![member],
            mentioned: entity.mentioned,
        });
        parents.push(own);
        for id in &entity.ids {
            let known = *group_of.entry((entity.kind, id)).or_insert(own);
            let (a, b) = (root(&parents, known), root(&parents, own));
            if let Some(parent) = parents.get_mut(a.max(b)) {
                *parent = a.min(b);
            }
        }
    }
    let kinds = listed.iter().flat_map(|l| l.signal.entities.iter().map(|e| e.kind));
    let mut merged: BTreeMap<usize, (Option<EntityKind>, Group)> = BTreeMap::new();
    for ((at, group), kind) in groups.into_iter().enumerate().zip(kinds) {
        let (whole_kind, whole) =
            merged.entry(root(&parents, at)).or_insert_with(|| (None, Group { mentioned: true, ..Group::default() }));
        *whole_kind = Some(kind);
        // Whom one record names took part, whatever texts say.
        whole.mentioned &= group.mentioned;
        whole.ids.extend(group.ids);
        whole.members.extend(group.members);
        whole.name = whole.name.take().into_iter().chain(group.name).min();
        whole.role = Role::of_both(whole.role, group.role);
    }
    let mut ranked: Vec<(std::cmp::Reverse<usize>, Entity)> = merged
        .into_values()
        .filter_map(|(kind, mut group)| {
            group.ids.sort_unstable();
            group.ids.dedup();
            group.ids.truncate(IDS_PER_ENTITY_MAX);
            group.members.dedup();
            let Group { ids, name, role, mentioned, .. } = group;
            let entity = Entity { kind: kind?, ids, name, role, mentioned };
            Some((std::cmp::Reverse(group.members.len()), entity))
        })
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().take(max).map(|(_, entity)| entity).collect()
}

fn root(parents: &[usize], mut at: usize) -> usize {
    while let Some(parent) = parents.get(at).filter(|parent| **parent != at) {
        at = *parent;
    }
    at
}
