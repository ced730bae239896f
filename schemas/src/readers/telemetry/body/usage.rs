//! Token counts, in every provider's spelling.

use super::super::lenient::{Count, object};
use crate::interaction::Tokens;

object! {
    /// Details of a token count.
    TokenDetails {
        "cached_tokens" => cached: Count,
        "reasoning_tokens" => reasoning: Count,
    }
}

object! {
    /// Token counts in the spellings of OpenAI, Anthropic, Bedrock, Gemini, Cohere and the models that name them
    /// beside their answer.
    Usage {
        "prompt_tokens" | "input_tokens" | "inputTokens" | "inputTokenCount" | "promptTokenCount" | "prompt_token_count"
            | "total_input_tokens" | "inputTextTokenCount" | "input_token_count" => input: Count,
        "completion_tokens" | "output_tokens" | "outputTokens" | "outputTokenCount" | "candidatesTokenCount"
            | "candidates_token_count" | "total_output_tokens" | "generated_token_count" => output: Count,
        "total_tokens" | "totalTokens" | "totalTokenCount" | "total_token_count" => total: Count,
        "cache_read_input_tokens" | "cachedContentTokenCount" | "cached_content_token_count" | "cacheReadInputTokens"
            | "cacheReadInputTokenCount" | "prompt_cache_hit_tokens" | "total_cached_tokens" => cached: Count,
        "prompt_tokens_details" | "input_tokens_details" => input_details: TokenDetails<'a>,
        "completion_tokens_details" | "output_tokens_details" => output_details: TokenDetails<'a>,
        "thoughtsTokenCount" | "thoughts_token_count" | "total_thought_tokens" => reasoning: Count,
        "tokens" => cohere: CohereTokens<'a>,
        "billed_units" => billed: CohereTokens<'a>,
    }
}

object! {
    /// Cohere's counts.
    CohereTokens {
        "input_tokens" => input: Count,
        "output_tokens" => output: Count,
    }
}

/// Takes over counts that stand beside the answer. The chunks of a stream repeat those that are not theirs as zero.
pub(super) fn collect_counts(input: Count, output: Count, tokens: &mut Tokens) {
    for (slot, Count(count)) in [(&mut tokens.input, input), (&mut tokens.output, output)] {
        *slot = count.filter(|count| *count > 0 || slot.is_none()).or(*slot);
    }
}

impl Usage<'_> {
    /// Takes over the counts that are given, so that a later event of a stream adds to an earlier one.
    pub fn collect(self, tokens: &mut Tokens) {
        let take = |slot: &mut Option<u64>, counts: [Count; 3]| {
            *slot = counts.into_iter().find_map(|count| count.0).or(*slot);
        };
        let none = Count(None);
        take(&mut tokens.input, [self.input, self.cohere.input, self.billed.input]);
        take(&mut tokens.output, [self.output, self.cohere.output, self.billed.output]);
        take(&mut tokens.total, [self.total, none, none]);
        take(&mut tokens.cached, [self.cached, self.input_details.cached, none]);
        take(&mut tokens.reasoning, [self.reasoning, self.output_details.reasoning, none]);
    }
}
