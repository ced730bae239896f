//! Texts that a stream brings in pieces, put together.
//!
//! Pieces belong to a group, which is one of several answers or one item of a list, and within it to a slot: the
//! text, the reasoning, a tool call. A text stands where its first piece came. What comes whole keeps its place
//! among them. Each piece costs the same however many there are.

use std::collections::{HashMap, HashSet};

use super::super::lenient::Text;
use super::Body;
use super::part::Content;
use crate::interaction::{Channel, Message};

/// What a piece belongs to within its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    Reasoning,
    Text,
    Refusal,
    Transcript,
    Call(u64),
    Block(u64),
}

/// What an item consists of, by which a whole one tells its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    Call,
    Message,
    Reasoning,
}

impl Slot {
    fn sort(self) -> Sort {
        match self {
            Self::Call(_) => Sort::Call,
            Self::Reasoning => Sort::Reasoning,
            Self::Text | Self::Refusal | Self::Transcript | Self::Block(_) => Sort::Message,
        }
    }
}

/// A text in the making, or messages that came whole.
enum Piece {
    Growing { sort: Sort, channel: Channel, id: Option<String>, name: Option<String>, text: String },
    Whole(Vec<Message>),
}

/// Everything that is in the making, in the order in which it began.
#[derive(Default)]
pub(super) struct Pieces {
    begun: Vec<(u64, Piece)>,
    places: HashMap<(u64, Slot), usize>,
    /// Nearly every piece continues the one before it.
    latest: Option<((u64, Slot), usize)>,
    /// What came once more as a whole.
    complete: HashSet<(u64, Sort)>,
}

/// The next piece of a tool call.
pub(super) struct CallPiece<'p> {
    pub id: Option<&'p str>,
    pub name: Option<&'p str>,
    pub arguments: &'p str,
}

impl Pieces {
    /// Adds a piece of text.
    pub fn add(&mut self, group: u64, slot: Slot, channel: Channel, piece: &str) {
        if piece.is_empty() {
            return;
        }
        let place = self.place(group, slot);
        if let Some((_, Piece::Growing { text, channel: kept, .. })) = self.begun.get_mut(place) {
            *kept = channel;
            text.push_str(piece);
        }
    }

    /// Adds a piece of the model's own text.
    pub fn say(&mut self, group: u64, slot: Slot, piece: &Text<'_>) {
        self.add(group, slot, Channel::Assistant, piece.get().unwrap_or_default());
    }

    /// Adds a piece of a tool call. Some servers give every call of an answer the same index; they tell calls
    /// apart by their ids.
    pub fn call(&mut self, group: u64, index: u64, piece: &CallPiece<'_>) {
        let key = (group, Slot::Call(index));
        let mut place = self.place(key.0, key.1);
        if let (Some(new), Some((_, Piece::Growing { id: Some(known), .. }))) = (piece.id, self.begun.get(place))
            && new != known
        {
            place = self.begin(key);
        }
        if let Some((_, Piece::Growing { channel, id, name, text, .. })) = self.begun.get_mut(place) {
            *channel = Channel::ToolCall;
            if let Some(new) = piece.id {
                *id = Some(new.to_owned());
            }
            if let Some(part) = piece.name {
                name.get_or_insert_default().push_str(part);
            }
            text.push_str(piece.arguments);
        }
    }

    /// Adds content that comes in pieces. What is no plain text keeps its place as a whole.
    pub fn content(&mut self, group: u64, slot: Slot, content: Content<'_>, body: &mut Body) {
        match content {
            Content::Empty => {}
            Content::Text(text) => self.add(group, slot, Channel::Assistant, &text),
            Content::Parts(parts) => {
                for mut part in parts {
                    let slot = match part.kind.get() {
                        // A block has a slot of its own, whatever is in it.
                        Some("thinking" | "reasoning" | "text") if matches!(slot, Slot::Block(_)) => slot,
                        Some("thinking" | "reasoning") => Slot::Reasoning,
                        None | Some("text" | "output_text") if part.thought.0 == Some(true) => Slot::Reasoning,
                        None | Some("text" | "output_text") => slot,
                        Some(_) => {
                            self.whole(group, body, |body| part.collect(Channel::Assistant, None, body));
                            continue;
                        }
                    };
                    for text in [std::mem::take(&mut part.reasoning), std::mem::take(&mut part.text)] {
                        self.content_text(group, slot, text);
                    }
                    if part.kind.get().is_none() {
                        self.content(group, slot, std::mem::take(&mut part.content), body);
                    }
                    self.whole(group, body, |body| part.collect(Channel::Assistant, None, body));
                }
            }
        }
    }

    /// The texts of `content`, without those of parts within its parts.
    fn content_text(&mut self, group: u64, slot: Slot, content: Content<'_>) {
        match content {
            Content::Empty => {}
            Content::Text(text) => self.add(group, slot, Channel::Assistant, &text),
            Content::Parts(parts) => {
                for part in parts {
                    if let Content::Text(text) = part.text {
                        self.add(group, slot, Channel::Assistant, &text);
                    }
                }
            }
        }
    }

    /// Keeps the place of what `collect` adds.
    pub fn whole(&mut self, group: u64, body: &mut Body, collect: impl FnOnce(&mut Body)) {
        let before = body.messages.len();
        collect(body);
        if body.messages.len() > before {
            self.begun.push((group, Piece::Whole(body.messages.split_off(before))));
        }
    }

    /// Takes what `collect` adds for the whole of an item of the `group`, whose pieces it makes superfluous.
    pub fn complete(&mut self, group: u64, sort: Sort, body: &mut Body, collect: impl FnOnce(&mut Body)) {
        let before = self.begun.len();
        self.whole(group, body, collect);
        if self.begun.len() > before {
            self.complete.insert((group, sort));
        }
    }

    /// Adds all of it, one group after the other.
    pub fn finish(self, body: &mut Body) {
        let complete = self.complete;
        let mut begun = self.begun;
        begun.retain(|(group, piece)| match piece {
            Piece::Growing { sort, .. } => !complete.contains(&(*group, *sort)),
            Piece::Whole(_) => true,
        });
        begun.sort_by_key(|(group, _)| *group);
        for (_, piece) in begun {
            match piece {
                Piece::Growing { channel: Channel::ToolCall, id, name, text, .. } => {
                    body.push_call(id.as_deref(), name.as_deref(), text.into());
                }
                Piece::Growing { channel, name, text, .. } => body.push(channel, text.into(), name.as_deref()),
                Piece::Whole(messages) => body.messages.extend(messages),
            }
        }
    }

    fn place(&mut self, group: u64, slot: Slot) -> usize {
        let key = (group, slot);
        let known = self.latest.filter(|(latest, _)| *latest == key).map(|(_, place)| place);
        let place = known.or_else(|| self.places.get(&key).copied()).unwrap_or_else(|| self.begin(key));
        self.latest = Some((key, place));
        place
    }

    fn begin(&mut self, key: (u64, Slot)) -> usize {
        let place = self.begun.len();
        let (sort, channel) = (key.1.sort(), Channel::Assistant);
        self.begun.push((key.0, Piece::Growing { sort, channel, id: None, name: None, text: String::new() }));
        self.places.insert(key, place);
        self.latest = Some((key, place));
        place
    }
}
