//! Holds changes of the Avro schemas to the rule in `schemas::avro`.
#![cfg(test)]

use apache_avro::Schema;
use apache_avro::schema_compatibility::SchemaCompatibility;
use schemas::avro::{self, Record};
use schemas::{AnnotatedInteraction, Interaction, Signal};

/// A change of a schema changes its fingerprint: put the schema as it was into `schemas/avro/history/` and
/// the `HISTORY` of its type, then the new fingerprint here.
#[test]
fn fingerprints_change_deliberately() {
    let actual = [
        avro::fingerprint::<AnnotatedInteraction>(),
        avro::fingerprint::<Interaction>(),
        avro::fingerprint::<Signal>(),
    ];
    let pinned = [0x4e77_3593_44bd_d475_u64, 0xf241_e24f_5ac2_f344, 0x590f_1575_68b5_b409];
    assert_eq!(
        actual.map(|fingerprint| format!("{:#018x}", fingerprint.expect("a schema"))),
        pinned.map(|p| format!("{p:#018x}"))
    );
}

fn schema(text: &str) -> Schema {
    Schema::parse_str(text).expect("a schema")
}

fn readable(current: &str, earlier: &str) -> bool {
    SchemaCompatibility::can_read(&schema(earlier), &schema(current)).is_ok()
}

fn follows_the_rule<T: Record>() {
    assert!(T::SCHEMA.contains("\"namespace\": \"io.weir\""), "{}", T::NAME);
    for earlier in T::HISTORY {
        assert!(readable(T::SCHEMA, earlier), "the current schema of {} cannot read an earlier one", T::NAME);
        assert!(readable(earlier, T::SCHEMA), "an earlier consumer of {} cannot read the current schema", T::NAME);
    }
}

#[test]
fn every_earlier_schema_stays_readable() {
    follows_the_rule::<AnnotatedInteraction>();
    follows_the_rule::<Interaction>();
    follows_the_rule::<Signal>();
}

#[test]
fn history_lists_every_file_and_nothing_else() {
    let history = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("avro/history");
    let listed = AnnotatedInteraction::HISTORY.len() + Interaction::HISTORY.len() + Signal::HISTORY.len();
    let files = std::fs::read_dir(history).map_or(0, Iterator::count);
    assert_eq!(files, listed);
}

/// The check itself: it must tell a good change from bad ones, or the tests above prove nothing.
#[test]
fn the_check_tells_good_changes_from_bad_ones() {
    let current = Signal::SCHEMA;
    let first_field = r#""fields": ["#;
    let with_default = current.replacen(
        first_field,
        r#""fields": [{"name": "added", "type": ["null", "string"], "default": null},"#,
        1,
    );
    assert!(readable(&with_default, current) && readable(current, &with_default));
    let without_default = current.replacen(first_field, r#""fields": [{"name": "added", "type": "string"},"#, 1);
    assert!(!readable(&without_default, current));
    let retyped = current.replacen(r#""type": "long""#, r#""type": "boolean""#, 1);
    assert_ne!(retyped, current);
    assert!(!readable(&retyped, current));
}

/// What evolution rests on: serde matches fields by name, so bytes of another version decode by the schema
/// that wrote them.
#[test]
fn bytes_of_another_version_decode_by_their_own_schema() {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename = "T")]
    struct Reader {
        kept: String,
        #[serde(default)]
        newer: Option<String>,
    }
    #[derive(serde::Serialize)]
    #[serde(rename = "T")]
    struct Writer {
        older: Vec<i64>,
        kept: String,
    }
    let writer_schema = schema(
        r#"{"type":"record","name":"T","fields":[
            {"name":"older","type":{"type":"array","items":"long"}},{"name":"kept","type":"string"}]}"#,
    );
    let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&writer_schema).build().expect("a writer");
    let bytes = writer.write_ser_to_vec(&Writer { older: vec![1, 2], kept: "x".to_owned() }).expect("encodes");
    let reader = apache_avro::reader::datum::GenericDatumReader::builder(&writer_schema).build().expect("a reader");
    let read: Reader = reader.read_deser(&mut bytes.as_slice()).expect("decodes");
    assert_eq!(read, Reader { kept: "x".to_owned(), newer: None });
}
