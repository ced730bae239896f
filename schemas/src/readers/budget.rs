//! What one record may become when everything in it is opened.
//!
//! Envelopes may hold many others, each compressed, so limits on one of them multiply. Here is what all of them have
//! together. What is beyond it stays as it came and is rejected, element by element.

use std::cell::Cell;

use super::Limits;
use super::encoded;
use super::error::{ReadError, Reason};

/// The most elements of all collections in a record. The largest record that is accepted leaves each of them 128
/// bytes, less than any format takes; of smaller ones, each would become a dead letter larger than itself.
pub(super) const ELEMENTS_MAX: usize = 64 * 1024;

/// How many times the limit of a record all that is compressed in one may inflate to, looks ahead included.
const INFLATION_MAX: usize = 8;

/// What is left for a record.
pub(super) struct Budget {
    limits: Limits,
    inflated_bytes: Cell<usize>,
    elements: Cell<usize>,
}

impl Budget {
    /// All that `limits` allow.
    pub(super) fn of(limits: Limits) -> Self {
        let inflated_bytes = limits.record_bytes_max.saturating_mul(INFLATION_MAX);
        Self { limits, inflated_bytes: Cell::new(inflated_bytes), elements: Cell::new(ELEMENTS_MAX) }
    }

    /// The limits of a record.
    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// Takes as many elements.
    ///
    /// # Errors
    /// When so many are not left.
    pub(super) fn elements(&self, elements: usize) -> Result<(), ReadError> {
        let refused = || {
            let message =
                format!("a collection of {elements} elements, the limit of all in a record is {ELEMENTS_MAX}");
            ReadError::new(Reason::TooLarge, message)
        };
        self.elements.set(self.elements.get().checked_sub(elements).ok_or_else(refused)?);
        Ok(())
    }

    /// [`encoded::text`], as far as there is room.
    ///
    /// # Errors
    /// As there, and when there is no room left.
    pub(super) fn text(&self, encoded: &str) -> Result<String, ReadError> {
        self.spend(encoded, encoded::text)
    }

    /// [`encoded::inflated`], as far as there is room.
    ///
    /// # Errors
    /// As there, and when there is no room left.
    pub(super) fn inflated(&self, encoded: &str) -> Result<String, ReadError> {
        self.spend(encoded, encoded::inflated)
    }

    fn spend(
        &self,
        encoded: &str,
        decode: impl Fn(&str, usize) -> Result<String, ReadError>,
    ) -> Result<String, ReadError> {
        let left = self.inflated_bytes.get();
        let bytes_max = self.limits.record_bytes_max.min(left);
        let text = decode(encoded, bytes_max);
        // What was too much was inflated as well.
        let spent = match &text {
            Ok(text) => text.len().saturating_sub(encoded.len()),
            Err(error) if error.reason == Reason::TooLarge => bytes_max,
            Err(_) => 0,
        };
        self.inflated_bytes.set(left.saturating_sub(spent));
        text
    }

    /// Why something stayed closed, where that may be for lack of room.
    pub(super) fn refusal(&self) -> Option<ReadError> {
        let spent = self.inflated_bytes.get() < self.limits.record_bytes_max;
        let message = format!("what is compressed in a record inflates to more than {INFLATION_MAX} times its limit");
        spent.then(|| ReadError::new(Reason::TooLarge, message))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use base64::Engine;

    use super::*;

    #[test]
    fn what_many_inflate_to_is_limited_together() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&[b' '; 10_000]).expect("writes");
        let encoded = base64::engine::general_purpose::STANDARD.encode(gzip.finish().expect("ends"));
        let budget = Budget::of(Limits { record_bytes_max: 10_000, ..Limits::default() });
        let opened = (0..100).take_while(|_| budget.text(&encoded).is_ok()).count();
        assert_eq!(opened, INFLATION_MAX);
        assert_eq!(budget.refusal().map(|error| error.reason), Some(Reason::TooLarge));
        // What is not compressed costs nothing.
        let plain = base64::engine::general_purpose::STANDARD.encode("{}");
        let fresh = Budget::of(Limits { record_bytes_max: 10_000, ..Limits::default() });
        assert!((0..1_000).all(|_| fresh.text(&plain).is_ok()) && fresh.refusal().is_none());
        assert!(fresh.elements(ELEMENTS_MAX).is_ok() && fresh.elements(1).is_err());
    }
}
