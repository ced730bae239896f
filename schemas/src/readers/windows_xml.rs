//! Windows events as XML, which is how Windows itself renders them and how Splunk (`renderXml`) and others ship them:
//! one `<Event>`, or several within `<Events>`, as the JSON that [`super::signals`] reads.
//!
//! Source: learn.microsoft.com/windows/win32/wes/eventschema-schema. An attribute becomes a member `@name`, the
//! text of an element that has attributes `#text`, and elements of one name an array. Documents that declare
//! types or entities are refused, so that nothing expands; comments and instructions are passed over. What an event
//! means is the reader's business.

use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value};

use super::error::{ReadError, Reason};

/// The most elements, attributes and texts of one document; an event has some fifty.
const NODES_MAX: u32 = 256 * 1024;
/// The most levels of elements; an event has five.
const DEPTH_MAX: usize = 32;

/// Whether `text` begins like a Windows event or a document of several.
pub(super) fn begins(text: &str) -> bool {
    text.starts_with("<Event") || text.starts_with("<?xml")
}

/// The events in the document `text`, each as the text of a JSON object.
///
/// # Errors
/// When the document is no XML, declares types, is too large or too deep, or holds no Windows event.
pub(super) fn events(text: &str) -> Result<Vec<String>, ReadError> {
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text, options).map_err(|error| refusal(&error))?;
    let root = document.root_element();
    let elements = match root.tag_name().name() {
        "Events" => root.children().filter(Node::is_element).collect(),
        _ => vec![root],
    };
    elements.into_iter().map(event).collect()
}

fn event(element: Node<'_, '_>) -> Result<String, ReadError> {
    let system = |child: Node<'_, '_>| child.is_element() && child.tag_name().name() == "System";
    if element.tag_name().name() != "Event" || !element.children().any(system) {
        return Err(ReadError::new(Reason::UnrecognisedFormat, "XML that is no Windows event"));
    }
    Ok(Value::Object(Map::from_iter([("Event".to_owned(), json(element, DEPTH_MAX)?)])).to_string())
}

/// An element as JSON: a text where it has nothing else.
fn json(element: Node<'_, '_>, levels_left: usize) -> Result<Value, ReadError> {
    let Some(levels_left) = levels_left.checked_sub(1) else {
        return Err(ReadError::new(Reason::TooDeep, format!("XML nested deeper than {DEPTH_MAX} levels")));
    };
    let mut members = Map::new();
    for attribute in element.attributes() {
        members.insert(format!("@{}", attribute.name()), attribute.value().into());
    }
    for child in element.children().filter(Node::is_element) {
        let value = json(child, levels_left)?;
        match members.get_mut(child.tag_name().name()) {
            None => _ = members.insert(child.tag_name().name().to_owned(), value),
            Some(Value::Array(elements)) => elements.push(value),
            // No element becomes an array by itself, so an array is always of elements of one name.
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    let texts = element.children().filter(Node::is_text).filter_map(|text| text.text());
    let text = texts.collect::<String>();
    if members.is_empty() {
        return Ok(text.into());
    }
    if !text.trim().is_empty() {
        members.insert("#text".to_owned(), text.into());
    }
    Ok(Value::Object(members))
}

/// The error for a document that roxmltree refuses, without its own words, which quote names.
fn refusal(error: &roxmltree::Error) -> ReadError {
    match error {
        roxmltree::Error::NodesLimitReached => {
            let message = format!("XML of more than {NODES_MAX} elements, attributes and texts");
            ReadError::new(Reason::TooLarge, message)
        }
        roxmltree::Error::DtdDetected => {
            ReadError::new(Reason::MalformedXml, "a declaration of types or entities, which are never read")
        }
        _ => ReadError::new(Reason::MalformedXml, "no well-formed XML"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(xml: &str) -> Value {
        let events = events(xml).expect("events");
        assert_eq!(events.len(), 1);
        serde_json::from_str(&events[0]).expect("JSON")
    }

    #[test]
    fn elements_attributes_and_texts_become_members() {
        let event = only(
            "<?xml version='1.0'?><Event xmlns='x'><System><EventID Qualifiers='0'>4624</EventID><Level/></System>\
             <EventData><Data Name='a'>1 &lt; 2</Data><Data Name='b'><![CDATA[<c>]]></Data><!-- d --></EventData></Event>",
        );
        let expected = serde_json::json!({"Event": {
            "System": {"EventID": {"@Qualifiers": "0", "#text": "4624"}, "Level": ""},
            "EventData": {"Data": [{"@Name": "a", "#text": "1 < 2"}, {"@Name": "b", "#text": "<c>"}]},
        }});
        assert_eq!(event, expected);
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let bomb = "<!DOCTYPE Event [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><Event><System>&b;</System></Event>";
        let deep = format!("<Event><System>{}{}</System></Event>", "<a>".repeat(10_000), "</a>".repeat(10_000));
        let crowd = format!("<Event><System>{}</System></Event>", "<a/>".repeat(300_000));
        for (xml, expected) in [
            ("<Event/>", Reason::UnrecognisedFormat),
            ("<Events><Event><System/></Event><x/></Events>", Reason::UnrecognisedFormat),
            ("<Event><System>", Reason::MalformedXml),
            ("<Event><System></Event></System>", Reason::MalformedXml),
            ("<Event><System>&other;</System></Event>", Reason::MalformedXml),
            ("<Event><System/></Event><Event><System/></Event>", Reason::MalformedXml),
            ("<Event \u{1}/>", Reason::MalformedXml),
            (bomb, Reason::MalformedXml),
            (&deep, Reason::TooDeep),
            (&crowd, Reason::TooLarge),
        ] {
            let start: String = xml.chars().take(60).collect();
            assert_eq!(events(xml).expect_err(&start).reason, expected, "{start}");
        }
    }
}
