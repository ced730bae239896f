//! Bosnia, Bulgaria, Croatia, Cyprus, Greece, Italy, Malta, North Macedonia, Portugal, Romania, Serbia, Slovenia, Spain.

use crate::sensitive::checks::{
    alphanumeric, complement_11, digit, luhn, mod_11_10, month_day, repeats, two, value, weighted,
};
use crate::sensitive::information_type::Check::{Digits, Rules, Words};
use crate::sensitive::information_type::Confidence::{Low, Medium};
use crate::sensitive::information_type::Family::{Driving, Identity, Passport, Tax};
use crate::sensitive::information_type::InformationType as Row;

/// See the file's head.
pub const TYPES: &[Row] = &[
    Row::new(Identity, "bg_egn", "Bulgaria uniform civil number (EGN)", &["##########"], Digits(bg_egn))
        .words(&["егн", "egn", "единен граждански номер", "bulgarian id"])
        .source("GRAO; OECD TIN page Bulgaria"),
    Row::new(Tax, "cy_tin", "Cyprus tax identification number", &["########@"], Digits(cy_tin))
        .words(&["αφτ", "cyprus tax", "cypriot tax", "tic"])
        .source("European Commission, TIN algorithms: Cyprus"),
    Row::new(Identity, "es_dni", "Spain DNI/NIF", &["########-@", "#######-@", "##-###-###-@"], Digits(es_dni))
        .words(&["dni", "nif", "documento nacional de identidad", "spanish id"])
        .alone(Low)
        .source("Ministerio del Interior: cálculo de la letra del DNI, modulo 23"),
    Row::new(Identity, "es_nie", "Spain NIE", &["@-#######-@"], Digits(es_nie))
        .words(&["nie", "número de identidad de extranjero", "foreigner id", "extranjero"])
        .alone(Medium)
        .source("Ministerio del Interior: NIE, modulo 23"),
    Row::new(Tax, "es_cif", "Spain company tax number (CIF)", &["@-#######-?"], Digits(es_cif))
        .words(&["cif", "nif", "código de identificación fiscal"])
        .source("Agencia Tributaria, Orden EHA/451/2008"),
    Row::new(Passport, "es_passport", "Spain passport", &["@@@######", "@@######"], Words)
        .words(&["pasaporte", "spanish passport"])
        .source("PRADO: ESP-AO"),
    Row::new(Tax, "gr_afm", "Greece tax number (AFM)", &["#########"], Digits(gr_afm))
        .words(&["αφμ", "afm", "α.φ.μ", "αριθμός φορολογικού μητρώου", "greek tax"])
        .source("European Commission, TIN algorithms: Greece"),
    Row::new(Identity, "gr_amka", "Greece social security number (AMKA)", &["######-#####"], Digits(gr_amka))
        .words(&["αμκα", "amka", "α.μ.κ.α", "greek social security"])
        .source("e-EFKA; Wikipedia, AMKA"),
    Row::new(Tax, "hr_oib", "Croatia personal identification number (OIB)", &["###########"], Digits(mod_11_10))
        .words(&["oib", "osobni identifikacijski broj", "croatian id"])
        .source("Porezna uprava, Zakon o OIB: ISO 7064 MOD 11,10"),
    Row::new(
        Identity,
        "it_codice_fiscale",
        "Italy fiscal code",
        &["@@@@@@-##?##-?###?", "@@@@@@??@??@???@"],
        Digits(it_codice_fiscale),
    )
    .words(&["codice fiscale", "cod. fiscale", "tessera sanitaria", "italian fiscal code"])
    .alone(Medium)
    .source("Agenzia delle Entrate, D.M. 23.12.1976"),
    Row::new(Tax, "it_partita_iva", "Italy VAT number (partita IVA)", &["###########"], Digits(it_iva))
        .words(&["partita iva", "p.iva", "p. iva", "piva", "italian vat"])
        .source("Agenzia delle Entrate: partita IVA, Luhn"),
    Row::new(Identity, "it_identity_card", "Italy identity card", &["@@#####@@", "@@-#######"], Words)
        .words(&["carta d'identità", "carta di identità", "italian identity card"])
        .source("Ministero dell'Interno, CIE; PRADO: ITA-BO"),
    Row::new(Passport, "it_passport", "Italy passport", &["@@#######"], Words)
        .words(&["passaporto", "italian passport"])
        .source("PRADO: ITA-AO"),
    Row::new(Driving, "it_patente", "Italy driving licence", &["@@#######@", "@#@######@", "u1??????#@"], Words)
        .words(&["patente", "patente di guida", "italian driving licence"])
        .source("Motorizzazione Civile"),
    Row::new(Identity, "mt_id_card", "Malta identity card", &["#######@", "####@"], Rules(mt_id_card))
        .words(&["karta tal-identità", "maltese id", "malta id", "identity malta"])
        .source("Identità Malta; OECD TIN page Malta"),
    Row::new(Tax, "pt_nif", "Portugal NIF", &["###-###-###"], Digits(pt_nif))
        .words(&["nif", "contribuinte", "número de identificação fiscal", "portuguese tax"])
        .source("Autoridade Tributária; OECD TIN page Portugal"),
    Row::new(
        Identity,
        "pt_cartao_cidadao",
        "Portugal citizen card",
        &["########-#-@@#", "########-#@@#"],
        Digits(pt_cartao_cidadao),
    )
    .words(&["cartão de cidadão", "cartao de cidadao", "portuguese citizen card"])
    .alone(Low)
    .source("AMA: validação de número de documento do cartão de cidadão"),
    Row::new(Identity, "ro_cnp", "Romania personal numeric code (CNP)", &["#############"], Digits(ro_cnp))
        .words(&["cnp", "cod numeric personal", "codul numeric personal", "romanian id"])
        .alone(Low)
        .source("DEPABD; Wikipedia, Cod numeric personal"),
    Row::new(
        Tax,
        "ro_cui",
        "Romania company tax code (CUI)",
        &["ro########", "ro#######", "########", "#######"],
        Digits(ro_cui),
    )
    .words(&["cui", "cod unic de înregistrare", "cif", "romanian tax"])
    .source("ANAF; OECD TIN page Romania"),
    Row::new(
        Identity,
        "yu_jmbg",
        "JMBG (Bosnia, Montenegro, North Macedonia, Serbia, Slovenia)",
        &["#############"],
        Digits(jmbg),
    )
    .words(&["jmbg", "emšo", "emso", "матични број", "матичен број", "jedinstveni matični broj", "embg", "ембг"])
    .alone(Low)
    .source("Wikipedia, Unique Master Citizen Number"),
    Row::new(Tax, "si_davcna", "Slovenia tax number", &["########"], Digits(si_davcna))
        .words(&["davčna številka", "davčna", "slovenian tax"])
        .source("FURS; OECD TIN page Slovenia"),
];

