//! How a command ends when it does not end well: the exit code and one line that helps.

use std::fmt;

/// Why a command stopped.
#[derive(Debug)]
pub enum Failure {
    /// Wrong usage or configuration: exit code 2. The message says what, where and the remedy.
    Usage(String),
    /// It failed while running: exit code 1.
    Run(anyhow::Error),
}

impl Failure {
    /// Wrong usage or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    /// The process exit code of the contract.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Run(_) => 1,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => f.write_str(message),
            Self::Run(error) => write!(f, "{error:#}"),
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}
