//! Records about several people.
//!
//! Who resets whose password, who shares a file with whom, a vendor's alert that lists everybody whom it saw: such a
//! record is in the story of each of them, and says of none that the others have to do with what that one did. So it
//! *attaches*, as a far member: it brings nobody else in and joins no two stories, as a help desk's day would otherwise
//! make one story of all who called. It is told by the record alone, so that it holds whatever came before.
//!
//! An alert of Weir's is none: it is about one conversation, whoever takes part.

use schemas::{Entity, EntityKind, Signal, SignalKind};

/// Whether the signal is a record in which more than one person took part: users of whom none is called, in it, what
/// the others are called.
pub fn names_several(signal: &Signal) -> bool {
    let mut others: Vec<&Entity> = signal.entities.iter().filter(|entity| takes_part(entity)).collect();
    let Some(first) = others.pop().filter(|_| signal.kind != SignalKind::AiAlert) else { return false };
    let mut one: Vec<&String> = first.ids.iter().collect();
    // Who shares a name with somebody who was found to be the same is the same.
    while !others.is_empty() {
        let (same, rest): (Vec<&Entity>, Vec<&Entity>) =
            others.into_iter().partition(|entity| entity.ids.iter().any(|id| one.contains(&id)));
        if same.is_empty() {
            return true;
        }
        one.extend(same.into_iter().flat_map(|entity| &entity.ids));
        others = rest;
    }
    false
}

fn takes_part(entity: &Entity) -> bool {
    entity.kind == EntityKind::User && !entity.mentioned
}
