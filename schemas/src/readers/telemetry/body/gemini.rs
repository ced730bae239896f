//! What Gemini and Vertex AI add to answers: safety ratings, why a prompt was blocked, and what the answer is
//! grounded in. Both spellings: `promptFeedback` of the REST interface, `prompt_feedback` of logs and clients.

use super::super::lenient::{List, Switch, Text, object};
use super::Body;
use super::part::Part;
use crate::interaction::{Channel, FilterVerdict};

object! {
    /// How harmful a text seemed in one respect.
    SafetyRating {
        "category" => category: Text<'a>,
        "probability" => probability: Text<'a>,
        "blocked" => blocked: Switch,
    }
}

/// Adds the ratings. `NEGLIGIBLE` is the word for nothing seen.
pub(super) fn collect_ratings(ratings: List<SafetyRating<'_>>, response: bool, body: &mut Body) {
    for rating in ratings.0 {
        let Some(category) = rating.category.owned() else { continue };
        let severity = rating.probability.owned();
        let filtered = rating.blocked.0.unwrap_or(false);
        let seen = severity.as_deref().is_some_and(|word| ["LOW", "MEDIUM", "HIGH"].contains(&word));
        body.judge(FilterVerdict { category, detected: filtered || seen, filtered, severity, response });
    }
}

object! {
    /// What was said about the prompt.
    PromptFeedback {
        "blockReason" | "block_reason" => reason: Text<'a>,
        "blockReasonMessage" | "block_reason_message" => message: Text<'a>,
        "safetyRatings" | "safety_ratings" => ratings: List<SafetyRating<'a>>,
    }
}

impl PromptFeedback<'_> {
    /// Adds the ratings, and a verdict for the reason of a block.
    pub fn collect(self, body: &mut Body) {
        collect_ratings(self.ratings, false, body);
        let reason = self.reason.owned().filter(|reason| !reason.ends_with("UNSPECIFIED"));
        // Model Armor has many filters and one reason; which of them it was stands in the message alone.
        let message = self.message.owned().unwrap_or_default().to_ascii_lowercase();
        let armor = reason.as_deref() == Some("MODEL_ARMOR");
        let attack = armor && ["jailbreak", "prompt injection"].iter().any(|word| message.contains(word));
        let reason = if attack { Some("MODEL_ARMOR/prompt_injection".to_owned()) } else { reason };
        if let Some(category) = reason {
            body.judge(FilterVerdict { category, detected: true, filtered: true, severity: None, response: false });
        }
    }
}

object! {
    /// A source of an answer: a page, a document of a data store, or a place on the map.
    Chunk {
        "web" | "maps" | "retrievedContext" | "retrieved_context" => source: List<Part<'a>>,
    }
}

object! {
    /// What an answer is grounded in.
    Grounding {
        "groundingChunks" | "grounding_chunks" => chunks: List<Chunk<'a>>,
        "webSearchQueries" | "web_search_queries" => searches: List<Text<'a>>,
        "retrievalQueries" | "retrieval_queries" => retrievals: List<Text<'a>>,
    }
}

impl Grounding<'_> {
    /// Adds the searches and what they found.
    pub fn collect(self, body: &mut Body) {
        let queries = self.searches.0.into_iter().chain(self.retrievals.0);
        queries.for_each(|query| body.push(Channel::ToolCall, query.into_cow(), Some("search")));
        let sources = self.chunks.0.into_iter().flat_map(|chunk| chunk.source.0);
        sources.for_each(|source| source.collect_document(body));
    }
}
