//! Denmark, Estonia, Finland, Iceland, Latvia, Lithuania, Norway, Sweden.

use crate::sensitive::checks::{complement_11, ddmmyy, digit, luhn, two, value, weighted, yymmdd};
use crate::sensitive::information_type::Check::{Digits, Rules};
use crate::sensitive::information_type::Confidence::{Low, Medium};
use crate::sensitive::information_type::Family::{Identity, Tax};
use crate::sensitive::information_type::InformationType as Row;

/// See the file's head.
pub const TYPES: &[Row] = &[
    Row::new(Identity, "dk_cpr", "Denmark CPR number", &["######-####"], Rules(ddmmyy))
        .words(&["cpr", "cpr-nummer", "cpr-nr", "personnummer", "danish id"])
        .source("CPR-kontoret: since 2007 numbers without check digit"),
    Row::new(Identity, "ee_isikukood", "Estonia personal code (isikukood)", &["###########"], Digits(baltic))
        .words(&["isikukood", "isikukoodi", "estonian id", "estonian personal code"])
        .alone(Low)
        .source("Estonian standard EVS 585:2007"),
    Row::new(
        Identity,
        "fi_hetu",
        "Finland personal identity code (HETU)",
        &["######=###?", "######@###?"],
        Digits(fi_hetu),
    )
    .words(&["hetu", "henkilötunnus", "sotu", "personbeteckning", "finnish personal identity code"])
    .alone(Medium)
    .source("DVV, Personal identity code"),
    Row::new(Identity, "is_kennitala", "Iceland kennitala", &["######-####"], Digits(is_kennitala))
        .words(&["kennitala", "kennitölu", "icelandic id"])
        .alone(Low)
        .source("Þjóðskrá; Wikipedia, Kennitala"),
    Row::new(Identity, "lt_asmens_kodas", "Lithuania personal code", &["###########"], Digits(baltic))
        .words(&["asmens kodas", "asmens kodą", "lithuanian personal code"])
        .source("Registrų centras; OECD TIN page Lithuania"),
    Row::new(Identity, "lv_personas_kods", "Latvia personal code", &["######-#####"], Digits(lv_personas_kods))
        .words(&["personas kods", "personas koda", "latvian personal code"])
        .source("PMLP; Wikipedia, National identification number"),
    Row::new(
        Identity,
        "no_fodselsnummer",
        "Norway national identity number",
        &["######-#####"],
        Digits(no_fodselsnummer),
    )
    .words(&["fødselsnummer", "fodselsnummer", "personnummer", "fnr", "d-nummer", "norwegian id"])
    .alone(Medium)
    .source("Skatteetaten: fødselsnummer"),
    Row::new(Tax, "no_orgnr", "Norway organisation number", &["###-###-###"], Digits(no_orgnr))
        .words(&["organisasjonsnummer", "orgnr", "org.nr", "foretaksregisteret"])
        .source("Brønnøysundregistrene"),
    Row::new(
        Identity,
        "se_personnummer",
        "Sweden personnummer",
        &["######-####", "########-####"],
        Digits(se_personnummer),
    )
    .words(&[
        "personnummer",
        "personnr",
        "samordningsnummer",
        "swedish personal identity number",
        "personal identity code",
    ])
    .alone(Low)
    .source("Skatteverket, SKV 704"),
    Row::new(Tax, "se_orgnr", "Sweden organisation number", &["######-####"], Digits(se_orgnr))
        .words(&["organisationsnummer", "orgnr", "org.nr", "bolagsverket", "company identity code"])
        .source("Bolagsverket; SKV 709"),
];

/// Century and sex, birthday, serial, and a digit of two rounds modulo 11.
fn baltic(n: &[u8]) -> bool {
    let first = weighted(n, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let second = weighted(n, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
    let check = if first < 10 { first } else { second % 10 };
    (1..=8).contains(&digit(n, 0)) && yymmdd(n.get(1..).unwrap_or_default()) && check == digit(n, 10)
}

/// The century's sign may be a dash, which no longer shows, or a letter.
fn fi_hetu(n: &[u8]) -> bool {
    let (serial, last) = match n.len() {
        10 => (n.get(6..9), n.get(9)),
        _ if n.get(6).is_some_and(|sign| b"abcdefuvwxy".contains(sign)) => (n.get(7..10), n.get(10)),
        _ => return false,
    };
    let (Some(date), Some(serial)) = (n.get(..6), serial) else { return false };
    let rest = (value(date) * 1000 + value(serial)) % 31;
    ddmmyy(n) && value(serial) >= 2 && b"0123456789abcdefhjklmnprstuvwxy".get(rest as usize) == last
}

fn is_kennitala(n: &[u8]) -> bool {
    // Companies add 40 to the day.
    let (day, month) = (two(n, 0) % 40, two(n, 2));
    (1..=31).contains(&day)
        && (1..=12).contains(&month)
        && matches!(digit(n, 9), 0 | 8 | 9)
        && complement_11(weighted(n, &[3, 2, 7, 6, 5, 4, 3, 2])) == digit(n, 8)
}

/// Numbers since 2017 start with 32 and have no birthday and no check digit that is published.
fn lv_personas_kods(n: &[u8]) -> bool {
    let check = (1101 - weighted(n, &[1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) % 11;
    ddmmyy(n) && digit(n, 6) <= 2 && check % 10 == digit(n, 10)
}

/// D-numbers add 40 to the day, synthetic ones 40 or 80 to the month.
fn no_fodselsnummer(n: &[u8]) -> bool {
    let (day, month) = (two(n, 0) % 40, two(n, 2) % 40);
    let first = complement_11(weighted(n, &[3, 7, 6, 1, 8, 9, 4, 5, 2]));
    let second = complement_11(weighted(n, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]));
    (1..=31).contains(&day) && (1..=12).contains(&month) && first == digit(n, 9) && second == digit(n, 10)
}

fn no_orgnr(n: &[u8]) -> bool {
    matches!(digit(n, 0), 8 | 9) && complement_11(weighted(n, &[3, 2, 7, 6, 5, 4, 3, 2])) == digit(n, 8)
}

/// Coordination numbers add 60 to the day. Luhn's digit over the ten without the century.
fn se_personnummer(n: &[u8]) -> bool {
    let ten = n.get(n.len().saturating_sub(10)..).unwrap_or_default();
    let (month, day) = (two(ten, 2), two(ten, 4) % 60);
    let century = n.len() == 10 || matches!(two(n, 0), 18..=20);
    let days = crate::sensitive::checks::month_day(month, day);
    century && days && luhn(ten)
}

/// The third digit of a company's number is at least 2, so that it is no birthday's month.
fn se_orgnr(n: &[u8]) -> bool {
    digit(n, 2) >= 2 && digit(n, 0) != 0 && luhn(n)
}
