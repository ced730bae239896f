//! The alerts of Microsoft Defender for AI services, and which rules of the correlator serve those that need memory.
//!
//! The list is the union of what `alerts-ai-workloads` published until June 2026, as an id may come back and old
//! incidents keep theirs. The alert on exposed Kubernetes services has no id; its title stands for it.

/// One alert of Defender.
#[derive(Clone, Copy, Debug)]
pub struct DefenderAlert {
    /// Its id, in its final spelling.
    pub id: &'static str,
    /// Whether Defender raises it for agents.
    pub agent: bool,
}

const fn application(id: &'static str) -> DefenderAlert {
    DefenderAlert { id, agent: false }
}

const fn agent(id: &'static str) -> DefenderAlert {
    DefenderAlert { id, agent: true }
}

/// Every alert of the catalogue, in its order.
pub static DEFENDER: [DefenderAlert; 30] = [
    application("AI.Azure_CredentialTheftAttempt"),
    application("AI.Azure_Jailbreak.ContentFiltering.BlockedAttempt"),
    application("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt"),
    application("AI.Azure_MaliciousUrl.ModelResponse"),
    application("AI.Azure_MaliciousUrl.UnknownSource"),
    application("AI.Azure_MaliciousUrl.UserPrompt"),
    application("AI.Azure_AccessFromSuspiciousUserAgent"),
    application("AI.Azure_ASCIISmuggling"),
    application("AI.Azure_AccessFromAnonymizedIP"),
    application("AI.Azure_AccessFromSuspiciousIP"),
    application("AI.Azure_DOWDuplicateRequests"),
    application("AI.Azure_DOWVolumeAnomaly"),
    application("AI.Azure_AccessAnomaly"),
    application("AI.Azure_AnomalousOperation.InitialAccess"),
    application("AI.Azure_AnomalousToolInvocation"),
    application("AI.Azure_LLMReconnaissance"),
    application("Exposed Kubernetes service detected"),
    agent("AI.Azure_Agentic_Jailbreak"),
    agent("Azure_Agentic_BlockedJailbreak"),
    agent("AI.Azure_Agentic_ASCIISmuggling"),
    agent("AI.Azure_Agentic_MaliciousUrl.UserPrompt"),
    agent("AI.Azure_Agentic_MaliciousUrl.ModelResponse"),
    agent("AI.Azure_Agentic_MaliciousUrl.ToolOutput"),
    agent("AI.Azure_Agentic_AccessFromSuspiciousIP"),
    agent("AI.Azure_Agentic_AccessFromAnonymizedIP"),
    agent("AI.Azure_Agentic_AccessFromSuspiciousUserAgent"),
    agent("AI.Azure_Agentic_DOWVolumeAnomaly"),
    agent("AI.Azure_Agentic_InstructionLeakage"),
    agent("AI.Azure_Agentic_LLMReconnaissance"),
    application("AI.AIModelScan_MalwareDetected"),
];

/// Defender's alerts that need memory or other records than interactions, with the names of the correlator's rules.
pub static STATEFUL: [(&str, &[&str]); 8] = [
    ("AI.Azure_DOWDuplicateRequests", &["weir_wallet_recurring_requests"]),
    ("AI.Azure_DOWVolumeAnomaly", &["weir_wallet_volume"]),
    ("AI.Azure_AccessAnomaly", &["weir_access_new_network", "weir_access_new_client", "weir_access_new_key"]),
    ("AI.Azure_AnomalousOperation.InitialAccess", &["weir_management_operation_new"]),
    ("AI.Azure_AnomalousToolInvocation", &["weir_tool_new", "weir_tool_volume"]),
    ("Exposed Kubernetes service detected", &["weir_kubernetes_service_exposed"]),
    ("AI.Azure_Agentic_DOWVolumeAnomaly", &["weir_wallet_volume"]),
    ("AI.AIModelScan_MalwareDetected", &["weir_model_tampering"]),
];
