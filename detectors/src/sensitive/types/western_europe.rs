//! Austria, Belgium, France, Germany, Ireland, Luxembourg, the Netherlands, Switzerland, the United Kingdom.

use crate::sensitive::checks::{
    complement_11, digit, icao, luhn, mod_11_10, month_day, repeats, two, value, verhoeff, weighted,
};
use crate::sensitive::information_type::Check::{Digits, Rules, Words};
use crate::sensitive::information_type::Confidence::{Low, Medium};
use crate::sensitive::information_type::Family::{Driving, Health, Identity, Passport, Tax};
use crate::sensitive::information_type::InformationType as Row;

/// See the file's head.
pub const TYPES: &[Row] = &[
    Row::new(Identity, "at_svnr", "Austria social insurance number (SVNR)", &["####-######"], Digits(at_svnr))
        .words(&["svnr", "sozialversicherungsnummer", "versicherungsnummer", "e-card", "austrian social security"])
        .source("Dachverband der Sozialversicherungsträger"),
    Row::new(
        Identity,
        "be_national_number",
        "Belgium national number",
        &["##-##-##-###-##", "######-###-##"],
        Digits(be_nn),
    )
    .words(&[
        "rijksregister",
        "rijksregisternummer",
        "registre national",
        "numéro national",
        "national number",
        "niss",
        "insz",
    ])
    .alone(Low)
    .source("IBZ, Rijksregister: 97 less the rest of nine digits"),
    Row::new(Identity, "ch_ahv", "Switzerland AHV/AVS number", &["756-####-####-##"], Digits(ch_ahv))
        .words(&[
            "ahv",
            "avs",
            "ahv-nummer",
            "numéro avs",
            "sozialversicherungsnummer",
            "navs13",
            "swiss social security",
        ])
        .alone(Medium)
        .source("Zentrale Ausgleichsstelle ZAS; GS1 check digit"),
    Row::new(Identity, "de_personalausweis", "Germany identity card", &["@????????#"], Digits(de_document))
        .words(&["personalausweis", "ausweisnummer", "ausweis-nr", "german id card", "identitätskarte"])
        .source("BMI, PAuswV; ICAO 9303 part 3"),
    Row::new(
        Identity,
        "de_rentenversicherung",
        "Germany social insurance number (RVNR)",
        &["##-######-@-###"],
        Digits(de_rvnr),
    )
    .words(&["rentenversicherungsnummer", "sozialversicherungsnummer", "versicherungsnummer", "rvnr", "sv-nummer"])
    .alone(Medium)
    .source("Deutsche Rentenversicherung, VKVV § 4"),
    Row::new(Tax, "de_steuer_id", "Germany Steuer-ID", &["##-###-###-###"], Digits(de_steuer_id))
        .words(&[
            "steuer-id",
            "steuerid",
            "steueridentifikationsnummer",
            "steuerliche identifikationsnummer",
            "idnr",
            "identifikationsnummer",
            "german tax id",
        ])
        .source("BZSt; OECD TIN page Germany"),
    Row::new(Passport, "de_reisepass", "Germany passport", &["@????????#", "@########"], Rules(de_passport))
        .words(&["reisepass", "reisepassnummer", "passnummer", "german passport"])
        .source("BMI, PassV; ICAO 9303 part 3"),
    Row::new(Driving, "de_fuehrerschein", "Germany driving licence", &["@##???????#", "@@########@"], Words)
        .words(&["führerschein", "führerscheinnummer", "fahrerlaubnis", "german driving licence"])
        .source("KBA, Fahrerlaubnisregister"),
    Row::new(Health, "de_kvnr", "Germany health insurance number (KVNR)", &["@#########"], Digits(de_kvnr))
        .words(&[
            "krankenversichertennummer",
            "kvnr",
            "krankenversicherung",
            "versichertennummer",
            "krankenkasse",
            "gesundheitskarte",
        ])
        .source("GKV-Spitzenverband, § 290 SGB V"),
    Row::new(Tax, "fr_spi", "France tax number (numéro fiscal)", &["##-##-###-###-###"], Digits(fr_spi))
        .words(&["numéro fiscal", "numéro spi", "référence fiscale", "identifiant fiscal", "french tax number"])
        .source("OECD TIN page France"),
    Row::new(
        Identity,
        "fr_nir",
        "France social security number (INSEE)",
        &["#-##-##-##-###-###-##", "#-##-##-2@-###-###-##"],
        Digits(fr_nir),
    )
    .words(&["numéro de sécurité sociale", "sécurité sociale", "insee", "nir", "numéro de sécu", "carte vitale"])
    .alone(Medium)
    .source("INSEE, Répertoire national d'identification: 97 less the rest"),
    Row::new(Identity, "fr_cni", "France national identity card", &["############"], Words)
        .words(&["carte nationale d'identité", "carte d'identité", "cni"])
        .source("Ministère de l'Intérieur"),
    Row::new(Passport, "fr_passport", "France passport", &["##@@#####"], Words)
        .words(&["passeport", "french passport"])
        .source("Council of the EU, PRADO: FRA-AO"),
    Row::new(
        Driving,
        "gb_driving_licence",
        "U.K. driving licence",
        &["@@@@@-######-?????", "@@@@9-######-?????", "@@@99-######-?????", "@@999-######-?????"],
        Rules(gb_driving),
    )
    .words(&["driving licence", "driver number", "dvla", "driving license"])
    .alone(Low)
    .source("DVLA, driver number format"),
    Row::new(Health, "gb_nhs", "U.K. NHS number", &["###-###-####"], Digits(gb_nhs))
        .words(&["nhs", "nhs number", "nhs no"])
        .source("NHS Data Dictionary: NHS NUMBER"),
    Row::new(
        Identity,
        "gb_nino",
        "U.K. national insurance number (NINO)",
        &["@@-##-##-##-@", "@@-######-@"],
        Rules(gb_nino),
    )
    .words(&["national insurance", "national insurance number", "ni number", "nino", "insurance number"])
    .worded()
    .source("HMRC, NIM39110"),
    Row::new(Passport, "gb_passport", "U.K. passport", &["#########", "@@#######"], Words)
        .words(&["uk passport", "british passport", "united kingdom passport"])
        .source("HM Passport Office; PRADO: GBR-AO"),
    Row::new(Tax, "gb_utr", "U.K. unique taxpayer reference (UTR)", &["#####-#####", "##########"], Digits(gb_utr))
        .words(&["utr", "unique taxpayer reference", "self assessment"])
        .source("HMRC; OECD TIN page United Kingdom"),
    Row::new(Identity, "ie_pps", "Ireland PPS number", &["#######@", "#######@@"], Digits(ie_pps))
        .words(&["pps", "ppsn", "pps number", "personal public service", "uimhir phearsanta"])
        .source("Department of Social Protection; Wikipedia, Personal Public Service Number"),
    Row::new(
        Identity,
        "lu_matricule",
        "Luxembourg national identification number",
        &["####-##-##-###-##", "########-#####"],
        Digits(lu_matricule),
    )
    .words(&["matricule", "numéro d'identification national", "luxembourg id"])
    .alone(Medium)
    .source("CTIE; OECD TIN page Luxembourg"),
    Row::new(
        Tax,
        "nl_bsn",
        "Netherlands citizen service number (BSN)",
        &["###-###-###", "####-##-###", "########"],
        Digits(nl_bsn),
    )
    .words(&["bsn", "burgerservicenummer", "sofinummer", "citizen service number"])
    .source("RvIG, Logisch ontwerp BSN: elfproef"),
    Row::new(Passport, "nl_passport", "Netherlands passport or identity card", &["@@??????#"], Words)
        .words(&["paspoort", "paspoortnummer", "identiteitskaart", "dutch passport"])
        .source("RvIG; PRADO: NLD-AO"),
];

