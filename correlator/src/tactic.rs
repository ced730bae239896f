//! How far along an attack a technique stands: the order of the tactics of MITRE ATT&CK and ATLAS.
//!
//! Two things that share an entity and follow each other in that order (phishing, then credential access,
//! then exfiltration) are likelier one story than two things in any order. The scale is ATT&CK's column order
//! with ATLAS's two own tactics where ATLAS places them. A technique of several tactics counts as the
//! earliest, so that it never makes an order out of nothing; a sub-technique counts as its parent; one that
//! is not listed says nothing.
//!
//! Source: all techniques of ATT&CK Enterprise 17.0, as pySigma 0.11.23 carries their tactics, and of ATLAS 4.9
//! (`data/techniques.yaml` of mitre-atlas/atlas-data, April 2025); of what ATLAS added since, those that Weir's own
//! alerts name (AML.T0072, T0077, T0078, T0080). Absent: mobile and ICS techniques, which no reader brings.

/// Techniques by tactic, in the order of an attack.
const TACTICS: [&str; 16] = [
    // Reconnaissance.
    "AML.T0000 AML.T0001 AML.T0003 AML.T0004 AML.T0006 AML.T0064 T1589 T1590 T1591 T1592 T1593 T1594 \
     T1595 T1596 T1597 T1598",
    // Resource development.
    "AML.T0002 AML.T0008 AML.T0016 AML.T0017 AML.T0019 AML.T0020 AML.T0021 AML.T0058 AML.T0060 AML.T0065 \
     AML.T0066 T1583 T1584 T1585 T1586 T1587 T1588 T1608 T1650",
    // Initial access.
    "AML.T0010 AML.T0012 AML.T0015 AML.T0049 AML.T0052 AML.T0078 T1078 T1091 T1133 T1189 T1190 T1195 \
     T1199 T1200 T1566 T1659 T1669",
    // AI model access.
    "AML.T0040 AML.T0041 AML.T0044 AML.T0047",
    // Execution.
    "AML.T0011 AML.T0050 AML.T0051 AML.T0053 T1047 T1053 T1059 T1072 T1106 T1129 T1203 T1204 T1559 T1569 \
     T1609 T1610 T1648 T1651 T1674 T1675",
    // Persistence.
    "AML.T0018 AML.T0061 AML.T0070 AML.T0080 T1037 T1098 T1112 T1136 T1137 T1176 T1197 T1205 T1505 T1525 \
     T1542 T1543 T1546 T1547 T1554 T1556 T1574 T1653 T1668 T1671",
    // Privilege escalation.
    "AML.T0054 T1055 T1068 T1134 T1484 T1548 T1611",
    // Defense evasion.
    "AML.T0067 AML.T0068 AML.T0071 T1006 T1014 T1027 T1036 T1070 T1127 T1140 T1202 T1207 T1211 T1216 \
     T1218 T1220 T1221 T1222 T1480 T1497 T1535 T1550 T1553 T1562 T1564 T1578 T1599 T1600 T1601 T1612 \
     T1620 T1622 T1647 T1656 T1666 T1672",
    // Credential access.
    "AML.T0055 T1003 T1040 T1056 T1110 T1111 T1187 T1212 T1528 T1539 T1552 T1555 T1557 T1558 T1606 T1621 \
     T1649",
    // Discovery.
    "AML.T0007 AML.T0013 AML.T0014 AML.T0062 AML.T0063 AML.T0069 T1007 T1010 T1012 T1016 T1018 T1033 \
     T1046 T1049 T1057 T1069 T1082 T1083 T1087 T1120 T1124 T1135 T1201 T1217 T1482 T1518 T1526 T1538 \
     T1580 T1613 T1614 T1615 T1619 T1652 T1654 T1673",
    // Lateral movement.
    "T1021 T1080 T1210 T1534 T1563 T1570",
    // Collection.
    "AML.T0035 AML.T0036 AML.T0037 T1005 T1025 T1039 T1074 T1113 T1114 T1115 T1119 T1123 T1125 T1185 \
     T1213 T1530 T1560 T1602",
    // AI attack staging.
    "AML.T0005 AML.T0042 AML.T0043",
    // Command and control.
    "AML.T0072 T1001 T1008 T1071 T1090 T1092 T1095 T1102 T1104 T1105 T1132 T1219 T1568 T1571 T1572 T1573 \
     T1665",
    // Exfiltration.
    "AML.T0024 AML.T0025 AML.T0056 AML.T0057 AML.T0077 T1011 T1020 T1029 T1030 T1041 T1048 T1052 T1537 \
     T1567",
    // Impact.
    "AML.T0029 AML.T0031 AML.T0034 AML.T0046 AML.T0048 AML.T0059 T1485 T1486 T1489 T1490 T1491 T1495 \
     T1496 T1498 T1499 T1529 T1531 T1561 T1565 T1657 T1667",
];

/// How far along an attack the furthest of `techniques` stands, 0 to 15; `None` where none is known.
pub fn stage<'a>(techniques: impl IntoIterator<Item = &'a String>) -> Option<u8> {
    techniques.into_iter().filter_map(|id| stage_of(id)).max()
}

fn stage_of(id: &str) -> Option<u8> {
    let bare = id.strip_prefix("AML.").unwrap_or(id);
    let technique_len = id.len() - bare.len() + bare.split('.').next()?.len();
    let technique = id.get(..technique_len)?;
    let at = TACTICS.iter().position(|known| known.split_whitespace().any(|known| known == technique))?;
    u8::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_technique_stands_once_and_has_the_form_of_one() {
        let all: Vec<&str> = TACTICS.iter().flat_map(|known| known.split_whitespace()).collect();
        let distinct: std::collections::BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), distinct.len());
        for id in all {
            let digits = id.strip_prefix("AML.").unwrap_or(id).strip_prefix('T').expect(id);
            assert!(digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
        }
    }

    #[test]
    fn stages_follow_the_attack_and_what_is_unknown_says_nothing() {
        let stages = ["T1595", "T1566.002", "AML.T0040", "AML.T0051.001", "T1098", "AML.T0054", "T1110", "T1048.003"];
        let stages: Vec<Option<u8>> = stages.iter().map(|id| stage_of(id)).collect();
        assert!(stages.iter().all(Option::is_some) && stages.is_sorted(), "{stages:?}");
        for id in ["", "T", "AML.", "AML.T", "T9999", "T10480", "t1048", "AML.T1048", "T0051", "é"] {
            assert_eq!(stage_of(id), None, "{id}");
        }
        assert_eq!(stage(&["T1566".to_owned(), "T1048".to_owned()]), stage_of("T1048"));
    }
}
