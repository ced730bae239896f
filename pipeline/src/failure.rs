//! How a command ends when it does not end well: the exit code and one line that helps.

use std::{fmt, io};

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

    /// Whether the reader of standard output went away.
    pub fn is_broken_pipe(&self) -> bool {
        let Self::Run(error) = self else { return false };
        let kind = |cause: &(dyn std::error::Error + 'static)| {
            let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
            io.or_else(|| cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind))
        };
        error.chain().any(|cause| kind(cause) == Some(io::ErrorKind::BrokenPipe))
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
