//! What Azure OpenAI adds to bodies: filter verdicts, and who the end user is.
//!
//! Verdicts: `prompt_filter_results`, `content_filter_results`, and `innererror` of a blocked request.
//! Who: `user_security_context` (chat completions, 2025-01-01 and later) and its older form, a JSON
//! document in the string field `user`, which also told the type of user, the conversation and the
//! headers that the application saw.

use super::super::lenient::{Count, List, Pairs, Switch, Text, object};
use super::Body;
use crate::interaction::FilterVerdict;

object! {
    /// One category's verdict.
    Verdict {
        "filtered" => filtered: Switch,
        "detected" => detected: Switch,
        "severity" => severity: Text<'a>,
    }
}

/// Verdicts by category.
pub(in crate::readers::telemetry) type Filters<'a> = Pairs<Verdict<'a>>;

object! {
    /// The verdicts about one prompt, or, of the `responses` interface, about either side.
    PromptFilters {
        "content_filter_results" | "content_filter_result" => verdicts: Filters<'a>,
        "source_type" => side: Text<'a>,
    }
}

/// Adds verdicts about the prompt, or about the answer where they say so.
pub(super) fn collect_prompt_filters(prompts: List<PromptFilters<'_>>, body: &mut Body) {
    for prompt in prompts.0 {
        let response = prompt.side.get() == Some("completion");
        collect_filters(prompt.verdicts, response, body);
    }
}

/// Adds verdicts about the prompt or the response. What says neither that something was seen nor how
/// bad it was is no verdict but a note, such as the error of a filter that did not run.
pub(super) fn collect_filters(filters: Filters<'_>, response: bool, body: &mut Body) {
    for (category, verdict) in filters.0 {
        let severity = verdict.severity.owned();
        if verdict.filtered.0.is_none() && verdict.detected.0.is_none() && severity.is_none() {
            continue;
        }
        let filtered = verdict.filtered.0.unwrap_or(false);
        let severe = severity.as_deref().is_some_and(|word| word != "safe");
        let detected = verdict.detected.0.unwrap_or(filtered || severe) || filtered;
        body.judge(FilterVerdict { category, detected, filtered, severity, response });
    }
}

object! {
    /// What Prompt Shields say of one text (learn.microsoft.com, Content Safety `text:shieldPrompt`).
    Shield {
        "attackDetected" | "detected" => attack: Switch,
    }
}

impl Shield<'_> {
    /// Adds the verdict under the name that Azure OpenAI's filters give it.
    pub fn collect(self, category: &str, body: &mut Body) {
        if let Some(detected) = self.attack.0 {
            let category = category.to_owned();
            body.judge(FilterVerdict { category, detected, filtered: false, severity: None, response: false });
        }
    }
}

object! {
    /// How harmful Content Safety finds a text in one respect (`text:analyze`): from 0, which is not at all, to 7.
    Analysis {
        "category" => category: Text<'a>,
        "severity" => severity: Count,
    }
}

impl Analysis<'_> {
    /// Adds the verdict.
    pub fn collect(self, body: &mut Body) {
        if let (Some(category), Some(severity)) = (self.category.owned(), self.severity.0) {
            let (detected, severity) = (severity > 0, Some(severity.to_string()));
            body.judge(FilterVerdict { category, detected, filtered: false, severity, response: false });
        }
    }
}

object! {
    /// Who the end user is, in every spelling.
    SecurityContext {
        "application_name" | "applicationName" | "ApplicationName" => application: Text<'a>,
        "end_user_id" | "endUserId" | "EndUserId" => user: Text<'a>,
        "EndUserIdType" | "end_user_id_type" => user_kind: Text<'a>,
        "end_user_tenant_id" | "endUserTenantId" | "EndUserTenantId" => user_tenant: Text<'a>,
        "source_ip" | "sourceIp" | "SourceIP" => source_ip: Text<'a>,
        "SourceRequestHeaders" => headers: Pairs<Text<'a>>,
        "ConversationId" | "conversation_id" => conversation: Text<'a>,
    }
}

impl SecurityContext<'_> {
    /// The older form, where `user` holds one.
    pub fn from_user_field(user: &str) -> Option<SecurityContext<'_>> {
        let context: SecurityContext<'_> =
            serde_json::from_str(user.trim_start().starts_with('{').then_some(user)?).ok()?;
        let known = [&context.application, &context.user, &context.user_tenant, &context.source_ip];
        (known.iter().any(|text| text.get().is_some()) || !context.headers.0.is_empty()).then_some(context)
    }

    /// The kind of user in the contract's words.
    pub fn kind(&self) -> Option<String> {
        Some(match self.user_kind.get()? {
            kind if kind.eq_ignore_ascii_case("aad") || kind.eq_ignore_ascii_case("entra") => "entra".to_owned(),
            kind => kind.to_ascii_lowercase(),
        })
    }
}
