//! What is wrapped around records: pages of APIs and lists are opened, and a wrapper around nothing is counted.
#![cfg(test)]

mod telemetry_support;

use schemas::readers::Reason;
use serde_json::json;
use telemetry_support::{read, read_one};

const EXCHANGE: &str = r#"{"id":"i-1","request":{"prompt":"Hello"}}"#;

#[test]
fn pages_and_lists_are_opened() {
    for page in [
        format!(r#"{{"object":"list","data":[{EXCHANGE},{EXCHANGE}],"has_more":false}}"#),
        format!(
            r#"{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{{}},"items":[{EXCHANGE},{EXCHANGE}]}}"#
        ),
        format!(r#"{{"entries":[{EXCHANGE},{EXCHANGE}],"response_metadata":{{"next_cursor":""}}}}"#),
        format!(r#"{{"cursor":"c","has_more":true,"items":[{EXCHANGE},{EXCHANGE}]}}"#),
        format!(r#"{{"value":[{EXCHANGE},{EXCHANGE}],"nextLink":"https://management.azure.com/x"}}"#),
        format!(r#"{{"data":[{EXCHANGE},{EXCHANGE}],"pagination":{{"nextCursor":null,"totalItems":2}}}}"#),
        format!(r#"{{"meta":{{"query_time":0.1}},"errors":[],"resources":[{EXCHANGE},{EXCHANGE}]}}"#),
        format!(r#"{{"results":[{EXCHANGE},{EXCHANGE}],"num_found":2,"num_available":2}}"#),
        format!(r#"{{"start":0,"limit":50,"length":2,"total":2,"logs":[{EXCHANGE},{EXCHANGE}]}}"#),
        format!(r#"{{"version":"1.1","tailnet":"example.com","logs":[{EXCHANGE},{EXCHANGE}]}}"#),
        format!(r#"{{"ok":1,"result":[{EXCHANGE},{EXCHANGE}]}}"#),
        format!(r#"{{"Findings":[{EXCHANGE},{EXCHANGE}]}}"#),
        format!(
            r#"{{"took":3,"hits":{{"total":2,"hits":[{{"_index":"a","_id":"1","_source":{EXCHANGE}}},{EXCHANGE}]}}}}"#
        ),
        format!(r#"{{"data":{{"alerts":{{"nodes":[{EXCHANGE},{EXCHANGE}]}}}}}}"#),
        format!(r#"{{"took":3,"hits":{{"events":[{{"_index":"a","_id":"1","_source":{EXCHANGE}}},{EXCHANGE}]}}}}"#),
        format!(r#"{{"node_key":"k","log_type":"result","data":[{EXCHANGE},{EXCHANGE}]}}"#),
        format!(r#"{{"preview":false,"init_offset":0,"messages":[],"fields":[],"results":[{EXCHANGE},{EXCHANGE}]}}"#),
        format!(r#"{{"Stats":{{}},"Schema":[],"Results":[{EXCHANGE},{EXCHANGE}]}}"#),
        format!(r#"{{"nextForwardToken":"f","events":[{0},{0}]}}"#, json!({"timestamp": 1, "message": EXCHANGE})),
        format!(r#"{{"Messages":[{0},{0}]}}"#, json!({"MessageId": "m", "Body": EXCHANGE})),
        format!(r#"{{"data":{{"alerts":{{"edges":[{{"node":{EXCHANGE}}},{{"node":{EXCHANGE}}}],"totalCount":2}}}}}}"#),
    ] {
        assert_eq!(read(page.as_bytes()).expect("a page").inputs.len(), 2, "{page}");
    }
}

#[test]
fn a_member_of_that_name_among_others_is_no_page() {
    for record in [
        r#"{"data":[{"a":1}],"colour":"red"}"#,
        r#"{"data":[1,2,3]}"#,
        r#"{"items":"none"}"#,
        r#"{"took":3,"hits":[1]}"#,
        r#"{"data":{"alerts":{"edges":[{"node":{"a":1}}]},"users":{"edges":[]}}}"#,
        r#"{"data":{"alerts":{"edges":[{"cursor":"c"}]}}}"#,
    ] {
        assert_eq!(read(record.as_bytes()).expect_err(record).reason, Reason::UnrecognisedFormat);
    }
}

#[test]
fn a_wrapper_around_nothing_is_counted() {
    for record in [
        "[]",
        r#"{"records":[]}"#,
        r#"{"data":[]}"#,
        r#"{"resourceSpans":[]}"#,
        r#"{"resourceLogs":[{"scopeLogs":[]}]}"#,
    ] {
        let out = read(record.as_bytes()).expect(record);
        assert_eq!((out.inputs.len(), out.passed_by, out.rejected.len()), (0, 1, 0), "{record}");
    }
}

#[test]
fn the_client_is_found_in_whatever_header_its_proxies_write() {
    for (headers, client) in [
        (r#"{"X-Forwarded-For":"198.51.100.7, 203.0.113.5"}"#, "203.0.113.5"),
        (r#"{"Forwarded":"for=198.51.100.9;proto=https, for=\"[2001:db8::1]:4711\""}"#, "2001:db8::1"),
        (r#"{"CF-Connecting-IP":"203.0.113.77"}"#, "203.0.113.77"),
        (r#"{"x-real-ip":"203.0.113.78"}"#, "203.0.113.78"),
        (r#"{"True-Client-IP":"203.0.113.79","X-Client-IP":"203.0.113.80"}"#, "203.0.113.79"),
        (r#"{"X-Forwarded-For":"unknown","X-Real-IP":"203.0.113.81"}"#, "203.0.113.81"),
    ] {
        let record = format!(r#"{{"id":"i-1","headers":{headers},"request":{{"prompt":"Hello"}}}}"#);
        assert_eq!(read_one(record.as_bytes()).who.source_ip.as_deref(), Some(client), "{headers}");
    }
}

#[test]
fn a_rejected_element_is_named_by_its_place() {
    let out = read(format!(r#"{{"records":[{EXCHANGE},{{"colour":"red"}},{EXCHANGE},[]]}}"#).as_bytes()).expect("read");
    let told: Vec<_> = out.rejected.iter().map(|rejected| rejected.error.message.as_str()).collect();
    assert_eq!(out.inputs.len(), 2);
    assert!(told[0].starts_with("element 2: no reader") && told[1].starts_with("element 4: an array"), "{told:?}");
}

#[test]
fn lists_that_only_their_vendor_knows_are_read_element_by_element() {
    let login = r#"{"txid":"t-1","factor":"duo_push","result":"success","access_device":{"ip":"203.0.113.7"}}"#;
    let alert = r#"{"id":"da1","title":"A","serviceSource":"s","createdDateTime":"2026-05-01T12:00:00Z"}"#;
    let incident = |alerts: &str| format!(r#"{{"id":"9","incidentWebUrl":"u","alerts":[{alerts}]}}"#);
    for (page, read_one_by_one, rejected, passed_by) in [
        (format!(r#"{{"stat":"OK","response":{{"authlogs":[{login},{login}],"metadata":{{}}}}}}"#), 2, 0, 0),
        (format!(r#"{{"stat":"OK","response":[{login},7,{{"a":1}}]}}"#), 1, 2, 0),
        (r#"{"stat":"OK","response":{"items":[]}}"#.to_owned(), 0, 0, 1),
        (incident(&format!("{alert},{alert},null")), 2, 1, 0),
        // An incident within one is no alert.
        (incident(&incident(alert)), 0, 1, 0),
    ] {
        let out = read(page.as_bytes()).expect("a page");
        let found = (out.inputs.len(), out.rejected.len(), out.passed_by);
        assert_eq!(found, (read_one_by_one, rejected, passed_by), "{page}");
    }
}
