//! Items of Google Drive that a URL shows, by the id that Drive's audit log gives them.
//!
//! A record of Drive has no URL: it names the item by `doc_id`, which stands in the item's URL
//! (developers.google.com/workspace/admin/reports/v1/appendix/activity/drive). Without it, who changed a document and
//! what an assistant read in it would not meet. Not here: what was published to the web, which has ids of its own
//! (`/d/e/`), and shortened links.

use schemas::{Entity, EntityKind};

use crate::addresses::Parts;

/// Where Drive shows its items: documents, sheets, slides and forms, and everything else.
const HOSTS: [&str; 2] = ["docs.google.com", "drive.google.com"];
/// What stands before an item's id in a path.
const BEFORE_ID: [&str; 2] = ["d", "folders"];
/// The shortest id taken for one; those of today have 33 or 44 letters, the first ones had 19.
const ID_BYTES_MIN: usize = 16;
/// The longest, with room for what is to come.
const ID_BYTES_MAX: usize = 128;

/// The item that a URL of the web shows.
pub fn item_shown(parts: &Parts<'_>) -> Option<Entity> {
    if !HOSTS.iter().any(|host| parts.host.eq_ignore_ascii_case(host)) {
        return None;
    }
    let mut segments = parts.path.split('/');
    let in_path = segments.find(|segment| BEFORE_ID.contains(segment)).and_then(|_| segments.next());
    let in_query = || parts.query.split('&').find_map(|pair| pair.strip_prefix("id="));
    let id = in_path.or_else(in_query).filter(|id| is_id(id))?;
    Entity::new(EntityKind::CloudResource, [id])
}

fn is_id(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (ID_BYTES_MIN..=ID_BYTES_MAX).contains(&text.len()) && text.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addresses::parts;

    const ID: &str = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-abcde";

    fn shown(url: &str) -> Option<String> {
        item_shown(&parts(url)).and_then(|item| item.ids.into_iter().next())
    }

    #[test]
    fn every_form_of_an_items_url_names_it() {
        for url in [
            "https://docs.google.com/document/d/ID/edit",
            "https://docs.google.com/document/d/ID/edit?tab=t.0#heading=h.1",
            "https://docs.google.com/a/contoso.example/spreadsheets/d/ID/view",
            "https://docs.google.com/presentation/u/1/d/ID",
            "https://drive.google.com/file/d/ID/view?usp=sharing",
            "https://drive.google.com/drive/u/0/folders/ID",
            "https://drive.google.com/open?id=ID",
            "https://Drive.Google.com/uc?export=download&id=ID",
        ] {
            assert_eq!(shown(&url.replace("ID", ID)), Some(ID.to_lowercase()), "{url}");
        }
    }

    #[test]
    fn what_is_no_items_url_names_nothing() {
        for url in [
            "https://docs.google.com/document/d/e/2PACX-1vAbCdEfGhIjKlMnOpQrStUvWx/pub",
            "https://docs.google.com/document/d/",
            "https://docs.google.com/document/d/short/edit",
            "https://docs.google.com.evil.example/document/d/ID/edit",
            "https://docs.google.com@evil.example/document/d/ID/edit",
            "https://contoso.example/d/ID",
            "https://drive.google.com/open?grid=ID",
            "https://drive.google.com/file/d/\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}/view",
            "docs.google.com",
            "",
        ] {
            assert_eq!(shown(&url.replace("ID", ID)), None, "{url}");
        }
        assert_eq!(shown(&format!("https://drive.google.com/open?id={}", "a".repeat(129))), None);
    }
}