/// The fourth digit checks the others.
fn at_svnr(n: &[u8]) -> bool {
    let month = two(n, 6);
    // Where the serial numbers of a day run out, months count on from 13.
    let date = (1..=15).contains(&month) && (1..=31).contains(&two(n, 4));
    date && digit(n, 0) != 0 && weighted(n, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 == digit(n, 3)
}

fn be_nn(n: &[u8]) -> bool {
    let (Some(base), Some(check)) = (n.get(..9), n.get(9..)) else { return false };
    let (base, check) = (value(base), value(check));
    // Born since 2000: a 2 in front. Where the date is unknown month and day are 0; BIS numbers add 20 or 40.
    let month = two(n, 2) % 20;
    month <= 12
        && two(n, 4) <= 31
        && base != 0
        && [base, base + 2_000_000_000].iter().any(|base| 97 - base % 97 == check)
}

fn ch_ahv(n: &[u8]) -> bool {
    weighted(n, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10)
}

/// Serial numbers have no vowels, and neither B, D, Q, S.
fn de_serial(n: &[u8]) -> bool {
    n.iter().all(|b| b.is_ascii_digit() || b"cfghjklmnprtvwxyz".contains(b))
}

fn de_document(n: &[u8]) -> bool {
    de_serial(n) && b"lmnprtvwxyz".contains(n.first().unwrap_or(&0)) && icao(n)
}

fn de_passport(n: &[u8]) -> bool {
    de_serial(n) && b"cfghjk".contains(n.first().unwrap_or(&0)) && (n.len() == 9 || icao(n))
}

fn de_rvnr(n: &[u8]) -> bool {
    let letter = u32::from(n.get(8).copied().unwrap_or_default().wrapping_sub(b'a')) + 1;
    // A day above 31 tells namesakes of one birthday apart.
    let date = (1..=12).contains(&two(n, 4)) && (1..=81).contains(&two(n, 2));
    let mut digits = [0; 12];
    let values = (0..8).map(|at| digit(n, at)).chain([letter / 10, letter % 10]).chain((9..11).map(|at| digit(n, at)));
    for (to, from) in digits.iter_mut().zip(values) {
        *to = from;
    }
    let products = digits.iter().zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]).map(|(d, weight)| d * weight);
    date && products.map(|p| p / 10 + p % 10).sum::<u32>() % 10 == digit(n, 11)
}

