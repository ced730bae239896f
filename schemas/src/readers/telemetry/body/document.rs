//! Documents: what a request attaches, retrieval brings along, or an answer cites.
//!
//! Their text is in the document channel whatever message carries it. One whose text is hidden, encrypted or
//! elsewhere still has a title, and whoever wrote the page wrote that too.

use super::super::lenient::{List, Raw, Text, object};
use super::Body;
use super::leaves::leaves;
use super::media;
use super::part::{Content, Part};
use crate::interaction::Channel;

object! {
    /// Where a document or an image comes from: its text, its bytes, or a reference.
    Source {
        "type" => kind: Text<'a>,
        "media_type" | "mime_type" => mime: Text<'a>,
        "data" => data: Text<'a>,
        "bytes" => bytes: Text<'a>,
        "text" => text: Text<'a>,
        "content" => content: Content<'a>,
        "url" | "uri" => url: Text<'a>,
    }
    text => url
}

object! {
    /// What retrieval brought along with a request or an answer, and what was asked of it.
    Retrieval {
        "citations" | "documents" | "sources" => documents: List<Part<'a>>,
        "all_retrieved_documents" => retrieved: List<Part<'a>>,
        "intent" => intent: Text<'a>,
        "subqueries" => subqueries: List<Subquery<'a>>,
        "text" => text: Text<'a>,
    }
    text => text
}

object! {
    /// What was asked of a source on the way to an answer, and what it said.
    Subquery {
        "query" => query: Text<'a>,
        "answer" => answer: Text<'a>,
        "sources" => sources: List<Part<'a>>,
    }
}

impl Retrieval<'_> {
    /// Adds the documents. All that were found include those that are cited.
    pub fn collect(self, body: &mut Body) {
        body.push(Channel::ToolCall, self.intent.into_cow(), Some("retrieval"));
        body.push(Channel::Document, self.text.into_cow(), None);
        let all = if self.retrieved.0.is_empty() { self.documents } else { self.retrieved };
        all.0.into_iter().for_each(|document| document.collect_document(body));
        self.subqueries.0.into_iter().for_each(|asked| asked.collect(body));
    }
}

impl Subquery<'_> {
    /// Adds what was asked, what was found and what the source made of it.
    pub fn collect(self, body: &mut Body) {
        body.push(Channel::ToolCall, self.query.into_cow(), Some("retrieval"));
        self.sources.0.into_iter().for_each(|source| source.collect_document(body));
        body.push(Channel::ToolResult, self.answer.into_cow(), Some("retrieval"));
    }
}

object! {
    /// A passage that an answer cites.
    Citation {
        "url_citation" => nested: List<Part<'a>>,
        "cited_text" | "sourceContent" | "content" => text: Content<'a>,
        "title" | "document_title" => title: Text<'a>,
        "url" | "uri" => url: Text<'a>,
        "retrievedReferences" | "retrieved_references" => references: List<Part<'a>>,
    }
}

impl Citation<'_> {
    /// Adds the passage, or the title of a page that is only named.
    pub fn collect(self, body: &mut Body) {
        self.nested.0.into_iter().chain(self.references.0).for_each(|document| document.collect_document(body));
        match self.text {
            Content::Empty if self.url.get().is_some() => {
                body.push(Channel::Document, self.title.into_cow(), self.url.get());
            }
            Content::Empty => {}
            text => text.collect(Channel::Document, self.title.or(self.url).get(), body),
        }
    }
}

/// Adds every citation.
pub(super) fn collect_citations(citations: List<Citation<'_>>, body: &mut Body) {
    citations.0.into_iter().for_each(|citation| citation.collect(body));
}

impl Part<'_> {
    /// Adds a document: its text, wherever the provider puts it.
    pub fn collect_document(self, body: &mut Body) {
        let before = body.messages.len();
        let skipped = body.skipped;
        let source = self.source.take();
        let address = self.url.or(source.url);
        let name = self.title.or(self.name);
        let label = name.get().or(address.get()).or(self.id.get());
        self.text.collect(Channel::Document, label, body);
        self.content.collect(Channel::Document, label, body);
        let (plain, encoded) = match source.kind.get() {
            Some("base64") => (Text::default(), source.data),
            _ => (source.data, source.bytes),
        };
        let format = source.mime.get().or(self.format.get()).unwrap_or_default();
        if let Some(text) = media::decode(format, encoded.get().unwrap_or_default()) {
            body.push(Channel::Document, text.into(), label);
        }
        body.push(Channel::Document, plain.into_cow(), label);
        body.push(Channel::Document, source.text.into_cow(), label);
        source.content.collect(Channel::Document, label, body);
        collect_data(self.data, label, body);
        self.document.0.into_iter().for_each(|document| document.collect_document(body));
        collect_citations(self.citations, body);
        body.push(Channel::Document, leaves(&self.rest).into(), label);
        if body.messages.len() == before && body.skipped == skipped {
            // A page that is only named is no file.
            let named = name.get().is_some() && address.get().is_some();
            body.skipped.files += u32::from(self.file.0.is_empty() && !named);
            self.file.0.into_iter().for_each(|file| file.collect(None, body));
            body.push(Channel::Document, name.into_cow(), address.get());
        }
    }
}

/// `data` holds the text, or the fields of the document.
fn collect_data(data: Raw<'_>, name: Option<&str>, body: &mut Body) {
    let before = body.messages.len();
    let fields = data.0.filter(|raw| raw.get().starts_with('{'));
    if let Some(Ok(mut fields)) = fields.map(|raw| serde_json::from_str::<Part<'_>>(raw.get())) {
        if let (None, Some(name)) = (fields.title.get(), name) {
            fields.title = name.to_owned().into();
        }
        fields.collect_fields(body);
    }
    if body.messages.len() == before {
        body.push(Channel::Document, data.text(), name);
    }
}

impl Part<'_> {
    /// Adds the fields of a document that its application has made up.
    fn collect_fields(self, body: &mut Body) {
        let name = self.title.or(self.name).or(self.url);
        self.text.collect(Channel::Document, name.get(), body);
        self.content.collect(Channel::Document, name.get(), body);
        body.push(Channel::Document, self.data.text(), name.get());
        body.push(Channel::Document, leaves(&self.rest).into(), name.get());
    }
}
