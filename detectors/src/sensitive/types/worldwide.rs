//! Types of no single country, and those of banking and medicine: cards, accounts, prescribers, contacts.

use crate::sensitive::checks::{digit, luhn, repeats, two, value, weighted};
use crate::sensitive::information_type::Check::{Digits, Rules, Words};
use crate::sensitive::information_type::Confidence::{Low, Medium};
use crate::sensitive::information_type::Family::{Bank, Card, Contact, Driving, Health, Medical, Passport, Wallet};
use crate::sensitive::information_type::InformationType as Row;

/// Card numbers, by the shared table.
pub const PAYMENT_CARD: &str = "payment_card";
/// IBANs, by [`super::super::iban`].
pub const IBAN: &str = "iban";
/// Business identifier codes, by [`super::super::worded`].
pub const SWIFT_BIC: &str = "swift_bic";
/// Crypto currencies, by [`super::super::wallet`].
pub const CRYPTO_WALLET: &str = "crypto_wallet";
/// E-mail addresses, by their shape.
pub const EMAIL_ADDRESS: &str = "email_address";
/// Telephone numbers, by [`super::super::phone`].
pub const PHONE_NUMBER: &str = "phone_number";
/// Postal addresses, by [`super::super::worded`].
pub const POSTAL_ADDRESS: &str = "postal_address";
/// Conditions of patients, by [`super::super::worded`].
pub const HEALTH_CONDITION: &str = "health_condition";
/// Names of people, by [`super::super::worded`].
pub const PERSON_NAME: &str = "person_name";

const PHONE_WORDS: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "tel.",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "call me",
    "call us",
    "whatsapp",
    "sms",
    "hotline",
    "telefon",
    "telefonnummer",
    "handy",
    "handynummer",
    "mobil",
    "mobilnummer",
    "téléphone",
    "portable",
    "teléfono",
    "celular",
    "móvil",
    "telefone",
    "telemóvel",
    "telefono",
    "cellulare",
    "telefoon",
    "puhelin",
    "puh",
    "телефон",
    "телефона",
    "тел",
    "电话",
    "電話",
    "手机",
    "手機",
    "携帯",
    "전화",
    "전화번호",
    "휴대폰",
    "هاتف",
    "טלפון",
    "phone number",
    "mobile number",
    "contact number",
    "numer telefonu",
    "τηλέφωνο",
    "cep telefonu",
];

/// See the file's head.
pub const TYPES: &[Row] = &[
    Row::new(
        Card,
        PAYMENT_CARD,
        "Payment card number",
        &[
            "####-####-####-####",
            "####-######-#####",
            "####-######-####",
            "#############",
            "############",
            "###################",
            "####-####-####-####-###",
        ],
        Digits(card),
    )
    .words(&[
        "credit card",
        "card number",
        "debit card",
        "card no",
        "card",
        "cc",
        "cvv",
        "cvc",
        "visa",
        "mastercard",
        "amex",
        "american express",
        "cardholder",
        "expiry",
        "expires",
        "kreditkarte",
        "kreditkartennummer",
        "carte bancaire",
        "carte de crédit",
        "tarjeta",
        "tarjeta de crédito",
        "cartão",
        "carta di credito",
        "creditcard",
        "kredi kartı",
        "信用卡",
        "クレジットカード",
        "신용카드",
        "карта",
    ])
    .alone(Medium)
    .source("ISO/IEC 7812-1: issuer ranges of the networks and Luhn"),
    Row::new(Bank, IBAN, "International bank account number (IBAN)", &[], Digits(by_finder))
        .words(&[
            "iban",
            "bank account",
            "konto",
            "kontonummer",
            "bankverbindung",
            "compte bancaire",
            "cuenta bancaria",
            "rekening",
            "account number",
        ])
        .alone(Medium)
        .source("ISO 13616, SWIFT IBAN Registry: lengths and MOD 97-10"),
    Row::new(Bank, SWIFT_BIC, "SWIFT/BIC code", &[], Words)
        .words(&["swift", "bic", "swift code", "bic code", "swift/bic"])
        .source("ISO 9362"),
    Row::new(Wallet, CRYPTO_WALLET, "Crypto wallet address", &[], Digits(by_finder))
        .words(&["bitcoin", "btc", "ethereum", "eth", "litecoin", "ltc", "tron", "usdt", "ripple", "xrp", "dogecoin"])
        .alone(Medium)
        .source("Base58Check; BIP 173, BIP 350; EIP-55"),
    Row::new(Bank, "us_aba_routing", "U.S. ABA routing number", &["####-####-#", "#########"], Digits(aba))
        .words(&["aba", "routing", "routing number", "routing no", "rtn", "aba number", "wire transfer"])
        .source("American Bankers Association, Key to Routing Numbers"),
    Row::new(
        Bank,
        "us_bank_account",
        "U.S. bank account number",
        &["########", "#########", "##########", "###########", "############", "#############", "##############"],
        Words,
    )
    .words(&[
        "bank account number",
        "checking account",
        "savings account",
        "account number",
        "acct number",
        "bank account",
        "bank acct",
    ])
    .source("No published form; words only"),
    Row::new(Bank, "gb_sort_code", "U.K. sort code", &["##-##-##"], Words)
        .words(&["sort code", "sortcode", "sort-code"])
        .source("Pay.UK"),
    Row::new(Health, "us_dea", "U.S. DEA number", &["@?#######"], Digits(dea))
        .words(&["dea", "dea number", "dea registration", "certificate number", "prescriber"])
        .source("DEA Diversion Control Division"),
    Row::new(Health, "us_npi", "U.S. national provider identifier (NPI)", &["####-###-###", "##########"], Digits(npi))
        .words(&["npi", "national provider", "provider identifier"])
        .source("CMS: Luhn with 80840 in front"),
    Row::new(
        Health,
        "medical_record_number",
        "Medical record number (MRN)",
        &["######", "#######", "########", "#########", "##########"],
        Words,
    )
    .words(&[
        "mrn",
        "medical record",
        "medical record number",
        "patient id",
        "patient number",
        "patientennummer",
        "krankenakte",
    ])
    .source("No published form; words only"),
    Row::new(Medical, "icd_10_code", "Diagnosis code (ICD-10)", &["@##-#", "@##-##", "@##"], Rules(icd_10))
        .words(&[
            "icd",
            "icd-10",
            "icd10",
            "icd-10-cm",
            "diagnosis",
            "diagnoses",
            "diagnosed",
            "diagnose",
            "diagnostic",
            "diagnóstico",
            "diagnosi",
        ])
        .source("WHO, ICD-10 chapters"),
    Row::new(
        Passport,
        "passport_number",
        "Passport number (any country)",
        &["@########", "@@#######", "@#######", "@@######", "@@@######"],
        Words,
    )
    .words(&[
        "passport",
        "passport number",
        "passport no",
        "passports",
        "travel document",
        "passeport",
        "pasaporte",
        "passaporto",
        "paszport",
        "pasaport",
        "паспорт",
        "护照",
        "旅券",
        "여권",
    ])
    .source("ICAO 9303 part 4: at most nine characters"),
    Row::new(
        Driving,
        "driving_licence",
        "Driving licence (any country)",
        &["@#######", "@########", "@@#######", "########@", "@@@######", "@############"],
        Words,
    )
    .words(&[
        "driving licence",
        "driver licence",
        "driving license",
        "führerschein",
        "permis de conduire",
        "permiso de conducir",
        "licencia de conducir",
        "carteira de motorista",
        "rijbewijs",
        "prawo jazdy",
        "körkort",
    ])
    .source("No common form; words only"),
    Row::new(Medical, HEALTH_CONDITION, "Medical condition of a person", &[], Words)
        .source("GDPR, Article 9; words that introduce a diagnosis"),
    Row::new(Contact, EMAIL_ADDRESS, "E-mail address", &[], Digits(by_finder))
        .words(&["email", "e-mail", "mail", "correo", "courriel"])
        .alone(Medium)
        .source("RFC 5321"),
    Row::new(Contact, PHONE_NUMBER, "Telephone number", &[], Words)
        .words(PHONE_WORDS)
        .alone(Low)
        .source("ITU-T E.164 and its list of country codes; NANPA"),
    Row::new(Contact, POSTAL_ADDRESS, "Postal address", &[], Words).source("No common form; words only"),
    Row::new(Contact, PERSON_NAME, "Name of a person", &[], Words).source("Words that introduce a name"),
];

