//! An ONNX sequence classifier with its tokenizer, as Hugging Face exports them.
//!
//! The model takes `input_ids` and may take `attention_mask` and `token_type_ids`, each one row of 64-bit integers, and
//! its first output is one row of logits. Texts of more tokens than the model reads are shown in windows that overlap
//! by a quarter, and the highest counts. One thread and one text at a time, so the same text gives the same answer
//! with the same library on the same kind of machine; another may round differently in the last digits.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use detectors::Classifier;
use ort::session::{Session, SessionInputValue};
use ort::value::Tensor;
use tokenizers::{Encoding, Tokenizer, TruncationParams};

use crate::config::SecondStageFile;

/// Where the library is looked for when the configuration does not say.
const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";
/// What is classified once at the start, so that a model that does not fit is refused there.
const TRIAL: &str = "The weather is fine today.";

/// One input of the model.
#[derive(Clone, Copy, Debug)]
enum Input {
    Ids,
    Mask,
    Types,
}

/// The classifier.
pub struct OnnxClassifier {
    session: Mutex<Session>,
    tokenizer: Tokenizer,
    inputs: Vec<(String, Input)>,
    label: usize,
}

impl fmt::Debug for OnnxClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnnxClassifier").field("inputs", &self.inputs).field("label", &self.label).finish()
    }
}

impl OnnxClassifier {
    /// Loads the model at `model` as `file` says, and tries it.
    ///
    /// # Errors
    /// A message of one line that names the key.
    pub fn load(model: &Path, file: &SecondStageFile) -> Result<Self, String> {
        let tokenizer = tokenizer(file)?;
        let library = library(file)?;
        let loaded = ort::init_from(&library);
        loaded.map_err(|error| complaint("library", &library, &error))?.commit();
        let session = session(model).map_err(|error| complaint("model", model, &error))?;
        let inputs = session.inputs().iter().map(|input| Ok((input.name().to_owned(), known(input.name())?)));
        let inputs: Vec<_> =
            inputs.collect::<Result<_, String>>().map_err(|error| complaint("model", model, &error))?;
        let classifier = Self { session: Mutex::new(session), tokenizer, inputs, label: file.label };
        classifier.judge(TRIAL).map_err(|error| complaint("model", model, &error))?;
        Ok(classifier)
    }

    /// The highest probability over the windows of `text`.
    fn judge(&self, text: &str) -> Result<f32, String> {
        let encoding = self.tokenizer.encode(text, true).map_err(|error| error.to_string())?;
        let mut session = self.session.lock().map_err(|_| "an earlier text broke the session".to_owned())?;
        let windows = std::iter::once(&encoding).chain(encoding.get_overflowing());
        let judged = windows.map(|window| self.judge_window(&mut session, window));
        judged.into_iter().try_fold(0.0, |highest: f32, one| Ok(highest.max(one?)))
    }

    fn judge_window(&self, session: &mut Session, window: &Encoding) -> Result<f32, String> {
        let value = |(name, input): &(String, Input)| {
            let numbers = match input {
                Input::Ids => window.get_ids(),
                Input::Mask => window.get_attention_mask(),
                Input::Types => window.get_type_ids(),
            };
            let row: Vec<i64> = numbers.iter().copied().map(i64::from).collect();
            let tensor = Tensor::from_array(([1, row.len()], row)).map_err(|error| error.to_string())?;
            Ok((name.clone(), SessionInputValue::from(tensor)))
        };
        let values: Vec<_> = self.inputs.iter().map(value).collect::<Result<_, String>>()?;
        let outputs = session.run(values).map_err(|error| error.to_string())?;
        let first = outputs.values().next().ok_or("it has no output")?;
        let (shape, logits) = first.try_extract_tensor::<f32>().map_err(|error| error.to_string())?;
        probability(logits, self.label)
            .ok_or_else(|| format!("its first output has shape {shape}: label {} is not in it", self.label))
    }
}

impl Classifier for OnnxClassifier {
    fn probability(&self, text: &str) -> Option<f32> {
        self.judge(text).inspect_err(|error| tracing::warn!(error, "the second stage cannot tell")).ok()
    }
}

/// The probability of `label` by the softmax of `logits`, or of the one logit there is by the logistic function.
fn probability(logits: &[f32], label: usize) -> Option<f32> {
    let own = *logits.get(label)?;
    let others = logits.iter().enumerate().filter(|(at, _)| *at != label);
    let rest: f32 = if logits.len() == 1 { (-own).exp() } else { others.map(|(_, logit)| (logit - own).exp()).sum() };
    let probability = 1.0 / (1.0 + rest);
    probability.is_finite().then_some(probability)
}

