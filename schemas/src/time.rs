//! Instants as every stage exchanges them, and the ways in which sources write them.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, never negative, at most the year 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 9999-12-31T23:59:59Z, the last instant that is accepted.
    pub const MAX: Self = Self(253_402_300_799_000);

    /// The instant `millis` after the epoch; `None` outside 1970 to 9999.
    pub fn from_millis(millis: i64) -> Option<Self> {
        (0..=Self::MAX.0).contains(&millis).then_some(Self(millis))
    }

    /// Milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// This instant plus `millis`, clamped to the accepted range.
    pub fn saturating_add_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis).clamp(0, Self::MAX.0))
    }

    /// The distance between two instants in milliseconds.
    pub fn abs_diff(self, other: Self) -> i64 {
        (self.0 - other.0).abs()
    }

    /// Reads an epoch number whose unit shows in its size: seconds, milliseconds, microseconds or
    /// nanoseconds. Sources mix them; the four ranges do not overlap between 1973 and 9999. In the range of the
    /// nanoseconds of 1973 to 1976 lie the ticks of Windows between 1970 and 2234, which are what is meant.
    pub fn from_epoch_number(number: f64) -> Option<Self> {
        if !number.is_finite() || number < 0.0 {
            return None;
        }
        let millis = match number {
            n if n < 1e11 => n * 1e3,
            n if n < 1e14 => n,
            n if n < 1e17 => n / 1e3,
            n if FILETIMES.contains(&n) => (n - FILETIMES.start) / 1e4,
            n => n / 1e6,
        };
        (millis <= Self::MAX.0 as f64).then_some(Self(millis as i64))
    }

    /// Nanoseconds since the epoch, as OpenTelemetry writes them.
    pub fn from_nanos(nanos: u64) -> Option<Self> {
        i64::try_from(nanos / 1_000_000).ok().and_then(Self::from_millis)
    }

    /// Reads RFC 3339, the same with a space for the `T`, the same without a zone (taken as UTC),
    /// with up to nine digits of fraction, the same with ` UTC` behind it as BigQuery prints it, an epoch
    /// number in text, also as .NET's older JSON has it (`/Date(ms)/`), RFC 2822 as HTTP and mail write it, and the
    /// time of the Common Log Format.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_suffix(" UTC").unwrap_or(text);
        if text.len() > 64 {
            return None;
        }
        // Longer than `20260501`, digits alone are no date; asking for one costs ten times the number.
        if text.len() > 8 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return text.parse::<f64>().ok().and_then(Self::from_epoch_number);
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Self::from_millis(instant.as_millisecond()).filter(|_| has_true_offset(text));
        }
        if let Ok(civil) = text.parse::<DateTime>() {
            let instant = TimeZone::UTC.to_timestamp(civil).ok()?;
            return Self::from_millis(instant.as_millisecond());
        }
        let text = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")).unwrap_or(text);
        text.parse::<f64>().ok().and_then(Self::from_epoch_number).or_else(|| Self::parse_with_month(text))
    }

    /// Reads the forms that name the month.
    fn parse_with_month(text: &str) -> Option<Self> {
        let instant = match text.contains('/') {
            true => jiff::fmt::strtime::parse("%d/%b/%Y:%H:%M:%S %z", text).ok()?.to_timestamp().ok()?,
            false => jiff::fmt::rfc2822::parse(text).ok()?.timestamp(),
        };
        Self::from_millis(instant.as_millisecond())
    }
}

/// Hundreds of nanoseconds since 1601 as Windows counts them, from 1970 to 2234.
const FILETIMES: std::ops::Range<f64> = 116_444_736_000_000_000.0..200_000_000_000_000_000.0;

/// Whether the offset of a time of RFC 3339 is one of less than a day (section 5.6), which not every parser asks for.
fn has_true_offset(text: &str) -> bool {
    let offset = text.rsplit_once(['+', '-']).filter(|(before, _)| before.contains(['T', 't', ' ', ':']));
    let hours = offset.and_then(|(_, offset)| offset.get(..2)?.parse::<u8>().ok());
    hours.is_none_or(|hours| hours < 24)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            Err(_) => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_sources_write() {
        let expected = Timestamp::from_millis(1_627_909_982_057);
        for text in [
            "2021-08-02T13:13:02.057Z",
            "2021-08-02 13:13:02.057",
            "2021-08-02T13:13:02.0570000Z",
            "2021-08-02T15:13:02.057+02:00",
            "2021-08-02 13:13:02.057000000",
            "2021-08-02 13:13:02.057000 UTC",
            "1627909982057",
            "1627909982.057",
            "/Date(1627909982057)/",
            "132723835820570000",
        ] {
            assert_eq!(Timestamp::parse(text), expected, "{text}");
        }
        let whole = Timestamp::from_millis(1_627_909_982_000);
        for text in [
            "Mon, 02 Aug 2021 13:13:02 GMT",
            "2 Aug 2021 15:13:02 +0200",
            "02/Aug/2021:13:13:02 +0000",
            "2021-08-02T13:13:02+00:00",
        ] {
            assert_eq!(Timestamp::parse(text), whole, "{text}");
        }
        assert_eq!(Timestamp::from_epoch_number(1_627_909_982.057), expected);
        assert_eq!(Timestamp::from_nanos(1_627_909_982_057_000_001), expected);
    }

    #[test]
    fn refuses_what_is_no_instant() {
        for text in [
            "",
            "-",
            "yesterday",
            "-5",
            "1e300",
            "NaN",
            "1.627.909.982",
            "2021-13-01T00:00:00Z",
            "2021-08-02T13:13:02+25:00",
            "Mon, 32 Aug 2021 13:13:02 GMT",
            "02/Aug/2021",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn prints_rfc_3339() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
    }
}
