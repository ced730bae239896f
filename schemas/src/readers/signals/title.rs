//! The one line that an analyst reads: what happened, by whom, on what, from where, how it ended.
//!
//! What a record does not say is left out of the line. Bounds are the draft's business.

use super::fields::Node;
use crate::entity::{EntityKind, canonical_id};

/// How much most titles have behind what happened.
const LINE_BYTES_USUAL: usize = 96;

/// A title in the making.
pub(super) struct Title {
    line: String,
    who: Option<String>,
}

impl Title {
    /// Begins with the first of `places` that says something, else with `otherwise`.
    pub(super) fn new(places: &[Node<'_>], otherwise: &str) -> Self {
        let what = places.iter().find_map(|place| place.text());
        Self::of(what.map_or(otherwise.to_owned(), Into::into))
    }

    /// Begins with `what`.
    pub(super) fn of(what: impl Into<String>) -> Self {
        let mut line = what.into();
        line.reserve(LINE_BYTES_USUAL);
        Self { line, who: None }
    }

    /// Who did it: the first of `places` that says something.
    pub(super) fn by(mut self, places: &[Node<'_>]) -> Self {
        self.who = places.iter().find_map(|place| place.text()).map(Into::into);
        self.with(" by ", places)
    }

    /// What it was done to, unless that is who did it.
    pub(super) fn on(self, places: &[Node<'_>]) -> Self {
        let whom = places.iter().find_map(|place| place.text()).filter(|whom| self.who.as_deref() != Some(whom));
        self.with_text(" on ", whom.as_deref())
    }

    /// Where it came from; of an address that it is written with goes neither its port nor its IPv6 form.
    pub(super) fn from(self, places: &[Node<'_>]) -> Self {
        let text = places.iter().find_map(|place| place.text());
        let bare = text.as_deref().and_then(|text| canonical_id(EntityKind::Ip, text));
        self.with_text(" from ", bare.as_deref().or(text.as_deref()))
    }

    /// How it ended.
    pub(super) fn outcome(self, places: &[Node<'_>]) -> Self {
        self.with(": ", places)
    }

    fn with(self, link: &str, places: &[Node<'_>]) -> Self {
        let text = places.iter().find_map(|place| place.text());
        self.with_text(link, text.as_deref())
    }

    /// Adds `text` behind `link`, where there is one.
    pub(super) fn with_text(mut self, link: &str, text: Option<&str>) -> Self {
        if let Some(text) = text {
            self.line.push_str(link);
            self.line.push_str(text);
        }
        self
    }

    /// The line.
    pub(super) fn done(self) -> String {
        self.line
    }
}

/// The words of a vendor's event name: `user_session.impersonation_start` reads `user session impersonation start`.
pub(super) fn words(name: &str) -> String {
    let mut spaced = name.replace(['_', '.', '-'], " ");
    let shouted = !spaced.chars().any(char::is_lowercase);
    if shouted {
        spaced = spaced.to_lowercase();
    }
    if let Some(first) = spaced.get_mut(..1) {
        first.make_ascii_uppercase();
        return spaced;
    }
    let mut letters = spaced.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_title_has_what_the_record_has() {
        let record = json!({"what": "Login", "who": "ada", "ip": "-", "end": "FAILURE"}).into();
        let root = Node::new(&record);
        let title = Title::new(&[root.get("none"), root.get("what")], "Event").by(&[root.get("who")]);
        let title = title.on(&[root.get("target")]).from(&[root.get("ip")]).outcome(&[root.get("end")]);
        assert_eq!(title.done(), "Login by ada: FAILURE");
        let who = [root.get("who")];
        assert_eq!(Title::of("Logout").by(&who).on(&who).done(), "Logout by ada");
    }

    #[test]
    fn names_become_words() {
        for (name, expected) in [("api_key.created", "Api key created"), ("SUSPEND_USER", "Suspend user"), ("", "")] {
            assert_eq!(words(name), expected);
        }
    }
}
