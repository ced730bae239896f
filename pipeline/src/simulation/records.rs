//! The shapes in which applications and vendors write, filled with simulated facts.

use schemas::Timestamp;
use serde_json::{Value, json};

use super::people::{Application, Person, Provider};

/// One exchange of `person` with `application`.
pub struct Exchange<'a> {
    /// The record's id.
    pub id: &'a str,
    /// When.
    pub time: Timestamp,
    /// Who asks.
    pub person: &'a Person,
    /// Whom.
    pub application: &'a Application,
    /// In which conversation.
    pub conversation: &'a str,
    /// What.
    pub prompt: &'a str,
    /// What a tool brought before the answer.
    pub tool_result: Option<&'a str>,
    /// The answer.
    pub answer: &'a str,
}

impl Exchange<'_> {
    /// The native JSON of the contract with the provider's bodies.
    pub fn json(&self) -> String {
        let (request, response) = match self.application.provider {
            Provider::OpenAi | Provider::AzureOpenAi => self.openai(),
            Provider::Anthropic => self.anthropic(),
        };
        let provider = match self.application.provider {
            Provider::OpenAi => "openai",
            Provider::AzureOpenAi => "azure_openai",
            Provider::Anthropic => "anthropic",
        };
        json!({
            "id": self.id,
            "time": self.time.to_string(),
            "application": self.application.name,
            "conversation_id": self.conversation,
            "user": { "id": self.person.object_id, "name": self.person.upn, "type": "entra" },
            "source_ip": self.person.ip,
            "user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
            "provider": provider,
            "model": self.application.model,
            "request": request,
            "response": response,
        })
        .to_string()
    }

    fn openai(&self) -> (Value, Value) {
        let mut messages = vec![
            json!({ "role": "system", "content": self.application.system }),
            json!({ "role": "user", "content": self.prompt }),
        ];
        if let Some(result) = self.tool_result {
            let call =
                json!({ "id": "call_1", "type": "function", "function": { "name": "search", "arguments": "{}" } });
            messages.push(json!({ "role": "assistant", "content": null, "tool_calls": [call] }));
            messages.push(json!({ "role": "tool", "tool_call_id": "call_1", "content": result }));
        }
        let (input, output) = (tokens(self.prompt), tokens(self.answer));
        let response = json!({
            "id": format!("chatcmpl-{}", self.id),
            "object": "chat.completion",
            "model": self.application.model,
            "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": self.answer } }],
            "usage": { "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output },
        });
        (json!({ "model": self.application.model, "messages": messages }), response)
    }

    fn anthropic(&self) -> (Value, Value) {
        let mut messages = vec![json!({ "role": "user", "content": self.prompt })];
        if let Some(result) = self.tool_result {
            messages.push(json!({ "role": "assistant", "content": [
                { "type": "tool_use", "id": "toolu_1", "name": "search", "input": {} } ] }));
            messages.push(json!({ "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "toolu_1", "content": result } ] }));
        }
        let response = json!({
            "id": format!("msg_{}", self.id),
            "type": "message",
            "role": "assistant",
            "model": self.application.model,
            "content": [{ "type": "text", "text": self.answer }],
            "stop_reason": "end_turn",
            "usage": { "input_tokens": tokens(self.prompt), "output_tokens": tokens(self.answer) },
        });
        let request = json!({
            "model": self.application.model,
            "max_tokens": 1024,
            "system": self.application.system,
            "messages": messages,
        });
        (request, response)
    }
}

/// About four bytes a token, as tokenizers of English make.
fn tokens(text: &str) -> usize {
    text.len() / 4 + 1
}

/// A sign-in as Entra ID's Graph API gives it.
pub fn sign_in(id: &str, time: Timestamp, person: &Person, ip: &str, place: (&str, &str), risk: &str) -> String {
    // A stranger's browser is no device of the directory.
    let device = if ip == person.ip {
        json!({ "deviceId": person.device_id, "displayName": person.host, "operatingSystem": "Windows 11" })
    } else {
        json!({ "deviceId": "", "displayName": null, "operatingSystem": "Linux" })
    };
    json!({
        "id": id,
        "createdDateTime": time.to_string(),
        "userDisplayName": person.name,
        "userPrincipalName": person.upn,
        "userId": person.object_id,
        "appDisplayName": "Office 365 Exchange Online",
        "appId": "00000002-0000-0ff1-ce00-000000000000",
        "ipAddress": ip,
        "clientAppUsed": "Browser",
        "conditionalAccessStatus": "success",
        "isInteractive": true,
        "riskLevelDuringSignIn": risk,
        "riskState": if risk == "none" { "none" } else { "atRisk" },
        "status": { "errorCode": 0, "failureReason": "Other." },
        "deviceDetail": device,
        "location": { "city": place.0, "countryOrRegion": place.1 },
    })
    .to_string()
}

/// A process start as Sysmon writes it and winlogbeat ships it.
pub fn process_start(record_id: u64, time: Timestamp, person: &Person, image: &str, command_line: &str) -> String {
    let account = person.upn.split('@').next().unwrap_or_default();
    json!({
        "@timestamp": time.to_string(),
        "host": { "name": person.host },
        "winlog": {
            "channel": "Microsoft-Windows-Sysmon/Operational",
            "provider_name": "Microsoft-Windows-Sysmon",
            "computer_name": person.host,
            "event_id": "1",
            "record_id": record_id,
            "event_data": {
                "UtcTime": time.to_string(),
                "Image": image,
                "CommandLine": command_line,
                "User": format!("CONTOSO\\{account}"),
                "ProcessGuid": "{5a1c6f3e-0000-0000-0000-000000000000}",
            },
        },
    })
    .to_string()
}

/// An alert as Defender XDR's Graph API gives it.
pub fn endpoint_alert(id: &str, time: Timestamp, person: &Person) -> String {
    let account = person.upn.split('@').next().unwrap_or_default();
    json!({
        "id": id,
        "providerAlertId": id,
        "title": "Suspicious access to browser credential store",
        "description": "A process read saved passwords of a browser that it does not belong to.",
        "category": "CredentialAccess",
        "severity": "high",
        "status": "new",
        "serviceSource": "microsoftDefenderForEndpoint",
        "detectionSource": "microsoftDefenderForEndpoint",
        "createdDateTime": time.to_string(),
        "firstActivityDateTime": time.to_string(),
        "lastActivityDateTime": time.to_string(),
        "mitreTechniques": ["T1555.003"],
        "evidence": [{
            "@odata.type": "#microsoft.graph.security.deviceEvidence",
            "azureAdDeviceId": person.device_id,
            "deviceDnsName": person.host,
            "osPlatform": "Windows11",
            "loggedOnUsers": [{ "accountName": account, "domainName": "CONTOSO" }],
        }],
    })
    .to_string()
}

/// An API call as CloudTrail writes it; the caller is an IAM user and its access key id.
pub fn api_call(id: &str, time: Timestamp, caller: (&str, &str), ip: &str, event: (&str, &str)) -> String {
    let (account, access_key_id) = caller;
    json!({
        "eventVersion": "1.09",
        "eventID": id,
        "eventTime": time.to_string(),
        "eventSource": event.0,
        "eventName": event.1,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": ip,
        "userAgent": "aws-cli/2.17.0",
        "eventType": "AwsApiCall",
        "recipientAccountId": "210987654321",
        "userIdentity": {
            "type": "IAMUser",
            "accountId": "210987654321",
            "userName": account,
            "arn": format!("arn:aws:iam::210987654321:user/{account}"),
            "accessKeyId": access_key_id,
        },
        "requestParameters": null,
        "responseElements": null,
    })
    .to_string()
}