fn bg_egn(n: &[u8]) -> bool {
    // Born before 1900: 20 is added to the month; since 2000: 40.
    let date = month_day(two(n, 2) % 20, two(n, 4)) && two(n, 2) <= 52;
    date && weighted(n, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == digit(n, 9)
}

/// Digits at odd places are exchanged by a table, and the letter is their sum modulo 26.
fn cy_tin(n: &[u8]) -> bool {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let at = |i: usize| digit(n, i);
    let sum: u32 =
        (0..8).map(|i| if i % 2 == 0 { ODD.get(at(i) as usize).copied().unwrap_or(99) } else { at(i) }).sum();
    n.get(8).is_some_and(|b| u32::from(b.wrapping_sub(b'a')) == sum % 26) && n.get(..2) != Some(b"12")
}

const LETTERS_23: &[u8] = b"trwagmyfpdxbnjzsqvhlcke";

fn es_dni(n: &[u8]) -> bool {
    let Some((letter, digits)) = n.split_last() else { return false };
    LETTERS_23.get((value(digits) % 23) as usize) == Some(letter)
}

fn es_nie(n: &[u8]) -> bool {
    let Some((first, rest)) = n.split_first() else { return false };
    let Some(lead @ 0..=2) = first.checked_sub(b'x') else { return false };
    let number: Vec<u8> = std::iter::once(b'0' + lead).chain(rest.iter().copied()).collect();
    es_dni(&number)
}

/// Luhn over seven digits; the check is a digit or, for some kinds of companies, a letter.
fn es_cif(n: &[u8]) -> bool {
    let (Some(kind), Some(digits), Some(last)) = (n.first(), n.get(1..8), n.get(8)) else { return false };
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(at, b)| {
            let d = u32::from(b.wrapping_sub(b'0'));
            if at % 2 == 0 { d * 2 / 10 + d * 2 % 10 } else { d }
        })
        .sum();
    let check = (10 - sum % 10) % 10;
    b"abcdefghjklmnpqrsuvw".contains(kind)
        && (u32::from(last.wrapping_sub(b'0')) == check || b"jabcdefghi".get(check as usize) == Some(last))
}