/// One digit stands twice or three times among the first ten, all others once at most.
fn de_steuer_id(n: &[u8]) -> bool {
    let mut counts = [0_u8; 10];
    for at in 0..10 {
        if let Some(count) = counts.get_mut(digit(n, at) as usize) {
            *count += 1;
        }
    }
    let repeated = counts.iter().filter(|count| **count > 1).count();
    let three_in_a_row = n.windows(3).take(8).any(repeats);
    digit(n, 0) != 0 && repeated <= 1 && counts.iter().all(|count| *count <= 3) && !three_in_a_row && mod_11_10(n)
}

/// The letter as two digits, weights 1 and 2, sums of digits.
fn de_kvnr(n: &[u8]) -> bool {
    let letter = u32::from(n.first().copied().unwrap_or_default().wrapping_sub(b'a')) + 1;
    let values = [letter / 10, letter % 10].into_iter().chain((1..9).map(|at| digit(n, at)));
    let sum: u32 = values.zip([1, 2].into_iter().cycle()).map(|(d, w)| d * w / 10 + d * w % 10).sum();
    sum % 10 == digit(n, 9)
}

fn fr_spi(n: &[u8]) -> bool {
    let (Some(base), Some(check)) = (n.get(..10), n.get(10..)) else { return false };
    (0..=3).contains(&digit(n, 0)) && !repeats(n) && value(base) % 511 == value(check)
}

