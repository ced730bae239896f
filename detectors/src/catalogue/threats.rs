//! The table of threats and their alerts.
//!
//! An entry stands before those that would take its alerts as well. MITRE ids are of ATLAS and ATT&CK as of 2026,
//! OWASP's of the Top 10 for LLM Applications 2025; ids of Defender are as `alerts-ai-workloads` published them.

use schemas::{Category, Channel, Severity};

use super::{Entry, RaisedBy, Threat};

/// Every threat, in the order of [`Category::ALL`].
pub static THREATS: [Threat; 11] = [
    Threat {
        category: Category::AsciiSmuggling,
        remediation: "Look at the source that brought the text and clean it; strip invisible characters before text \
                reaches a model or a person.",
        owasp: &["LLM01:2025"],
        entries: &[
            Entry::new(
                "weir.ascii_smuggling.tags",
                RaisedBy::Subtype(&["tags"]),
                "Hidden text in tag characters",
                "Unicode tag characters spell text that people do not see and models read: orders to the model, \
                    or data on its way out.",
                Severity::High,
            )
            .defender("AI.Azure_ASCIISmuggling", "AI.Azure_Agentic_ASCIISmuggling"),
            Entry::new(
                "weir.ascii_smuggling.variation_selectors",
                RaisedBy::Subtype(&["variation_selectors"]),
                "Hidden bytes in variation selectors",
                "A run of variation selectors carries bytes behind a visible character.",
                Severity::High,
            )
            .defender("AI.Azure_ASCIISmuggling", "AI.Azure_Agentic_ASCIISmuggling"),
            Entry::new(
                "weir.ascii_smuggling.zero_width",
                RaisedBy::Subtype(&["zero_width"]),
                "Hidden bits in zero-width characters",
                "A run of zero-width characters encodes bits between visible letters.",
                Severity::High,
            )
            .defender("AI.Azure_ASCIISmuggling", "AI.Azure_Agentic_ASCIISmuggling"),
            Entry::new(
                "weir.ascii_smuggling.bidi",
                RaisedBy::Subtype(&["bidi"]),
                "Reordered text",
                "Directional overrides show people another order of the characters than the model reads.",
                Severity::Medium,
            )
            .defender("AI.Azure_ASCIISmuggling", "AI.Azure_Agentic_ASCIISmuggling"),
            Entry::new(
                "weir.ascii_smuggling.other",
                RaisedBy::Rest,
                "Hidden characters",
                "Invisible characters can carry orders to the model or data out of it.",
                Severity::High,
            )
            .defender("AI.Azure_ASCIISmuggling", "AI.Azure_Agentic_ASCIISmuggling"),
        ],
    },
    Threat {
        category: Category::CredentialLeak,
        remediation: "Revoke the credential, look for its use since the interaction, and keep credentials out of prompts, \
                documents and the reach of tools.",
        owasp: &["LLM02:2025"],
        entries: &[
            Entry::new(
                "weir.credential_leak.model_response",
                RaisedBy::Channel(&[Channel::Assistant]),
                "Credential in an answer",
                "The model disclosed a credential to whoever asked: it may open other systems.",
                Severity::High,
            )
            .techniques(&["AML.T0057", "T1552"])
            .defender("AI.Azure_CredentialTheftAttempt", "AI.Azure_CredentialTheftAttempt"),
            Entry::new(
                "weir.credential_leak.tool_call",
                RaisedBy::Channel(&[Channel::ToolCall]),
                "Credential in a tool call",
                "The model hands a credential to a tool, which may carry it out.",
                Severity::High,
            )
            .techniques(&["AML.T0055", "T1552"]),
            Entry::new(
                "weir.credential_leak.input",
                RaisedBy::Rest,
                "Credential in text",
                "A credential reached the model: it is kept wherever prompts and documents are, and may open \
                    other systems.",
                Severity::Medium,
            )
            .techniques(&["AML.T0055", "T1552"]),
        ],
    },
    Threat {
        category: Category::DataPoisoning,
        remediation: "Remove what was stored since the interaction from memory, index or training data; let only reviewed \
                sources write there.",
        owasp: &["LLM04:2025", "LLM08:2025"],
        entries: &[
            Entry::new(
                "weir.data_poisoning.memory",
                RaisedBy::Subtype(&["memory_poisoning"]),
                "Memory poisoning attempt",
                "Text orders the model to keep a falsehood or a preference: it acts on later conversations.",
                Severity::Medium,
            )
            .techniques(&["AML.T0080"]),
            Entry::new(
                "weir.data_poisoning.backdoor",
                RaisedBy::Subtype(&["backdoor"]),
                "Backdoor trigger",
                "A standing order waits for a trigger phrase in later conversations.",
                Severity::High,
            )
            .techniques(&["AML.T0080"]),
            Entry::new(
                "weir.data_poisoning.rating",
                RaisedBy::Subtype(&["rating"]),
                "Rating manipulation attempt",
                "Text orders the model to rate or label something in somebody's favour.",
                Severity::Medium,
            ),
            Entry::new(
                "weir.data_poisoning.training_data",
                RaisedBy::Subtype(&["training_data"]),
                "Training data poisoning attempt",
                "Text aims at what a model is trained on or retrieves from.",
                Severity::Medium,
            ),
            Entry::new(
                "weir.data_poisoning.other",
                RaisedBy::Rest,
                "Data poisoning attempt",
                "Text that is kept in memory, an index or training data acts on later users.",
                Severity::Medium,
            ),
        ],
    },
    Threat {
        category: Category::IndirectInjection,
        remediation: "Take the document or tool out of reach, see what the model did after it read it, and let actions \
                that follow from such content be confirmed by a person.",
        owasp: &["LLM01:2025"],
        entries: &[
            Entry::new(
                "weir.indirect_injection.blocked",
                RaisedBy::Block,
                "Indirect prompt injection blocked",
                "The provider's filter stopped content that gave the model orders. The source that brought it \
                    still does.",
                Severity::Low,
            )
            .techniques(&["AML.T0051.001"]),
            Entry::new(
                "weir.indirect_injection.hidden_text",
                RaisedBy::Subtype(&["hidden_text"]),
                "Hidden instruction in content",
                "Content holds instructions to the model where no reader sees them.",
                Severity::High,
            )
            .techniques(&["AML.T0051.001", "AML.T0068"]),
            Entry::new(
                "weir.indirect_injection.image_exfiltration",
                RaisedBy::Subtype(&["image_exfiltration"]),
                "Instruction to leak data through an image",
                "Content orders the model to put data into an image's address, which is fetched without a click.",
                Severity::High,
            )
            .techniques(&["AML.T0051.001", "AML.T0077"]),
            Entry::new(
                "weir.indirect_injection.tool_steering",
                RaisedBy::Subtype(&["tool_steering"]),
                "Instruction to use a tool",
                "Content orders the model to act with the tools that it has.",
                Severity::High,
            )
            .techniques(&["AML.T0051.001", "AML.T0053"]),
            Entry::new(
                "weir.indirect_injection.memory_write",
                RaisedBy::Subtype(&["memory_write"]),
                "Instruction to write into memory",
                "Content orders the model to remember something for later conversations.",
                Severity::High,
            )
            .techniques(&["AML.T0051.001", "AML.T0080"]),
            Entry::new(
                "weir.indirect_injection.attempt",
                RaisedBy::Rest,
                "Indirect prompt injection",
                "Content that should only bring data gave the model orders.",
                Severity::High,
            )
            .techniques(&["AML.T0051.001"]),
        ],
    },
    Threat {
        category: Category::InstructionLeak,
        remediation: "Treat the instructions as public: keep secrets and access rules out of them, and look for what \
                follows from this user.",
        owasp: &["LLM07:2025"],
        entries: &[
            Entry::new(
                "weir.instruction_leak.blocked",
                RaisedBy::Block,
                "System prompt request blocked",
                "The provider's filter stopped a request for the application's instructions.",
                Severity::Low,
            )
            .defender("AI.Azure_LLMReconnaissance", "AI.Azure_Agentic_InstructionLeakage"),
            Entry::new(
                "weir.instruction_leak.disclosure",
                RaisedBy::Subtype(&["disclosure"]),
                "System prompt disclosed",
                "An answer holds the application's own instructions word for word: they tell which rules to \
                    break.",
                Severity::High,
            )
            .defender("AI.Azure_LLMReconnaissance", "AI.Azure_Agentic_InstructionLeakage"),
            Entry::new(
                "weir.instruction_leak.request",
                RaisedBy::Rest,
                "System prompt requested",
                "A user asked for the application's own instructions.",
                Severity::Medium,
            )
            .defender("AI.Azure_LLMReconnaissance", "AI.Azure_Agentic_InstructionLeakage"),
        ],
    },
    Threat {
        category: Category::Jailbreak,
        remediation: "Talk to the user or lock the account, see what the model answered, and narrow what the application \
                may do.",
        owasp: &["LLM01:2025"],
        entries: &[
            Entry::new(
                "weir.jailbreak.blocked",
                RaisedBy::Block,
                "Jailbreak attempt blocked",
                "The provider's filter stopped an attempt to change the rules that the model works by. The next \
                    one may pass.",
                Severity::Low,
            )
            .techniques(&["AML.T0051.000"])
            .defender("AI.Azure_Jailbreak.ContentFiltering.BlockedAttempt", "Azure_Agentic_BlockedJailbreak"),
            Entry::new(
                "weir.jailbreak.change_of_rules",
                RaisedBy::Subtype(&["change_of_rules"]),
                "Jailbreak attempt: change of rules",
                "The user tells the model that its rules do not count any more.",
                Severity::Medium,
            )
            .techniques(&["AML.T0051.000"])
            .defender("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt", "AI.Azure_Agentic_Jailbreak"),
            Entry::new(
                "weir.jailbreak.role_play",
                RaisedBy::Subtype(&["role_play"]),
                "Jailbreak attempt: role-play",
                "The user gives the model a role that has no rules.",
                Severity::Medium,
            )
            .techniques(&["AML.T0051.000"])
            .defender("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt", "AI.Azure_Agentic_Jailbreak"),
            Entry::new(
                "weir.jailbreak.conversation_mockup",
                RaisedBy::Subtype(&["conversation_mockup"]),
                "Jailbreak attempt: made-up conversation",
                "The user shows the model a conversation in which it has already given in.",
                Severity::Medium,
            )
            .techniques(&["AML.T0051.000"])
            .defender("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt", "AI.Azure_Agentic_Jailbreak"),
            Entry::new(
                "weir.jailbreak.encoding",
                RaisedBy::Subtype(&["encoding"]),
                "Jailbreak attempt: encoded request",
                "The request is encoded so that filters do not read it.",
                Severity::Medium,
            )
            .techniques(&["AML.T0051.000", "AML.T0068"])
            .defender("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt", "AI.Azure_Agentic_Jailbreak"),
            Entry::new(
                "weir.jailbreak.suffix",
                RaisedBy::Subtype(&["suffix"]),
                "Jailbreak attempt: adversarial suffix",
                "The request ends or starts in characters that an optimiser found to break models.",
                Severity::Medium,
            )
            .techniques(&["AML.T0051.000", "AML.T0043"])
            .defender("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt", "AI.Azure_Agentic_Jailbreak"),
            Entry::new(
                "weir.jailbreak.many_shot",
                RaisedBy::Subtype(&["many_shot"]),
                "Jailbreak attempt: many examples",
                "Many examples of forbidden answers are to make the next one look usual.",
                Severity::Medium,
            )
            .techniques(&["AML.T0051.000"])
            .defender("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt", "AI.Azure_Agentic_Jailbreak"),
            Entry::new(
                "weir.jailbreak.attempt",
                RaisedBy::Rest,
                "Jailbreak attempt",
                "The user tried to change the rules that the model works by.",
                Severity::Medium,
            )
            .techniques(&["AML.T0051.000"])
            .defender("AI.Azure_Jailbreak.ContentFiltering.DetectedAttempt", "AI.Azure_Agentic_Jailbreak"),
        ],
    },
    Threat {
        category: Category::MaliciousUrl,
        remediation: "Block the address at proxy and mail gateway, find who followed it, and find out where the \
                application has it from.",
        owasp: &["LLM05:2025"],
        entries: &[
            Entry::new(
                "weir.malicious_url.model_response",
                RaisedBy::Channel(&[Channel::Assistant]),
                "Malicious link in an answer",
                "The application itself shows its users a link that may harm whoever follows it or carries data \
                    out: application, model or data may be corrupted.",
                Severity::High,
            )
            .techniques(&["AML.T0077", "T1491"])
            .defender("AI.Azure_MaliciousUrl.ModelResponse", "AI.Azure_Agentic_MaliciousUrl.ModelResponse"),
            Entry::new(
                "weir.malicious_url.tool_output",
                RaisedBy::Channel(&[Channel::ToolResult]),
                "Malicious link in a tool's output",
                "A tool brought a link that may harm whoever follows it, or an agent that fetches it.",
                Severity::High,
            )
            .defender("AI.Azure_MaliciousUrl.UnknownSource", "AI.Azure_Agentic_MaliciousUrl.ToolOutput"),
            Entry::new(
                "weir.malicious_url.user_prompt",
                RaisedBy::Channel(&[Channel::User]),
                "Malicious link in a prompt",
                "A user sent a link that may harm: to corrupt the application, to poison its data or to reach \
                    others.",
                Severity::High,
            )
            .defender("AI.Azure_MaliciousUrl.UserPrompt", "AI.Azure_Agentic_MaliciousUrl.UserPrompt"),
            Entry::new(
                "weir.malicious_url.unknown_source",
                RaisedBy::Rest,
                "Malicious link",
                "A link in the conversation may harm whoever follows it; who brought it is not known.",
                Severity::High,
            )
            .defender("AI.Azure_MaliciousUrl.UnknownSource", "AI.Azure_MaliciousUrl.UnknownSource"),
        ],
    },
    Threat {
        category: Category::Reconnaissance,
        remediation: "Watch what this user does next; alone it needs no action.",
        owasp: &["LLM07:2025"],
        entries: &[Entry::new(
            "weir.reconnaissance.system_mapping",
            RaisedBy::Rest,
            "Reconnaissance",
            "Questions map the system, its tools or its limits, as before an attack.",
            Severity::Low,
        )
        .defender("AI.Azure_LLMReconnaissance", "AI.Azure_Agentic_LLMReconnaissance")],
    },
    Threat {
        category: Category::SensitiveData,
        remediation: "See whether the person may have the data, and take from the application's reach what it does not \
                need.",
        owasp: &["LLM02:2025"],
        entries: &[
            Entry::new(
                "weir.sensitive_data.blocked",
                RaisedBy::Block,
                "Sensitive data blocked",
                "The provider's filter stopped sensitive data.",
                Severity::Low,
            ),
            Entry::new(
                "weir.sensitive_data.model_response",
                RaisedBy::Channel(&[Channel::Assistant]),
                "Sensitive data in an answer",
                "An answer holds personal or otherwise regulated data.",
                Severity::Medium,
            )
            .techniques(&["AML.T0057"]),
            Entry::new(
                "weir.sensitive_data.input",
                RaisedBy::Rest,
                "Sensitive data exposure",
                "Personal or payment data passed through the model.",
                Severity::Low,
            ),
        ],
    },
    Threat {
        category: Category::SuspiciousAccess,
        remediation: "Confirm with the owner of the key or account that this is theirs; otherwise revoke the key and end \
                the sessions.",
        owasp: &["LLM10:2025"],
        entries: &[
            Entry::new(
                "weir.suspicious_access.anonymized_ip",
                RaisedBy::Subtype(&["anonymized_ip"]),
                "Access from a Tor exit",
                "The caller hides behind an anonymiser.",
                Severity::High,
            )
            .techniques(&["T1090.003"])
            .defender("AI.Azure_AccessFromAnonymizedIP", "AI.Azure_Agentic_AccessFromAnonymizedIP"),
            Entry::new(
                "weir.suspicious_access.suspicious_ip",
                RaisedBy::Subtype(&["suspicious_ip"]),
                "Access from a listed address",
                "Threat intelligence lists the caller's address.",
                Severity::High,
            )
            .defender("AI.Azure_AccessFromSuspiciousIP", "AI.Azure_Agentic_AccessFromSuspiciousIP"),
            Entry::new(
                "weir.suspicious_access.forged_user_agent",
                RaisedBy::Subtype(&["forged_user_agent", "payload_user_agent"]),
                "Access by a client that pretends",
                "The client says that it is a browser and something else as well, or its name is code.",
                Severity::Low,
            )
            .techniques(&["T1036"])
            .defender("AI.Azure_AccessFromSuspiciousUserAgent", "AI.Azure_Agentic_AccessFromSuspiciousUserAgent"),
            Entry::new(
                "weir.suspicious_access.user_agent",
                RaisedBy::Rest,
                "Access by an attack tool",
                "The client named itself as an attack or test tool, or threat intelligence lists it.",
                Severity::Medium,
            )
            .defender("AI.Azure_AccessFromSuspiciousUserAgent", "AI.Azure_Agentic_AccessFromSuspiciousUserAgent"),
        ],
    },
    Threat {
        category: Category::ToolAbuse,
        remediation: "See what the tool did and undo it, find the text that made the model call it, and narrow what the \
                tool may do.",
        owasp: &["LLM06:2025"],
        entries: &[
            Entry::new(
                "weir.tool_abuse.destructive_command",
                RaisedBy::Subtype(&["destructive_command"]),
                "Tool call that destroys",
                "A command deletes or overwrites what others need.",
                Severity::High,
            )
            .techniques(&["T1485"]),
            Entry::new(
                "weir.tool_abuse.remote_code",
                RaisedBy::Subtype(&["remote_code"]),
                "Tool call that runs remote code",
                "A command fetches code and runs it unseen.",
                Severity::High,
            )
            .techniques(&["T1105"]),
            Entry::new(
                "weir.tool_abuse.reverse_shell",
                RaisedBy::Subtype(&["reverse_shell"]),
                "Tool call that opens a reverse shell",
                "A command gives somebody outside a shell.",
                Severity::High,
            )
            .techniques(&["T1059.004"]),
            Entry::new(
                "weir.tool_abuse.credential_access",
                RaisedBy::Subtype(&["credential_access"]),
                "Tool call that reads credentials",
                "A call reads files that hold credentials.",
                Severity::High,
            )
            .techniques(&["T1552.001"]),
            Entry::new(
                "weir.tool_abuse.cloud_metadata",
                RaisedBy::Subtype(&["cloud_metadata"]),
                "Tool call to a cloud metadata service",
                "A call asks the cloud's metadata service, which hands out the credentials of the machine.",
                Severity::High,
            )
            .techniques(&["T1552.005"]),
            Entry::new(
                "weir.tool_abuse.sql",
                RaisedBy::Subtype(&["sql"]),
                "Tool call with harmful SQL",
                "A call destroys data or breaks out of the query that it stands in.",
                Severity::Medium,
            )
            .techniques(&["T1190"]),
            Entry::new(
                "weir.tool_abuse.sql_injection",
                RaisedBy::Subtype(&["sql_injection"]),
                "Tool call that breaks out of a query",
                "An argument that should be a value ends the query around it and goes on as SQL.",
                Severity::Medium,
            )
            .techniques(&["T1190"]),
            Entry::new(
                "weir.tool_abuse.path_traversal",
                RaisedBy::Subtype(&["path_traversal"]),
                "Tool call that climbs out of its folder",
                "A path leads up and out of the files that the tool is for.",
                Severity::High,
            )
            .techniques(&["T1083"]),
            Entry::new(
                "weir.tool_abuse.exfiltration",
                RaisedBy::Subtype(&["exfiltration"]),
                "Tool call that sends data to a stranger",
                "A call sends something to a recipient or host that neither the user nor the application named.",
                Severity::High,
            )
            .techniques(&["AML.T0086", "T1567"]),
            Entry::new(
                "weir.tool_abuse.unoffered_tool",
                RaisedBy::Subtype(&["unoffered_tool"]),
                "Call of a tool that was not offered",
                "The model calls a tool that the request did not offer: it was talked into it, or made it up.",
                Severity::Medium,
            ),
            Entry::new(
                "weir.tool_abuse.mail_forwarding",
                RaisedBy::Subtype(&["mail_forwarding"]),
                "Tool call that forwards mail",
                "A call makes a rule that sends mail to somebody else.",
                Severity::Medium,
            )
            .techniques(&["T1114.003"]),
            Entry::new(
                "weir.tool_abuse.shell_injection",
                RaisedBy::Subtype(&["shell_injection"]),
                "Tool call with shell metacharacters",
                "An argument that should be a name or a number holds a command.",
                Severity::High,
            )
            .techniques(&["T1059"]),
            Entry::new(
                "weir.tool_abuse.other",
                RaisedBy::Rest,
                "Harmful tool call",
                "A tool was called with arguments that destroy, spy or carry data out.",
                Severity::High,
            ),
        ],
    },
];
