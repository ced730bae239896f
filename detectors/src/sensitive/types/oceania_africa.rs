//! Australia and New Zealand; Egypt, Kenya, Morocco, Nigeria, South Africa.

use crate::sensitive::checks::{digit, luhn, month_day, repeats, two, value, weighted, yymmdd};
use crate::sensitive::information_type::Check::{Digits, Rules, Words};
use crate::sensitive::information_type::Confidence::Low;
use crate::sensitive::information_type::Family::{Health, Identity, Passport, Tax};
use crate::sensitive::information_type::InformationType as Row;

/// See the file's head.
pub const TYPES: &[Row] = &[
    Row::new(Tax, "au_abn", "Australia business number (ABN)", &["##-###-###-###"], Digits(au_abn))
        .words(&["abn", "australian business number"])
        .source("Australian Business Register: modulus 89"),
    Row::new(Tax, "au_acn", "Australia company number (ACN)", &["###-###-###"], Digits(au_acn))
        .words(&["acn", "australian company number"])
        .source("ASIC: ACN check"),
    Row::new(
        Health,
        "au_medicare",
        "Australia Medicare number",
        &["####-#####-#", "####-#####-#-#"],
        Digits(au_medicare),
    )
    .words(&["medicare", "medicare card", "medicare number"])
    .source("Services Australia"),
    Row::new(Passport, "au_passport", "Australia passport", &["@#######", "@@#######"], Words)
        .words(&["australian passport", "passport australia"])
        .source("PRADO: AUS-AO"),
    Row::new(Tax, "au_tfn", "Australia tax file number (TFN)", &["###-###-###"], Digits(au_tfn))
        .words(&["tfn", "tax file number"])
        .source("Australian Taxation Office: modulus 11"),
    Row::new(
        Identity,
        "eg_national_id",
        "Egypt national identity number",
        &["#-######-##-####-#", "##############"],
        Rules(eg_national_id),
    )
    .words(&["الرقم القومي", "رقم قومي", "بطاقة الرقم القومي", "egyptian id"])
    .source("Civil Status Authority; Wikipedia, Egyptian National Identity Card"),
    Row::new(Tax, "ke_pin", "Kenya KRA PIN", &["@#########@"], Rules(ke_pin))
        .words(&["kra pin", "kra", "kenyan tax"])
        .source("Kenya Revenue Authority; OECD TIN page Kenya"),
    Row::new(Identity, "ma_cin", "Morocco national identity card (CIN)", &["@@######", "@######"], Words)
        .words(&["cin", "cnie", "carte nationale d'identité", "البطاقة الوطنية"])
        .source("DGSN"),
    Row::new(Identity, "ng_nin", "Nigeria national identification number (NIN)", &["###########"], Words)
        .words(&["nin", "nimc", "national identification number", "bvn", "bank verification number"])
        .source("NIMC"),
    Row::new(Tax, "nz_ird", "New Zealand IRD number", &["##-###-###", "###-###-###"], Digits(nz_ird))
        .words(&["ird", "ird number", "inland revenue"])
        .source("Inland Revenue: IRD number validation"),
    Row::new(Health, "nz_nhi", "New Zealand NHI number", &["@@@####"], Digits(nz_nhi))
        .words(&["nhi", "nhi number", "national health index"])
        .source("HISO 10046"),
    Row::new(Identity, "za_id", "South Africa identity number", &["######-####-##-#", "#############"], Digits(za_id))
        .words(&["south african id", "rsa id", "sa id", "id number", "permanent resident", "identiteitsnommer"])
        .alone(Low)
        .source("Department of Home Affairs; Luhn"),
];

/// One less in the first digit, then weights 10, 1, 3, ... 19.
fn au_abn(n: &[u8]) -> bool {
    let sum = weighted(n, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    digit(n, 0) != 0 && (sum - 10).is_multiple_of(89)
}

fn au_acn(n: &[u8]) -> bool {
    !repeats(n) && (10 - weighted(n, &[8, 7, 6, 5, 4, 3, 2, 1]) % 10) % 10 == digit(n, 8)
}

fn au_medicare(n: &[u8]) -> bool {
    (2..=6).contains(&digit(n, 0)) && weighted(n, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == digit(n, 8)
}

fn au_tfn(n: &[u8]) -> bool {
    !repeats(n) && weighted(n, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11)
}

fn eg_national_id(n: &[u8]) -> bool {
    matches!(digit(n, 0), 2 | 3) && yymmdd(n.get(1..).unwrap_or_default()) && matches!(two(n, 7), 1..=35 | 88)
}

fn ke_pin(n: &[u8]) -> bool {
    n.first().is_some_and(|b| b"ap".contains(b))
}

/// Two rounds of weights; the second where the first leaves 10.
fn nz_ird(n: &[u8]) -> bool {
    let nine: Vec<u8> = std::iter::repeat_n(b'0', 9 - n.len().min(9)).chain(n.iter().copied()).collect();
    let check = |weights: &[u32]| (11 - weighted(&nine, weights) % 11) % 11;
    let first = check(&[3, 2, 7, 6, 5, 4, 3, 2]);
    let check = if first == 10 { check(&[7, 4, 3, 2, 5, 2, 7, 6]) } else { first };
    (10_000_000..150_000_000).contains(&value(&nine)) && check == digit(&nine, 8)
}

/// Letters, without I and O, as 1 to 24; the last digit checks modulo 11.
fn nz_nhi(n: &[u8]) -> bool {
    const LETTERS: &[u8] = b"abcdefghjklmnpqrstuvwxyz";
    let values = n.iter().take(6).map(|b| match b {
        b'0'..=b'9' => Some(u32::from(b - b'0')),
        _ => LETTERS.iter().position(|l| l == b).map(|at| at as u32 + 1),
    });
    let Some(values) = values.collect::<Option<Vec<u32>>>() else { return false };
    let rest = values.iter().zip([7, 6, 5, 4, 3, 2]).map(|(v, weight)| v * weight).sum::<u32>() % 11;
    rest != 0 && (11 - rest) % 10 == digit(n, 6)
}

fn za_id(n: &[u8]) -> bool {
    month_day(two(n, 2), two(n, 4)) && digit(n, 10) <= 2 && luhn(n)
}