fn tokenizer(file: &SecondStageFile) -> Result<Tokenizer, String> {
    let path = file.tokenizer.as_deref().ok_or("tokenizer: a model needs the tokenizer.json that it came with")?;
    let mut tokenizer = Tokenizer::from_file(path).map_err(|error| complaint("tokenizer", path, &error))?;
    let windows =
        TruncationParams { max_length: file.tokens_max, stride: file.tokens_max / 4, ..TruncationParams::default() };
    tokenizer.with_truncation(Some(windows)).map_err(|error| complaint("tokenizer", path, &error))?;
    tokenizer.with_padding(None);
    Ok(tokenizer)
}

fn library(file: &SecondStageFile) -> Result<PathBuf, String> {
    let named = file.library.clone().or_else(|| std::env::var_os(LIBRARY_VARIABLE).map(PathBuf::from));
    named.ok_or_else(|| format!("library: name libonnxruntime here or in {LIBRARY_VARIABLE}"))
}

fn session(model: &Path) -> Result<Session, String> {
    let text = |error: &dyn fmt::Display| error.to_string();
    let builder = Session::builder().map_err(|error| text(&error))?;
    let builder = builder.with_intra_threads(1).map_err(|error| text(&error))?;
    let builder = builder.with_inter_threads(1).map_err(|error| text(&error))?;
    let mut builder = builder.with_deterministic_compute(true).map_err(|error| text(&error))?;
    builder.commit_from_file(model).map_err(|error| text(&error))
}

fn known(name: &str) -> Result<Input, String> {
    match name {
        "input_ids" => Ok(Input::Ids),
        "attention_mask" => Ok(Input::Mask),
        "token_type_ids" => Ok(Input::Types),
        other => Err(format!("it asks for `{other}`: known are input_ids, attention_mask and token_type_ids")),
    }
}

/// What is wrong with `key`, on one line.
fn complaint(key: &str, path: &Path, error: &dyn fmt::Display) -> String {
    let error = error.to_string();
    let line = error.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{key}: {}: {line}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file of this folder that is called so; `fixture.py` writes them.
    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/second_stage/fixture").join(name)
    }

    fn file() -> SecondStageFile {
        let (model, tokenizer) = (Some(fixture("model.onnx")), Some(fixture("tokenizer.json")));
        SecondStageFile { model, tokenizer, label: 1, tokens_max: 8, ..SecondStageFile::default() }
    }

    fn load(file: &SecondStageFile) -> Result<OnnxClassifier, String> {
        OnnxClassifier::load(file.model.as_deref().expect("a model"), file)
    }

    #[test]
    fn probabilities_of_logits() {
        assert_eq!(probability(&[0.0, 0.0], 1), Some(0.5));
        assert_eq!(probability(&[0.0], 0), Some(0.5));
        assert!(probability(&[-9.0, 9.0, -9.0], 1).is_some_and(|p| p > 0.99));
        assert_eq!(probability(&[900.0, -900.0], 1), Some(0.0));
        assert_eq!((probability(&[1.0], 1), probability(&[], 0), probability(&[f32::NAN], 0)), (None, None, None));
    }

    #[test]
    #[ignore = "needs libonnxruntime, named in ORT_DYLIB_PATH"]
    fn a_model_is_asked_window_by_window() {
        let classifier = load(&file()).expect("loaded");
        let of = |text: &str| classifier.probability(text).expect("an answer");
        assert!(of("all is well") < 0.1 && of("") < 0.1);
        assert!(of("this is an attack") > 0.9);
        let far = format!("{} attack {}", "word ".repeat(50), "word ".repeat(50));
        assert!(of(&far) > 0.9);
        assert_eq!(of(&far).to_bits(), of(&far).to_bits());
        assert!(of("\u{0}\u{FFFF}\u{202E} not a word") < 0.1);
    }

    #[test]
    #[ignore = "needs libonnxruntime, named in ORT_DYLIB_PATH"]
    fn what_is_no_model_is_refused_with_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let broken = folder.path().join("broken");
        let whole = std::fs::read(fixture("model.onnx")).expect("the model");
        let refused = |file: &SecondStageFile, key: &str| {
            let message = load(file).expect_err("refused");
            assert!(message.starts_with(key) && !message.contains('\n'), "{message}");
        };
        for bytes in [&b""[..], b"not a model", whole.get(..whole.len() / 2).expect("half")] {
            std::fs::write(&broken, bytes).expect("written");
            refused(&SecondStageFile { model: Some(broken.clone()), ..file() }, "model: ");
            refused(&SecondStageFile { tokenizer: Some(broken.clone()), ..file() }, "tokenizer: ");
        }
        refused(&SecondStageFile { model: Some("missing.onnx".into()), ..file() }, "model: ");
        refused(&SecondStageFile { tokenizer: None, ..file() }, "tokenizer: ");
        refused(&SecondStageFile { label: 2, ..file() }, "model: ");
    }
}
