//! The second stage as it is configured: `[second_stage]` names an ONNX classifier of the operator's own.
//!
//! When and about what it is asked is the detectors' business; this loads it, complains at the start about
//! whatever would fail later, and knows nothing of topics. The runtime is compiled in only with the feature
//! `onnx`, and then loaded from a library that the operator brings.

#[cfg(feature = "onnx")]
mod onnx;

use std::path::Path;
use std::sync::Arc;

use detectors::{Classifier, SecondStage, Zone};

use crate::config::SecondStageFile;

/// The second stage that `file` describes; `None` where it names no model.
///
/// # Errors
/// A message that names the key and the remedy.
pub fn load(file: &SecondStageFile) -> Result<Option<SecondStage>, String> {
    let Some(model) = &file.model else { return Ok(None) };
    let zones = [zone("direct_zone", file.direct_zone)?, zone("indirect_zone", file.indirect_zone)?];
    let tokens = SecondStageFile::TOKENS_MIN..=SecondStageFile::TOKENS_LIMIT;
    if !tokens.contains(&file.tokens_max) {
        let (least, most) = (tokens.start(), tokens.end());
        return Err(format!("[second_stage] tokens_max is {}: it must be {least} to {most}", file.tokens_max));
    }
    let classifier = classifier(model, file).map_err(|message| format!("[second_stage] {message}"))?;
    Ok(Some(SecondStage { classifier, zones, bytes_max: file.bytes_max }))
}

fn zone(key: &str, [low, high]: [f64; 2]) -> Result<Zone, String> {
    let valid = (0.0..=1.0).contains(&low) && (low..=1.0).contains(&high);
    let wrong = || format!("[second_stage] {key} is [{low}, {high}]: it must be [low, high], both 0 to 1");
    valid.then_some(Zone { low: low as f32, high: high as f32 }).ok_or_else(wrong)
}

#[cfg(feature = "onnx")]
fn classifier(model: &Path, file: &SecondStageFile) -> Result<Arc<dyn Classifier>, String> {
    Ok(Arc::new(onnx::OnnxClassifier::load(model, file)?))
}

#[cfg(not(feature = "onnx"))]
fn classifier(model: &Path, _: &SecondStageFile) -> Result<Arc<dyn Classifier>, String> {
    let remedy = "build with `cargo build --features pipeline/onnx`, or take the section out";
    Err(format!("model: {}: this weir was built without the feature `onnx`: {remedy}", model.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_model_there_is_no_second_stage() {
        assert_eq!(load(&SecondStageFile::default()), Ok(None));
    }

    #[test]
    fn what_cannot_work_is_refused_at_the_start() {
        let named = SecondStageFile { model: Some("missing.onnx".into()), ..Default::default() };
        let refused = |file: SecondStageFile, word: &str| {
            let message = load(&file).expect_err("refused");
            assert!(message.starts_with("[second_stage] ") && message.contains(word), "{message}");
            assert!(!message.contains('\n'), "{message}");
        };
        for zone in [[0.5, 0.4], [-0.1, 0.5], [0.5, 1.1], [f64::NAN, 0.5], [0.1, f64::NAN]] {
            refused(SecondStageFile { direct_zone: zone, ..named.clone() }, "direct_zone");
            refused(SecondStageFile { indirect_zone: zone, ..named.clone() }, "indirect_zone");
        }
        for tokens_max in [0, 7, 1 << 20] {
            refused(SecondStageFile { tokens_max, ..named.clone() }, "tokens_max");
        }
        #[cfg(not(feature = "onnx"))]
        refused(named, "built without the feature `onnx`");
        #[cfg(feature = "onnx")]
        refused(named, "tokenizer");
    }
}
