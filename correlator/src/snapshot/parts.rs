//! Who attacked, who suffered, with what: the parts that the alerts of a story give to its entities.
//!
//! Alerts say it, context only says who was there. Of Weir's own alerts it depends on the threat: whoever
//! writes a jailbreak attacks, whoever reads a poisoned document suffers. A user of the first sort whom a
//! vendor's alert names as well is a victim: somebody acts under that name. The application, the agent, the
//! model, the mailbox and the resource that an alert names are what is attacked; a file, a program, a URL, a
//! domain or a tool is what with. An address attacks where records say that traffic came from it or do not
//! say which way it went, unless it means something only within a network. All else has no part.

use std::collections::BTreeMap;

use schemas::incident::{EntityPart, Part};
use schemas::{Category, Entity, EntityKind, Role, Signal, SignalKind, is_private_ip};

use super::Listed;

/// The parts of `entities`, in their order; those without one are left out.
pub fn parts(listed: &[Listed], entities: &[Entity]) -> Vec<EntityPart> {
    let mut said: BTreeMap<(EntityKind, &str), Part> = BTreeMap::new();
    let alerts = listed.iter().map(|listed| &listed.signal).filter(|signal| signal.kind != SignalKind::Context);
    for (signal, entity) in alerts.flat_map(|signal| signal.entities.iter().map(move |entity| (signal, entity))) {
        let Some(part) = part(signal, entity) else { continue };
        for id in &entity.ids {
            let known = said.entry((entity.kind, id)).or_insert(part);
            *known = both(entity.kind, *known, part);
        }
    }
    let of = |entity: &Entity| {
        let parts = entity.ids.iter().filter_map(|id| said.get(&(entity.kind, id.as_str())).copied());
        parts.reduce(|a, b| both(entity.kind, a, b))
    };
    let named = entities.iter().filter_map(|entity| {
        let id = entity.ids.first()?.clone();
        Some(EntityPart { kind: entity.kind, id, part: of(entity)? })
    });
    named.collect()
}

/// An address of which both is said attacks: it also is the victim's own when an account is taken over. Of
/// everything else, somebody may act in its name.
fn both(kind: EntityKind, a: Part, b: Part) -> Part {
    if kind == EntityKind::Ip { a.min(b) } else { a.max(b) }
}

fn part(signal: &Signal, entity: &Entity) -> Option<Part> {
    use EntityKind::{
        Agent, ApiKey, Application, CloudResource, Device, Domain, File, Ip, Mailbox, Model, Process, Session, Tool,
        Url, User,
    };
    let by_its_user = signal.category.is_some_and(is_by_user);
    match entity.kind {
        // An attacker may write anybody's name.
        User if entity.mentioned => Some(Part::Victim),
        User | Session | ApiKey if by_its_user => Some(Part::Attacker),
        User | Session | ApiKey | Device | Mailbox | Agent | Application | Model | CloudResource => Some(Part::Victim),
        Domain | File | Process | Tool | Url => Some(Part::Tool),
        Ip if entity.ids.iter().all(|id| is_private_ip(id)) => None,
        Ip => (entity.role.unwrap_or(Role::Source) == Role::Source && (by_its_user || signal.category.is_none()))
            .then_some(Part::Attacker),
    }
}

/// Whether it is the user of the application who does it.
fn is_by_user(category: Category) -> bool {
    match category {
        Category::AsciiSmuggling
        | Category::InstructionLeak
        | Category::Jailbreak
        | Category::Reconnaissance
        | Category::SuspiciousAccess
        | Category::ToolAbuse => true,
        Category::CredentialLeak
        | Category::DataPoisoning
        | Category::IndirectInjection
        | Category::MaliciousUrl
        | Category::SensitiveData => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(category: Option<Category>, entities: Vec<Option<Entity>>) -> Listed {
        let kind = if category.is_some() { SignalKind::AiAlert } else { SignalKind::Alert };
        let signal = Signal {
            uid: "s".into(),
            native_id: "s".into(),
            tenant: "acme".into(),
            time: schemas::Timestamp::default(),
            group: schemas::Group::Ai,
            product: "test".into(),
            kind,
            title: String::new(),
            severity: schemas::Severity::High,
            category,
            techniques: Vec::new(),
            entities: entities.into_iter().flatten().collect(),
            flags: Vec::new(),
            facts: schemas::Facts::default(),
        };
        Listed { signal, hops: 0, keys: std::sync::Arc::default(), spreads: Vec::new(), is_new: false }
    }

    fn parts_of(listed: &[Listed]) -> Vec<(EntityKind, Part)> {
        let entities = super::super::entities::most_shared(listed, 64);
        parts(listed, &entities).into_iter().map(|part| (part.kind, part.part)).collect()
    }

    #[test]
    fn the_threat_says_who_attacks() {
        use EntityKind::{Application, File, Ip, User};
        let entities = || {
            vec![
                Entity::new(User, ["alice"]),
                Entity::new(Ip, ["203.0.113.7"]),
                Entity::new(Application, ["chat"]),
                Entity::new(File, ["invoice.pdf"]),
            ]
        };
        let jailbreak = alert(Some(Category::Jailbreak), entities());
        let expected = [(Application, Part::Victim), (File, Part::Tool), (Ip, Part::Attacker), (User, Part::Attacker)];
        assert_eq!(parts_of(&[jailbreak]), expected);
        let injection = alert(Some(Category::IndirectInjection), entities());
        let expected = [(Application, Part::Victim), (File, Part::Tool), (User, Part::Victim)];
        assert_eq!(parts_of(&[injection]), expected);
    }

    #[test]
    fn whom_a_vendor_names_as_well_is_a_victim() {
        use EntityKind::{Ip, User};
        let jailbreak = alert(Some(Category::Jailbreak), vec![Entity::new(User, ["alice"])]);
        let stolen = alert(None, vec![Entity::new(User, ["alice"]), Entity::new(Ip, ["203.0.113.7"])]);
        assert_eq!(parts_of(&[jailbreak, stolen]), [(User, Part::Victim), (Ip, Part::Attacker)]);
        let inside = alert(None, vec![Entity::new(Ip, ["10.0.0.1"])]);
        let to = Entity::new(Ip, ["203.0.113.9"]).map(|ip| ip.in_role(Role::Destination));
        assert_eq!(parts_of(&[inside, alert(None, vec![to])]), []);
    }
}
