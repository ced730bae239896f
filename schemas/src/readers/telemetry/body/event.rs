//! The events of a stream, in every provider's shape.
//!
//! One permissive event stands for all of them, as one response does for all responses; [`super::stream`] decides
//! by what is in it. What most events lack is kept aside ([`Rare`]): an event is a dozen letters of text in three
//! hundred bytes, and moving a large structure about for each would cost more than reading it.

use super::super::lenient::{Count, List, Present, Rare, Raw, Text, object};
use super::azure::{Filters, PromptFilters};
use super::bedrock::Trace;
use super::document::{Citation, Retrieval};
use super::gemini::{Grounding, PromptFeedback, SafetyRating};
use super::message::ToolCall;
use super::part::{Content, Part};
use super::response::Failure;
use super::usage::Usage;

object! {
    /// A piece of a function's name or arguments.
    FunctionDelta {
        "name" => name: Text<'a>,
        "arguments" | "input" => arguments: Raw<'a>,
    }
}

object! {
    /// A piece of one of several tool calls.
    CallDelta {
        "index" => index: Count,
        "id" => id: Text<'a>,
        "function" | "custom" => function: FunctionDelta<'a>,
    }
}

object! {
    /// A piece of an answer; a bare string is a piece of text.
    Delta {
        "content" | "text" => content: Content<'a>,
        "message" => message: Rare<DeltaMessage<'a>>,
        "reasoning_content" | "reasoning" | "thinking" | "reasoningContent" => reasoning: Content<'a>,
        "reasoning_details" => reasoning_details: Content<'a>,
        "refusal" => refusal: Text<'a>,
        "audio" => audio: Rare<Spoken<'a>>,
        "partial_json" => partial_json: Text<'a>,
        "toolUse" => tool_use: Rare<FunctionDelta<'a>>,
        "tool_calls" => tool_calls: List<CallDelta<'a>>,
        "function_call" => function_call: Rare<FunctionDelta<'a>>,
        "citation" | "annotations" => citations: List<Citation<'a>>,
        "stop_reason" | "finish_reason" => stop_reason: Text<'a>,
        "usage" => usage: Rare<Usage<'a>>,
        "context" | "graph_data" => context: Rare<Retrieval<'a>>,
    }
    text => content
}

object! {
    /// A piece of what a spoken answer says.
    Spoken {
        "transcript" => transcript: Text<'a>,
    }
}

object! {
    /// Cohere wraps its pieces once more.
    DeltaMessage {
        "content" => content: Content<'a>,
        "tool_plan" => tool_plan: Text<'a>,
        "tool_calls" => tool_calls: List<CallDelta<'a>>,
    }
}

object! {
    /// A piece of one of the answers.
    ChoiceDelta {
        "index" => index: Count,
        "delta" | "message" => delta: Delta<'a>,
        "text" | "generated_text" => text: Text<'a>,
        "content" => content: Content<'a>,
        "finish_reason" | "finishReason" | "stop_reason" => finish_reason: Text<'a>,
        "content_filter_results" => filters: Filters<'a>,
        "safetyRatings" | "safety_ratings" => ratings: List<SafetyRating<'a>>,
        "groundingMetadata" | "grounding_metadata" => grounding: Rare<Grounding<'a>>,
        "input_token_count" => input_tokens: Count,
        "generated_token_count" => output_tokens: Count,
    }
}

object! {
    /// What the start of an answer of Anthropic's says; with Ollama a piece of the message.
    Start {
        "model" => model: Text<'a>,
        "usage" => usage: Rare<Usage<'a>>,
        "content" => content: Content<'a>,
        "thinking" => thinking: Text<'a>,
        "tool_calls" => tool_calls: List<ToolCall<'a>>,
    }
}

object! {
    /// The start of a tool call of Bedrock's.
    BlockStart {
        "toolUse" => tool_use: List<Part<'a>>,
    }
}

object! {
    /// One event of any provider. Bedrock's clients wrap its members once more.
    Event {
        "type" | "event_type" => kind: Text<'a>,
        "model" | "model_id" | "modelVersion" => model: Text<'a>,
        "index" | "contentBlockIndex" => index: Count,
        "output_index" => output_index: Count,
        "choices" | "results" | "candidates" | "outputs" | "generations" => choices: List<ChoiceDelta<'a>>,
        "delta" => delta: Delta<'a>,
        "content_block" => block: List<Part<'a>>,
        "start" => start: Rare<BlockStart<'a>>,
        "message" => message: Rare<Start<'a>>,
        "response" => response: Raw<'a>,
        "text" | "outputText" | "generation" | "completion" => text: Text<'a>,
        "content" => content: Content<'a>,
        "token" => token: Content<'a>,
        "generated_text" => generated: Text<'a>,
        "thinking" => thinking: Text<'a>,
        "tool_calls" => tool_calls: List<ToolCall<'a>>,
        "documents" => documents: List<Part<'a>>,
        "usage" | "usageMetadata" | "usage_metadata" | "meta" | "amazon-bedrock-invocationMetrics"
            => usage: Rare<Usage<'a>>,
        "prompt_eval_count" | "prompt_token_count" | "inputTextTokenCount" => input_tokens: Count,
        "eval_count" | "generation_token_count" | "totalOutputTextTokenCount" => output_tokens: Count,
        "error" => error: Rare<Failure<'a>>,
        "code" => code: Text<'a>,
        "prompt_filter_results" => prompt_filters: List<PromptFilters<'a>>,
        "promptFeedback" | "prompt_feedback" => feedback: Rare<PromptFeedback<'a>>,
        "trace" | "amazon-bedrock-trace" => trace: Rare<Trace<'a>>,
        "amazon-bedrock-guardrailAction" => guardrail: Text<'a>,
        "finish_reason" | "done_reason" | "stop_reason" | "stopReason" | "completionReason" => finish_reason: Text<'a>,
        "citations" => citations: List<Citation<'a>>,
        "item" => item: Raw<'a>,
        "output" => output: Present,
        "bytes" => bytes: Text<'a>,
        "attribution" => attribution: Rare<Attribution<'a>>,
        "contentBlockStart" | "contentBlockDelta" | "messageStop" | "metadata" | "chunk" => wrapped: Raw<'a>,
    }
}

object! {
    /// Where an agent of Bedrock's has its answer from.
    Attribution {
        "citations" => citations: List<Citation<'a>>,
    }
}