/// Corsica's departments 2A and 2B count as 19 and 18.
fn fr_nir(n: &[u8]) -> bool {
    let mut number = n.to_vec();
    match number.get(6).copied() {
        Some(b'a') => number.splice(5..7, *b"19").for_each(drop),
        Some(b'b') => number.splice(5..7, *b"18").for_each(drop),
        _ => {}
    }
    let (Some(base), Some(check)) = (number.get(..13), number.get(13..)) else { return false };
    // Months from 20 on stand for unknown ones.
    let month = two(&number, 3);
    let born = (1..=12).contains(&month) || (20..=42).contains(&month) || (50..=99).contains(&month);
    matches!(digit(n, 0), 1..=4 | 7 | 8)
        && born
        && number.iter().all(u8::is_ascii_digit)
        && 97 - value(base) % 97 == value(check)
}

/// Surname padded with nines, then the digits of the birthday; of women the month counts on from 50.
fn gb_driving(n: &[u8]) -> bool {
    let tail = n.get(13..).unwrap_or_default();
    month_day(two(n, 6) % 50, two(n, 8))
        && tail.iter().any(u8::is_ascii_alphabetic)
        && n.get(12).is_some_and(|b| *b == b'9' || b.is_ascii_alphabetic())
}

fn gb_nhs(n: &[u8]) -> bool {
    !repeats(n) && complement_11(weighted(n, &[10, 9, 8, 7, 6, 5, 4, 3, 2])) == digit(n, 9)
}

fn gb_nino(n: &[u8]) -> bool {
    let prefix = n.get(..2).unwrap_or_default();
    let letters = matches!(prefix, [a, b] if !b"dfiquv".contains(a) && !b"dfioquv".contains(b));
    let taken = [b"bg", b"gb", b"kn", b"nk", b"nt", b"tn"].iter().any(|p| p.as_slice() == prefix);
    letters && !taken && n.last().is_some_and(|b| b"abcd".contains(b)) && n.get(2..8).is_some_and(|d| d != b"000000")
}

fn gb_utr(n: &[u8]) -> bool {
    let rest = weighted(n.get(1..).unwrap_or_default(), &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11;
    b"21987654321".get(rest as usize).is_some_and(|b| n.first() == Some(b)) && !repeats(n)
}

/// A second letter, since 2013, counts nine times; `w` of old spouses' numbers counts nothing.
fn ie_pps(n: &[u8]) -> bool {
    let second = n.get(8).map_or(0, |b| if *b == b'w' { 0 } else { u32::from(b.wrapping_sub(b'a')) + 1 });
    let rest = (weighted(n.get(..7).unwrap_or_default(), &[8, 7, 6, 5, 4, 3, 2]) + second * 9) % 23;
    let valid_second = n.get(8).is_none_or(|b| b"abcdefghitwx".contains(b));
    valid_second && b"wabcdefghijklmnopqrstuv".get(rest as usize) == n.get(7)
}

/// A birthday, Luhn's digit over the first eleven and Verhoeff's over the same.
fn lu_matricule(n: &[u8]) -> bool {
    let (Some(first), Some(base)) = (n.get(..12), n.get(..11)) else { return false };
    let with = |last: Option<&u8>| base.iter().chain(last).copied().collect::<Vec<u8>>();
    (1850..2100).contains(&value(n.get(..4).unwrap_or_default()))
        && month_day(two(n, 4), two(n, 6))
        && luhn(first)
        && verhoeff(&with(n.get(12)))
}

fn nl_bsn(n: &[u8]) -> bool {
    let nine: Vec<u8> = std::iter::repeat_n(b'0', 9 - n.len().min(9)).chain(n.iter().copied()).collect();
    let sum = weighted(&nine, &[9, 8, 7, 6, 5, 4, 3, 2]);
    !repeats(n) && sum % 11 == digit(&nine, 8)
}
