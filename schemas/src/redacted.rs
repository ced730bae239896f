//! A wrapper for content that must never reach a log, a trace or a panic message.
//!
//! `Debug` prints the length only, so `{:?}` of any type that holds a [`Redacted`] is safe to log.
//! Serialisation is transparent: the wrapper guards against accidents, it is not encryption.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A value whose `Debug` never prints its content.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    /// Wraps `value`.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The content. Every call site is a place where content may leak: keep them few.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// The content, by value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: AsRef<str>> fmt::Debug for Redacted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<redacted, {} bytes>", self.0.as_ref().len())
    }
}

impl From<&str> for Redacted<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Redacted<String> {
    fn from(text: String) -> Self {
        Self(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_the_length_and_nothing_else() {
        let secret = Redacted::from("hunter2");
        assert_eq!(format!("{secret:?}"), "<redacted, 7 bytes>");
        assert_eq!(format!("{:?}", Some(secret)), "Some(<redacted, 7 bytes>)");
    }
}
