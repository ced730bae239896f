//! Argentina, Brazil, Canada, Chile, Colombia, the Dominican Republic, Ecuador, Mexico, Peru, the United States,
//! Uruguay, Venezuela.

use crate::sensitive::checks::{complement_11, digit, luhn, repeats, two, value, weighted, yymmdd};
use crate::sensitive::information_type::Check::{Digits, Rules, Words};
use crate::sensitive::information_type::Confidence::{Low, Medium};
use crate::sensitive::information_type::Family::{Driving, Health, Identity, Passport, Tax};
use crate::sensitive::information_type::InformationType as Row;

/// See the file's head.
pub const TYPES: &[Row] = &[
    Row::new(Tax, "ar_cuit", "Argentina CUIT/CUIL", &["##-########-#"], Digits(ar_cuit))
        .words(&["cuit", "cuil", "clave única de identificación tributaria", "argentine tax"])
        .alone(Low)
        .source("AFIP; OECD TIN page Argentina"),
    Row::new(Identity, "ar_dni", "Argentina DNI", &["##-###-###"], Words)
        .words(&["dni argentino", "documento nacional de identidad", "argentine id", "dni"])
        .source("RENAPER"),
    Row::new(Identity, "br_cpf", "Brazil CPF", &["###-###-###-##"], Digits(br_cpf))
        .words(&["cpf", "cadastro de pessoas físicas", "brazilian id"])
        .alone(Low)
        .source("Receita Federal; OECD TIN page Brazil"),
    Row::new(Tax, "br_cnpj", "Brazil CNPJ", &["##-###-###-####-##"], Digits(br_cnpj))
        .words(&["cnpj", "cadastro nacional da pessoa jurídica", "brazilian company"])
        .alone(Low)
        .source("Receita Federal; OECD TIN page Brazil"),
    Row::new(Driving, "br_cnh", "Brazil driving licence (CNH)", &["###########"], Words)
        .words(&["cnh", "carteira nacional de habilitação", "carteira de motorista"])
        .source("SENATRAN"),
    Row::new(Identity, "ca_sin", "Canada social insurance number (SIN)", &["###-###-###"], Digits(ca_sin))
        .words(&["sin", "social insurance", "social insurance number", "numéro d'assurance sociale", "nas"])
        .source("Employment and Social Development Canada; Luhn"),
    Row::new(
        Health,
        "ca_ohip",
        "Canada Ontario health card (OHIP)",
        &["####-###-###", "####-###-###-@@"],
        Digits(ca_ohip),
    )
    .words(&["ohip", "ontario health", "carte santé", "health card"])
    .source("Ontario Ministry of Health; Luhn"),
    Row::new(Passport, "ca_passport", "Canada passport", &["@@######", "@######@@"], Words)
        .words(&["canadian passport", "passeport canadien"])
        .source("IRCC; PRADO: CAN-AO"),
    Row::new(Identity, "cl_rut", "Chile RUT/RUN", &["##-###-###-?", "#-###-###-?"], Digits(cl_rut))
        .words(&["rut", "rol único nacional", "rol único tributario", "cédula de identidad", "chilean id"])
        .source("Servicio de Impuestos Internos; OECD TIN page Chile"),
    Row::new(Tax, "co_nit", "Colombia NIT", &["###-###-###-#", "##########"], Digits(co_nit))
        .words(&["nit", "número de identificación tributaria", "colombian tax"])
        .source("DIAN; OECD TIN page Colombia"),
    Row::new(Identity, "co_cedula", "Colombia citizenship card", &["#-###-###-###", "##-###-###"], Words)
        .words(&["cédula de ciudadanía", "cedula de ciudadania", "colombian id"])
        .source("Registraduría Nacional del Estado Civil"),
    Row::new(Identity, "do_cedula", "Dominican Republic identity card", &["###-#######-#"], Digits(luhn_not_repeated))
        .words(&["cédula", "cedula", "dominican id"])
        .source("Junta Central Electoral; Luhn"),
    Row::new(Identity, "ec_cedula", "Ecuador identity card", &["#########-#"], Digits(ec_cedula))
        .words(&["cédula", "cedula", "cédula de identidad", "ecuadorian id"])
        .source("Registro Civil; Wikipedia, Cédula de identidad"),
    Row::new(Identity, "mx_curp", "Mexico CURP", &["@@@@######@@@@@@??"], Digits(mx_curp))
        .words(&["curp", "clave única de registro de población"])
        .alone(Medium)
        .source("RENAPO, Instructivo normativo CURP"),
    Row::new(Tax, "mx_rfc", "Mexico RFC", &["@@@@-######-???", "@@@-######-???"], Digits(mx_rfc))
        .words(&["rfc", "registro federal de contribuyentes", "mexican tax"])
        .source("SAT; OECD TIN page Mexico"),
    Row::new(
        Identity,
        "mx_nss",
        "Mexico social security number (NSS)",
        &["##-##-##-####-#", "###########"],
        Digits(luhn_not_repeated),
    )
    .words(&["nss", "imss", "número de seguridad social", "seguro social"])
    .source("IMSS; Luhn"),
    Row::new(Tax, "pe_ruc", "Peru RUC", &["###########"], Digits(pe_ruc))
        .words(&["ruc", "registro único de contribuyentes", "peruvian tax"])
        .source("SUNAT; OECD TIN page Peru"),
    Row::new(
        Driving,
        "us_driver_license",
        "U.S. driver's license",
        &[
            "@#######",
            "@########",
            "@############",
            "########",
            "#########",
            "@###-###-###-###",
            "@@######",
            "@##-##-####",
        ],
        Words,
    )
    .words(&[
        "driver's license",
        "drivers license",
        "driver license",
        "dl number",
        "dl#",
        "license number",
        "driver licence",
    ])
    .source("AAMVA; each state's own form"),
    Row::new(Tax, "us_ein", "U.S. employer identification number (EIN)", &["##-#######"], Words)
        .words(&["ein", "employer identification", "federal tax id", "fein"])
        .source("IRS Publication 1635"),
    Row::new(Tax, "us_itin", "U.S. individual taxpayer identification number (ITIN)", &["###-##-####"], Rules(us_itin))
        .words(&["itin", "individual taxpayer", "tax id", "taxpayer"])
        .source("IRS, IRM 3.21.263"),
    Row::new(Health, "us_mbi", "U.S. Medicare beneficiary identifier (MBI)", &["#@?#-@?#-@@##"], Rules(us_mbi))
        .words(&["medicare", "mbi", "beneficiary"])
        .worded()
        .source("CMS, MBI format"),
    Row::new(Passport, "us_passport", "U.S. passport", &["#########", "@########"], Words)
        .words(&["us passport", "u.s. passport", "american passport", "united states passport", "passport card"])
        .source("U.S. Department of State"),
    Row::new(Identity, "us_ssn", "U.S. social security number (SSN)", &["###=##=####"], Rules(us_ssn))
        .words(&["ssn", "ssn#", "ss#", "social security", "social security number", "soc sec", "ssid"])
        .worded()
        .source("SSA, Social Security Number Randomization"),
    Row::new(
        Identity,
        "us_ssn_unformatted",
        "U.S. social security number (SSN), unformatted",
        &["###-##-####"],
        Rules(us_ssn),
    )
    .words(&["ssn", "ssn#", "ss#", "social security", "social security number", "soc sec", "ssid"])
    .source("SSA, Social Security Number Randomization"),
    Row::new(Identity, "uy_ci", "Uruguay identity card", &["#-###-###-#"], Digits(uy_ci))
        .words(&["cédula de identidad", "cédula", "uruguayan id"])
        .source("DNIC; Wikipedia, Documento de identidad (Uruguay)"),
    Row::new(Tax, "ve_rif", "Venezuela RIF", &["@-########-#"], Digits(ve_rif))
        .words(&["rif", "registro de información fiscal", "venezuelan tax"])
        .source("SENIAT; Wikipedia, RIF"),
];