/// What a finder of its own has checked already.
fn by_finder(_: &[u8]) -> bool {
    true
}

/// Issuer ranges of American Express, Diners, Discover, JCB, Maestro, Mastercard, Mir, RuPay, UATP, UnionPay, Visa.
fn card(n: &[u8]) -> bool {
    let first = |count: usize| n.get(..count).map_or(0, value);
    let issuer = match n.len() {
        12 => matches!(first(4), 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763),
        13 => first(1) == 4,
        14 => matches!(first(3), 300..=305 | 309) || matches!(first(2), 36 | 38 | 39),
        15 => matches!(first(2), 34 | 37) || first(1) == 1 && first(4) != 1000 || matches!(first(4), 1800 | 2131),
        16 => {
            first(1) == 4
                || matches!(first(2), 51..=55 | 36 | 38 | 39 | 60 | 65 | 81 | 82)
                || matches!(first(4), 2200..=2204 | 2221..=2720 | 3088 | 3096 | 3112 | 3158 | 3337 | 3528..=3589)
                || matches!(first(3), 300..=305 | 508 | 644..=649)
                || matches!(first(4), 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763)
                || first(2) == 62
        }
        19 => {
            first(1) == 4 || first(2) == 62 || matches!(first(4), 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763 | 6011)
        }
        _ => false,
    };
    issuer && !repeats(n.get(1..).unwrap_or_default()) && luhn(n)
}

fn aba(n: &[u8]) -> bool {
    let district = matches!(two(n, 0), 1..=12 | 21..=32 | 61..=72 | 80);
    district && weighted(n, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

fn dea(n: &[u8]) -> bool {
    let d = n.get(2..).unwrap_or_default();
    let odd = weighted(d, &[1, 0, 1, 0, 1]);
    let even = weighted(d, &[0, 2, 0, 2, 0, 2]);
    let kind = n.first().is_some_and(|b| b"abcdefghjklmprstux".contains(b));
    kind && n.get(1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'9')
        && !repeats(d)
        && (odd + even) % 10 == digit(d, 6)
}

fn npi(n: &[u8]) -> bool {
    let full: Vec<u8> = b"80840".iter().chain(n).copied().collect();
    matches!(digit(n, 0), 1 | 2) && luhn(&full)
}

/// All letters but U, which is kept for new diseases of uncertain cause.
fn icd_10(n: &[u8]) -> bool {
    n.first().is_some_and(|b| *b != b'u')
}
