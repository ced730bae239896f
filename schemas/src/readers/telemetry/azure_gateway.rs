//! `azure_gateway`: what Azure API Management logs about calls of models, alone or in Azure Monitor's envelope.
//!
//! Sources: learn.microsoft.com/azure/azure-monitor/reference/tables/apimanagementgatewayllmlog and
//! .../azure/api-management/gateway-log-schema-reference. `GatewayLlmLogs` rows hold messages and tokens; messages
//! of more than 32 KB go on in further rows with the next `SequenceNumber`. `GatewayLogs` rows hold the client's
//! address, the subscription and, where the API is so configured, the bodies. Rows that came in one message and
//! have one `CorrelationId` are one interaction. Names are the columns' in a workspace and begin in lower case in
//! the stream to an event hub, so that case counts for nothing here.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use crate::readers::Json;

use super::body::{Body, Request, read_response};
use super::envelope::{Envelope, text};
use super::lenient::{Count, Pairs, Text};
use crate::interaction::Channel;
use crate::readers::json::{mend_surrogates, refuse_crowds};
use crate::readers::{Context, Output, RawRecord, ReadError, Reader, Reason, Rejected};

/// Reads `azure_gateway` records.
pub struct AzureGateway;

const LLM: [&str; 2] = ["GatewayLlmLogs", "ApiManagementGatewayLlmLog"];
const HTTP: [&str; 2] = ["GatewayLogs", "ApiManagementGatewayLogs"];

/// How long the messages of a row must be to go on in the next one: the documented 32 KB, less what cutting
/// between letters may leave free.
const FULL_ROW_BYTES: usize = 32_000;

impl Reader for AzureGateway {
    fn name(&self) -> &'static str {
        "azure_gateway"
    }

    fn recognises(&self, record: &RawRecord<'_>) -> bool {
        let is = |name: &str, kinds: &[&str]| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(name));
        let named = |key| record.str(key).is_some_and(|name| is(name, &LLM) || is(name, &HTTP));
        let Some(object) = record.object() else { return false };
        let has = |key: &str| object.get_in_any_case(key).is_some();
        let messages = || has("RequestMessages") || has("ResponseMessages");
        ["category", "Category", "Type"].into_iter().any(named) || has("CorrelationId") && messages()
    }

    fn read(&self, record: &RawRecord<'_>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
        publish(vec![row(record, context)?], context, out)
    }

    fn joins_rows(&self) -> bool {
        true
    }

    fn read_rows(&self, records: &[RawRecord<'_>], context: &Context<'_>, out: &mut Output) {
        let mut calls: BTreeMap<String, Vec<Row<'_>>> = BTreeMap::new();
        for (position, record) in records.iter().enumerate() {
            match row(record, context) {
                Ok(row) => {
                    let own = || format!("\u{0}{position:08}");
                    calls.entry(row.envelope.id.owned().unwrap_or_else(own)).or_default().push(row);
                }
                Err(error) => out.rejected.push(Rejected { bytes: record.bytes.to_vec(), error }),
            }
        }
        for rows in calls.into_values() {
            let bytes: Vec<&[u8]> = rows.iter().map(|row| row.bytes).collect();
            if let Err(error) = publish(rows, context, out) {
                out.rejected
                    .extend(bytes.into_iter().map(|bytes| Rejected { bytes: bytes.to_vec(), error: error.clone() }));
            }
        }
    }
}

