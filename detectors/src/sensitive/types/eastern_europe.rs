//! Czechia, Hungary, Poland, Russia, Slovakia, Turkey, Ukraine, and Kazakhstan beside them.

use crate::sensitive::checks::{alphanumeric, digit, month_day, repeats, two, value, weighted, yymmdd};
use crate::sensitive::information_type::Check::{Digits, Words};
use crate::sensitive::information_type::Confidence::Low;
use crate::sensitive::information_type::Family::{Health, Identity, Passport, Tax};
use crate::sensitive::information_type::InformationType as Row;

/// See the file's head.
pub const TYPES: &[Row] = &[
    Row::new(
        Identity,
        "cz_rodne_cislo",
        "Czechia and Slovakia birth number",
        &["######-####", "##########"],
        Digits(rodne_cislo),
    )
    .words(&["rodné číslo", "rodne cislo", "r.č.", "rč", "birth number", "czech id", "slovak id"])
    .source("Zákon č. 133/2000 Sb.; Wikipedia, National identification number"),
    Row::new(Health, "hu_taj", "Hungary social security number (TAJ)", &["###-###-###"], Digits(hu_taj))
        .words(&["taj", "taj szám", "taj-szám", "társadalombiztosítási azonosító", "hungarian social security"])
        .source("1996. évi XX. törvény"),
    Row::new(Tax, "hu_adoazonosito", "Hungary tax identification number", &["8#########"], Digits(hu_adoazonosito))
        .words(&["adóazonosító", "adóazonosító jel", "adószám", "hungarian tax"])
        .source("NAV; OECD TIN page Hungary"),
    Row::new(
        Identity,
        "kz_iin",
        "Kazakhstan individual identification number (IIN)",
        &["############"],
        Digits(kz_iin),
    )
    .words(&["иин", "жсн", "iin", "kazakhstan id"])
    .source("OECD TIN page Kazakhstan"),
    Row::new(Identity, "pl_pesel", "Poland PESEL", &["###########"], Digits(pl_pesel))
        .words(&["pesel", "numer pesel", "nr pesel"])
        .alone(Low)
        .source("Ministerstwo Cyfryzacji, gov.pl: Czym jest numer PESEL"),
    Row::new(Tax, "pl_nip", "Poland tax number (NIP)", &["###-###-##-##", "###-##-##-###"], Digits(pl_nip))
        .words(&["nip", "numer nip", "identyfikacji podatkowej", "polish tax"])
        .source("Ministerstwo Finansów; OECD TIN page Poland"),
    Row::new(Identity, "pl_dowod", "Poland identity card", &["@@@-######"], Digits(pl_dowod))
        .words(&["dowód osobisty", "dowodu osobistego", "numer dowodu", "polish id card"])
        .source("gov.pl, dowód osobisty: weights 7 3 1"),
    Row::new(Passport, "pl_paszport", "Poland passport", &["@@-#######"], Words)
        .words(&["paszport", "numer paszportu", "polish passport"])
        .source("PRADO: POL-AO"),
    Row::new(Tax, "ru_inn", "Russia taxpayer number (INN)", &["############", "##########"], Digits(ru_inn))
        .words(&["инн", "inn", "идентификационный номер налогоплательщика", "russian tax"])
        .source("ФНС, приказ ММВ-7-6/435@"),
    Row::new(Identity, "ru_snils", "Russia pension insurance number (SNILS)", &["###-###-###-##"], Digits(ru_snils))
        .words(&["снилс", "snils", "страховой номер"])
        .source("СФР; Wikipedia, SNILS"),
    Row::new(Passport, "ru_passport", "Russia internal passport", &["##-##-######", "####-######"], Words)
        .words(&["паспорт", "серия и номер", "паспортные данные", "russian passport"])
        .source("Постановление Правительства РФ № 828"),
    Row::new(Identity, "tr_tckn", "Turkey national identification number (TCKN)", &["###########"], Digits(tr_tckn))
        .words(&["tckn", "tc kimlik", "t.c. kimlik", "kimlik numarası", "kimlik no", "turkish id"])
        .alone(Low)
        .source("NVİ; OECD TIN page Türkiye"),
    Row::new(Tax, "ua_rnokpp", "Ukraine taxpayer number (RNOKPP)", &["##########"], Digits(ua_rnokpp))
        .words(&["рнокпп", "іпн", "ідентифікаційний код", "ідентифікаційний номер", "ukrainian tax"])
        .source("ДПС України; Wikipedia, РНОКПП"),
];

/// Women add 50 to the month; where a day's serials ran out, 20 more.
fn rodne_cislo(n: &[u8]) -> bool {
    let month = two(n, 2) % 50;
    let rest = value(n.get(..9).unwrap_or_default()) % 11 % 10;
    month_day(if month > 20 { month - 20 } else { month }, two(n, 4)) && rest == u64::from(digit(n, 9))
}

fn hu_taj(n: &[u8]) -> bool {
    !repeats(n) && weighted(n, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == digit(n, 8)
}

fn hu_adoazonosito(n: &[u8]) -> bool {
    weighted(n, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == digit(n, 9)
}

fn kz_iin(n: &[u8]) -> bool {
    let first = weighted(n, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
    let second = weighted(n, &[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11;
    yymmdd(n) && digit(n, 6) <= 6 && (if first < 10 { first } else { second }) == digit(n, 11)
}

fn pl_pesel(n: &[u8]) -> bool {
    // Centuries add 80, 0, 20, 40, 60 to the month.
    let date = month_day(two(n, 2) % 20, two(n, 4));
    date && weighted(n, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
}

fn pl_nip(n: &[u8]) -> bool {
    !repeats(n) && weighted(n, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == digit(n, 9)
}

/// The first digit checks letters and digits.
fn pl_dowod(n: &[u8]) -> bool {
    let weights = [7, 3, 1, 0, 7, 3, 1, 7, 3];
    let sum: u32 = n.iter().zip(weights).map(|(b, weight)| alphanumeric(*b) * weight).sum();
    sum % 10 == digit(n, 3)
}

fn ru_inn(n: &[u8]) -> bool {
    let check = |weights: &[u32]| weighted(n, weights) % 11 % 10;
    let holds = match n.len() {
        10 => check(&[2, 4, 10, 3, 5, 9, 4, 6, 8]) == digit(n, 9),
        _ => {
            check(&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) == digit(n, 10)
                && check(&[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) == digit(n, 11)
        }
    };
    n.get(..2) != Some(b"00") && holds
}

fn ru_snils(n: &[u8]) -> bool {
    let rest = weighted(n, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100;
    n.get(..9).is_some_and(|base| value(base) > 1_001_998) && rest == two(n, 9)
}

fn tr_tckn(n: &[u8]) -> bool {
    let odd = weighted(n, &[1, 0, 1, 0, 1, 0, 1, 0, 1]);
    let even = weighted(n, &[0, 1, 0, 1, 0, 1, 0, 1]);
    let all = weighted(n, &[1; 10]);
    digit(n, 0) != 0 && (odd * 7 + 100 - even) % 10 == digit(n, 9) && all % 10 == digit(n, 10)
}

fn ua_rnokpp(n: &[u8]) -> bool {
    // The published first weight is -1, which is 10 modulo 11.
    let check = weighted(n, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10;
    !repeats(n) && check == digit(n, 9)
}