fn luhn_not_repeated(n: &[u8]) -> bool {
    !repeats(n) && luhn(n)
}

fn ar_cuit(n: &[u8]) -> bool {
    let check = complement_11(weighted(n, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]));
    let kind = matches!(two(n, 0), 20 | 23 | 24 | 27 | 30 | 33 | 34 | 50 | 51 | 55);
    kind && (if check == 10 { 9 } else { check }) == digit(n, 10)
}

/// Two digits that each make the weighted sum divisible by 11, where 10 counts as 0.
fn br_two_checks(n: &[u8], first: &[u32], second: &[u32]) -> bool {
    let at = first.len();
    let check = |weights: &[u32]| complement_11(weighted(n, weights)) % 10;
    !repeats(n) && check(first) == digit(n, at) && check(second) == digit(n, at + 1)
}

fn br_cpf(n: &[u8]) -> bool {
    br_two_checks(n, &[10, 9, 8, 7, 6, 5, 4, 3, 2], &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
}

fn br_cnpj(n: &[u8]) -> bool {
    br_two_checks(n, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

fn ca_sin(n: &[u8]) -> bool {
    !matches!(digit(n, 0), 0 | 8) && luhn_not_repeated(n)
}

fn ca_ohip(n: &[u8]) -> bool {
    n.get(..10).is_some_and(|ten| digit(n, 0) != 0 && luhn_not_repeated(ten))
}

fn cl_rut(n: &[u8]) -> bool {
    let Some((last, others)) = n.split_last() else { return false };
    let reversed: Vec<u8> = others.iter().rev().copied().collect();
    let check = complement_11(weighted(&reversed, &[2, 3, 4, 5, 6, 7, 2, 3, 4]));
    !repeats(others) && (if check == 10 { b'k' } else { b'0' + check as u8 }) == *last
}

fn co_nit(n: &[u8]) -> bool {
    let rest = weighted(n, &[41, 37, 29, 23, 19, 17, 13, 7, 3]) % 11;
    !repeats(n) && (if rest < 2 { rest } else { 11 - rest }) == digit(n, 9)
}

fn ec_cedula(n: &[u8]) -> bool {
    let province = two(n, 0);
    ((1..=24).contains(&province) || province == 30) && digit(n, 2) <= 6 && luhn_not_repeated(n)
}

/// Digits and letters by their place in an alphabet with Ñ, or in the RFC an ampersand, behind N.
fn mx_value(b: u8) -> u32 {
    match b {
        b'0'..=b'9' => u32::from(b - b'0'),
        b'a'..=b'n' => u32::from(b - b'a') + 10,
        _ => u32::from(b.wrapping_sub(b'a')) + 11,
    }
}

fn mx_curp(n: &[u8]) -> bool {
    let sum: u32 = n.iter().take(17).zip((2..=18).rev()).map(|(b, weight)| mx_value(*b) * weight).sum();
    let date = yymmdd(n.get(4..).unwrap_or_default());
    date && n.get(10).is_some_and(|b| b"hmx".contains(b)) && (10 - sum % 10) % 10 == digit(n, 17)
}

fn mx_rfc(n: &[u8]) -> bool {
    // Companies have a letter less, for which a space with the value 37 stands.
    let letters = n.len().saturating_sub(9);
    let missing = if n.len() == 12 { 37 * 13 } else { 0 };
    let weights = (2..=(n.len() as u32)).rev();
    let sum: u32 = missing + n.iter().zip(weights).map(|(b, weight)| mx_value(*b) * weight).sum::<u32>();
    let check = match complement_11(sum) {
        10 => b'a',
        check => b'0' + check as u8,
    };
    yymmdd(n.get(letters..).unwrap_or_default()) && n.last() == Some(&check)
}

fn pe_ruc(n: &[u8]) -> bool {
    let check = (11 - weighted(n, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 10;
    matches!(two(n, 0), 10 | 15 | 16 | 17 | 20) && check == digit(n, 10)
}

fn us_itin(n: &[u8]) -> bool {
    let group = two(n, 3);
    digit(n, 0) == 9 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// Neither S, L, O, I, B nor Z, so that no letter is taken for a digit.
fn us_mbi(n: &[u8]) -> bool {
    let letters = n.iter().filter(|b| b.is_ascii_alphabetic()).all(|b| !b"slobiz".contains(b));
    (1..=9).contains(&digit(n, 0)) && letters
}

/// No area 000, 666 or 9xx, no group 00, no serial 0000, and not the numbers of advertisements.
fn us_ssn(n: &[u8]) -> bool {
    let (Some(area), Some(group), Some(serial)) = (n.get(..3), n.get(3..5), n.get(5..)) else { return false };
    let shown: [&[u8]; 4] = [b"078051120", b"219099999", b"123456789", b"987654321"];
    let issued = area != b"000" && area != b"666" && area < b"900".as_slice() && group != b"00" && serial != b"0000";
    issued && !repeats(n) && !shown.contains(&n)
}

fn uy_ci(n: &[u8]) -> bool {
    let sum = weighted(n, &[2, 9, 8, 7, 6, 3, 4]);
    !repeats(n) && (10 - sum % 10) % 10 == digit(n, 7)
}

fn ve_rif(n: &[u8]) -> bool {
    let kind = match n.first() {
        Some(b'v') => 4,
        Some(b'e') => 8,
        Some(b'j' | b'c') => 12,
        Some(b'p') => 16,
        Some(b'g') => 20,
        _ => return false,
    };
    let digits = n.get(1..).unwrap_or_default();
    let check = complement_11(kind + weighted(digits, &[3, 2, 7, 6, 5, 4, 3, 2]));
    value(digits) != 0 && check % 10 == digit(digits, 8)
}