/// What one row says.
#[derive(Default)]
struct Row<'a> {
    envelope: Envelope<'a>,
    bytes: &'a [u8],
    sequence: u64,
    deployment: Text<'a>,
    /// Messages of the request and of the response, as JSON or as a string of it.
    messages: [Option<Cow<'a, str>>; 2],
    /// The bodies, as strings.
    bodies: [Option<Json<'a>>; 2],
    tokens: [Option<u64>; 3],
    failure: Option<String>,
}

fn row<'a>(record: &RawRecord<'a>, context: &Context<'_>) -> Result<Row<'a>, ReadError> {
    refuse_crowds(record.bytes, context.limits.values_max)?;
    let Some(object) = record.object() else {
        return Err(ReadError::new(Reason::MalformedJson, "not a JSON object"));
    };
    let mut row = Row { bytes: record.bytes, ..Row::default() };
    for (key, value) in object.members() {
        if key.eq_ignore_ascii_case("properties") {
            let properties: Pairs<Json<'_>> = serde_json::from_str(value.get()).unwrap_or_default();
            for (key, value) in properties.0 {
                row.set(&key, value).map_err(|error| ReadError::json(&error))?;
            }
        } else {
            row.set(key, value).map_err(|error| ReadError::json(&error))?;
        }
    }
    Ok(row)
}

impl<'a> Row<'a> {
    fn set(&mut self, key: &str, value: Json<'a>) -> Result<(), serde_json::Error> {
        let count = || serde_json::from_str::<Count>(value.get()).map(|count| count.0);
        let given = || (value.get() != "null" && value.get() != "\"\"").then_some(value);
        let json = || given().map(unquoted);
        match key.to_ascii_lowercase().as_str() {
            "correlationid" => self.envelope.id = text(value)?,
            "time" | "timegenerated" | "timestamp" => self.envelope.time = text(value)?,
            "_subscriptionid" => self.envelope.vendor_tenant = text(value)?,
            "resourceid" | "_resourceid" => {
                let own = subscription(text(value)?.get()).map(Text::from).unwrap_or_default();
                self.envelope.vendor_tenant = std::mem::take(&mut self.envelope.vendor_tenant).or(own);
            }
            "modelname" => self.envelope.model = text(value)?,
            "deploymentname" => self.deployment = text(value)?,
            "sequencenumber" => self.sequence = count()?.unwrap_or(0),
            "requestmessages" => self.messages[0] = json(),
            "responsemessages" => self.messages[1] = json(),
            "prompttokens" => self.tokens[0] = count()?,
            "completiontokens" => self.tokens[1] = count()?,
            "totaltokens" => self.tokens[2] = count()?,
            "calleripaddress" => self.envelope.source_ip = text(value)?,
            "apimsubscriptionid" => self.envelope.api_key_id = text(value)?,
            "apiid" => self.envelope.application = text(value)?,
            "userid" => self.envelope.user.id = text(value)?,
            "durationms" | "totaltime" => self.envelope.latency_ms = count()?,
            "requestheaders" => self.envelope.headers = serde_json::from_str(value.get())?,
            "requestbody" => self.bodies[0] = given(),
            "responsebody" => self.bodies[1] = given(),
            "backendrequestbody" => self.bodies[0] = self.bodies[0].or(given()),
            "backendresponsebody" => self.bodies[1] = self.bodies[1].or(given()),
            "responsecode" => {
                let code = count()?.filter(|code| *code >= 400);
                self.failure = self.failure.take().or(code.map(|code| code.to_string()));
            }
            "lasterrorreason" => self.failure = text(value)?.owned().or(self.failure.take()),
            _ => {}
        }
        Ok(())
    }
}

/// The subscription of Azure in the id of a resource, in the lower case in which Azure gives it elsewhere.
fn subscription(resource: Option<&str>) -> Option<String> {
    let mut segments = resource?.split('/').skip_while(|segment| !segment.eq_ignore_ascii_case("subscriptions"));
    segments.nth(1).filter(|id| !id.is_empty()).map(str::to_ascii_lowercase)
}

/// What a string says, or other JSON as it is.
fn unquoted(value: Json<'_>) -> Cow<'_, str> {
    match value.get().starts_with('"') {
        true => serde_json::from_str::<Text<'_>>(value.get()).map(Text::into_cow).unwrap_or_default(),
        false => Cow::Borrowed(value.get()),
    }
}

/// Makes one interaction of the rows of one call.
fn publish(mut rows: Vec<Row<'_>>, context: &Context<'_>, out: &mut Output) -> Result<(), ReadError> {
    rows.sort_by_key(|row| row.sequence);
    // Streams deliver at least once.
    if rows.len() > 1 {
        let mut seen = HashSet::new();
        rows.retain(|row| seen.insert(row.bytes));
    }
    let mut body = Body::default();
    let mut request = Request::default();
    let known = collect_messages(&mut rows, 0, Channel::User, &mut body);
    let asked = rows.iter().find_map(|row| row.bodies[0]).map(unquoted);
    if let Some(asked) = asked.as_deref().filter(|asked| is_request(asked)) {
        let of_body = |error| ReadError::json(&error);
        request = serde_json::from_str(asked).map_err(of_body)?;
        let mut whole = Body::default();
        request.collect(if known { &mut whole } else { &mut body }).map_err(of_body)?;
    }
    body.begin_response();
    let conversation = known || !body.messages.is_empty();
    if !collect_messages(&mut rows, 1, Channel::Assistant, &mut body)
        && conversation
        && let Some(answer) = rows.iter().find_map(|row| row.bodies[1])
    {
        read_response(answer, &mut body).map_err(|error| ReadError::json(&error))?;
    }
    let first = |which: usize| rows.iter().find_map(|row| *row.tokens.get(which)?);
    body.tokens.input = body.tokens.input.or(first(0));
    body.tokens.output = body.tokens.output.or(first(1));
    body.tokens.total = body.tokens.total.or(first(2));
    if body.messages.is_empty() && body.tokens.input.is_none() && body.tokens.total.is_none() {
        out.passed_by = out.passed_by.saturating_add(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        return Ok(());
    }
    body.error = body.error.take().or_else(|| rows.iter().find_map(|row| row.failure.clone()));
    // Rows without an id stand alone, so that the bytes of the first are those of all.
    let bytes = rows.first().map(|row| row.bytes).unwrap_or_default();
    envelope(rows).publish("azure_gateway", &request, body, bytes, context, out);
    Ok(())
}

/// Whether a body is a request of a model: other APIs pass the same gateway.
fn is_request(body: &str) -> bool {
    let record = RawRecord::new(body.as_bytes());
    record.has_any(&["messages", "contents", "prompt", "input", "inputText"])
}

/// Adds the messages of one side, over all rows, and tells whether there were any.
fn collect_messages(rows: &mut [Row<'_>], side: usize, channel: Channel, body: &mut Body) -> bool {
    let before = body.messages.len();
    let texts: Vec<Cow<'_, str>> = rows.iter_mut().filter_map(|row| row.messages.get_mut(side)?.take()).collect();
    // Rows are either each a list of its own, or pieces of one text.
    if texts.len() > 1 && collect(&texts.concat(), channel, body) {
        return body.messages.len() > before;
    }
    let mut full = false;
    for text in texts {
        let at = body.messages.len();
        if !collect(&text, channel, body) {
            body.push(channel, Cow::Borrowed(&text), None);
        }
        if full {
            join_at(at, body);
        }
        full = text.len() >= FULL_ROW_BYTES;
    }
    body.messages.len() > before
}

fn collect(json: &str, channel: Channel, body: &mut Body) -> bool {
    let at = body.messages.len();
    let structured = matches!(json.trim_start().as_bytes().first(), Some(b'{' | b'['));
    let mut decodes = |json: &str| body.collect_messages(json, channel).is_ok();
    if structured && (decodes(json) || mend_surrogates(json).is_some_and(|json| decodes(&json))) {
        return true;
    }
    body.messages.truncate(at);
    false
}

/// Joins the message at `at` to the one before it, where both are of one kind.
fn join_at(at: usize, body: &mut Body) {
    let Some((before, [next, ..])) = body.messages.split_at_mut_checked(at) else { return };
    let Some(last) = before.last_mut() else { return };
    if last.channel == next.channel && last.response == next.response && last.name == next.name {
        let joined = format!("{}{}", last.text.expose(), next.text.expose());
        last.text = joined.into();
        body.messages.remove(at);
    }
}

/// What the rows say around the messages, the first that says it.
fn envelope(rows: Vec<Row<'_>>) -> Envelope<'_> {
    let mut all = Envelope::default();
    for row in rows {
        let own = row.envelope;
        all = Envelope {
            id: all.id.or(own.id),
            time: all.time.or(own.time),
            vendor_tenant: all.vendor_tenant.or(own.vendor_tenant),
            model: all.model.or(own.model).or(row.deployment),
            source_ip: all.source_ip.or(own.source_ip),
            api_key_id: all.api_key_id.or(own.api_key_id),
            application: all.application.or(own.application),
            latency_ms: all.latency_ms.or(own.latency_ms),
            headers: if all.headers.0.is_empty() { own.headers } else { all.headers },
            user: if all.user.id.get().is_some() { all.user } else { own.user },
            ..all
        };
    }
    all.provider = Text::from("azure_openai");
    all
}
