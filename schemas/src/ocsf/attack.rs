//! MITRE technique ids as OCSF `attack` objects.
//!
//! Deliberately absent: names of techniques and the matrix version. Both change with every release of
//! ATT&CK and ATLAS and the records that bring the ids do not say which release they mean; the id and
//! its page identify the technique for good.

use serde::Serialize;

/// One technique, with the sub-technique where the id names one.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Attack {
    technique: Technique,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_technique: Option<Technique>,
}

#[derive(Debug, PartialEq, Serialize)]
struct Technique {
    uid: String,
    src_url: String,
}

impl Attack {
    /// The attack objects of `ids`; text that is no technique id is left out.
    pub(super) fn all(ids: &[String]) -> Vec<Self> {
        ids.iter().filter_map(|id| Self::parse(id)).collect()
    }

    /// Reads `T1078`, `T1078.004`, `AML.T0051` or `AML.T0051.001`.
    fn parse(id: &str) -> Option<Self> {
        let (atlas, bare) = match id.strip_prefix("AML.") {
            Some(bare) => (true, bare),
            None => (false, id),
        };
        let rest = bare.strip_prefix('T')?;
        let (number, sub) = rest.split_once('.').map_or((rest, None), |(number, sub)| (number, Some(sub)));
        let digits = |text: &str, len: usize| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(number, 4) || sub.is_some_and(|sub| !digits(sub, 3)) {
            return None;
        }
        let technique = if atlas {
            let uid = format!("AML.T{number}");
            Technique { src_url: format!("https://atlas.mitre.org/techniques/{uid}"), uid }
        } else {
            Technique { src_url: format!("https://attack.mitre.org/techniques/T{number}/"), uid: format!("T{number}") }
        };
        let sub_technique = sub.map(|sub| Technique {
            uid: id.to_owned(),
            src_url: match atlas {
                true => format!("https://atlas.mitre.org/techniques/{id}"),
                false => format!("https://attack.mitre.org/techniques/T{number}/{sub}/"),
            },
        });
        Some(Self { technique, sub_technique })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_matrices() {
        for (id, technique, sub, url) in [
            ("T1078", "T1078", None, "https://attack.mitre.org/techniques/T1078/"),
            ("T1078.004", "T1078", Some("T1078.004"), "https://attack.mitre.org/techniques/T1078/"),
            ("AML.T0051.001", "AML.T0051", Some("AML.T0051.001"), "https://atlas.mitre.org/techniques/AML.T0051"),
        ] {
            let attack = Attack::parse(id).expect(id);
            assert_eq!(attack.technique.uid, technique);
            assert_eq!(attack.technique.src_url, url);
            assert_eq!(attack.sub_technique.map(|s| s.uid).as_deref(), sub);
        }
    }

    #[test]
    fn leaves_out_what_is_no_technique() {
        for id in ["", "T", "T1", "TA0001", "T1078.4", "AML.TA0001", "t1078", "T10780", "T107é", "AML.T0051.001.2"] {
            assert_eq!(Attack::parse(id), None, "{id}");
        }
    }
}