fn gr_afm(n: &[u8]) -> bool {
    !repeats(n) && weighted(n, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == digit(n, 8)
}

fn gr_amka(n: &[u8]) -> bool {
    crate::sensitive::checks::ddmmyy(n) && luhn(n)
}

/// Digits may be exchanged for letters where two persons would have the same code (omocodia).
fn it_codice_fiscale(n: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let Some((last, others)) = n.split_last() else { return false };
    let value = |b: u8| alphanumeric(b).checked_sub(10).unwrap_or(alphanumeric(b));
    let sum: u32 = others
        .iter()
        .enumerate()
        .map(|(at, b)| match at % 2 {
            0 => ODD.get(value(*b) as usize).copied().unwrap_or_default(),
            _ => value(*b),
        })
        .sum();
    let digits = [6, 7, 9, 10, 12, 13, 14]
        .iter()
        .all(|at| n.get(*at).is_some_and(|b| b.is_ascii_digit() || b"lmnpqrstuv".contains(b)));
    digits && n.get(8).is_some_and(|b| b"abcdehlmprst".contains(b)) && u32::from(last.wrapping_sub(b'a')) == sum % 26
}

fn it_iva(n: &[u8]) -> bool {
    let office = n.get(7..10).map_or(0, value);
    let known = (1..=100).contains(&office) || matches!(office, 120 | 121 | 888 | 999);
    n.get(..7) != Some(b"0000000") && known && luhn(n)
}

fn mt_id_card(n: &[u8]) -> bool {
    n.last().is_some_and(|b| b"mgaplhbz".contains(b))
}

fn pt_nif(n: &[u8]) -> bool {
    let check = complement_11(weighted(n, &[9, 8, 7, 6, 5, 4, 3, 2])) % 10;
    matches!(digit(n, 0), 1..=3 | 5 | 6 | 8 | 9) && !repeats(n) && check == digit(n, 8)
}

/// Luhn over digits and letters as 10 to 35, doubled from the second of the left on.
fn pt_cartao_cidadao(n: &[u8]) -> bool {
    let sum: u32 = n
        .iter()
        .enumerate()
        .map(|(at, b)| {
            let v = alphanumeric(*b);
            if at % 2 == 1 {
                v
            } else if v * 2 > 9 {
                v * 2 - 9
            } else {
                v * 2
            }
        })
        .sum();
    n.len() == 12 && sum.is_multiple_of(10)
}

fn ro_cnp(n: &[u8]) -> bool {
    let check = weighted(n, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    let county = two(n, 7);
    (1..=9).contains(&digit(n, 0))
        && month_day(two(n, 3), two(n, 5))
        && (matches!(county, 1..=48 | 51 | 52 | 70))
        && (if check == 10 { 1 } else { check }) == digit(n, 12)
}

fn ro_cui(n: &[u8]) -> bool {
    let digits = n.strip_prefix(b"ro").unwrap_or(n);
    let Some((last, others)) = digits.split_last() else { return false };
    let sum = weighted(others, [7, 5, 3, 2, 1, 7, 5, 3, 2].get(9 - others.len().min(9)..).unwrap_or_default());
    !repeats(digits) && sum * 10 % 11 % 10 == u32::from(last.wrapping_sub(b'0'))
}

fn jmbg(n: &[u8]) -> bool {
    let check = complement_11(weighted(n, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]));
    month_day(two(n, 2), two(n, 0)) && matches!(digit(n, 4), 0 | 8 | 9) && check == digit(n, 12)
}

fn si_davcna(n: &[u8]) -> bool {
    let check = complement_11(weighted(n, &[8, 7, 6, 5, 4, 3, 2]));
    digit(n, 0) != 0 && !repeats(n) && check % 10 == digit(n, 7)
}
