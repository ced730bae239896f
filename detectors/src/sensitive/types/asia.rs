//! China, Hong Kong, India, Indonesia, Iran, Israel, Japan, Korea, Malaysia, Pakistan, the Philippines, Saudi Arabia,
//! Singapore, Sri Lanka, Taiwan, Thailand, the United Arab Emirates, Vietnam.

use crate::sensitive::checks::{
    alphanumeric, digit, luhn, mod_11_2, month_day, repeats, two, value, verhoeff, weighted, yymmdd,
};
use crate::sensitive::information_type::Check::{Digits, Rules, Words};
use crate::sensitive::information_type::Confidence::{Low, Medium};
use crate::sensitive::information_type::Family::{Driving, Identity, Passport, Tax};
use crate::sensitive::information_type::InformationType as Row;

/// See the file's head.
pub const TYPES: &[Row] = &[
    Row::new(Identity, "ae_emirates_id", "United Arab Emirates identity card", &["784-####-#######-#"], Digits(luhn))
        .words(&["emirates id", "الهوية الإماراتية", "رقم الهوية", "uae id"])
        .alone(Medium)
        .source("ICP; Luhn"),
    Row::new(
        Identity,
        "cn_resident_id",
        "China resident identity card",
        &["######-########-###?"],
        Digits(cn_resident_id),
    )
    .words(&["身份证", "身份證", "居民身份证", "公民身份号码", "resident identity", "chinese id"])
    .alone(Medium)
    .source("GB 11643-1999: ISO 7064 MOD 11-2"),
    Row::new(Passport, "cn_passport", "China passport", &["@########", "@@#######"], Words)
        .words(&["护照", "護照", "chinese passport"])
        .source("PRADO: CHN-AO"),
    Row::new(Identity, "hk_id", "Hong Kong identity card (HKID)", &["@######-?", "@@######-?"], Digits(hk_id))
        .words(&["hkid", "香港身份證", "身份證號碼", "hong kong id", "hong kong identity"])
        .source("Immigration Department; Wikipedia, Hong Kong identity card"),
    Row::new(Identity, "id_nik", "Indonesia NIK (KTP)", &["################"], Rules(id_nik))
        .words(&["nik", "ktp", "nomor induk kependudukan", "indonesian id"])
        .source("Dukcapil; Wikipedia, Nomor Induk Kependudukan"),
    Row::new(Identity, "il_teudat_zehut", "Israel identity number", &["########-#"], Digits(il_teudat_zehut))
        .words(&["תעודת זהות", "מספר זהות", "teudat zehut", "israeli id"])
        .source("Population and Immigration Authority; Luhn"),
    Row::new(Identity, "in_aadhaar", "India Aadhaar", &["####-####-####"], Digits(in_aadhaar))
        .words(&["aadhaar", "aadhar", "uidai", "आधार"])
        .source("UIDAI; Verhoeff"),
    Row::new(Tax, "in_pan", "India PAN", &["@@@@@####@"], Rules(in_pan))
        .words(&["pan", "pan card", "pan number", "permanent account number", "income tax"])
        .source("Income Tax Department, Rule 114"),
    Row::new(Tax, "in_gstin", "India GSTIN", &["##@@@@@####@?z?"], Digits(in_gstin))
        .words(&["gstin", "gst", "goods and services tax"])
        .alone(Medium)
        .source("GSTN: check character modulo 36"),
    Row::new(Identity, "in_voter_id", "India voter identity card (EPIC)", &["@@@#######"], Words)
        .words(&["voter", "voter id", "epic number", "election commission"])
        .source("Election Commission of India"),
    Row::new(Passport, "in_passport", "India passport", &["@-#######"], Words)
        .words(&["indian passport", "पासपोर्ट"])
        .source("Passport Seva; PRADO: IND-AO"),
    Row::new(Identity, "ir_national_id", "Iran national number", &["###-######-#"], Digits(ir_national_id))
        .words(&["کد ملی", "شماره ملی", "code melli", "iranian id"])
        .source("Wikipedia, National identification number"),
    Row::new(Identity, "jp_my_number", "Japan My Number", &["####-####-####"], Digits(jp_my_number))
        .words(&["マイナンバー", "個人番号", "my number", "mynumber"])
        .source("総務省令第85号"),
    Row::new(Passport, "jp_passport", "Japan passport", &["@@#######"], Words)
        .words(&["パスポート", "旅券番号", "旅券", "japanese passport"])
        .source("PRADO: JPN-AO"),
    Row::new(Driving, "jp_driving_licence", "Japan driving licence", &["############"], Words)
        .words(&["運転免許証", "免許証番号", "運転免許"])
        .source("警察庁"),
    Row::new(Identity, "kr_rrn", "Korea resident registration number (RRN)", &["######-#######"], Rules(kr_rrn))
        .words(&["주민등록번호", "주민번호", "resident registration", "rrn", "korean rrn"])
        .alone(Low)
        .source("행정안전부; since October 2020 without check digit"),
    Row::new(Tax, "kr_brn", "Korea business registration number", &["###-##-#####"], Digits(kr_brn))
        .words(&["사업자등록번호", "사업자번호", "business registration", "brn"])
        .source("국세청; OECD TIN page Korea"),
    Row::new(Driving, "kr_driver_license", "Korea driver's licence", &["##-##-######-##"], Words)
        .words(&["운전면허", "면허번호", "운전면허번호", "korean driver"])
        .source("경찰청"),
    Row::new(Passport, "kr_passport", "Korea passport", &["@########", "@###@####"], Rules(kr_passport))
        .words(&["여권", "여권번호", "korean passport"])
        .source("외교부; PRADO: KOR-AO"),
    Row::new(Identity, "lk_nic", "Sri Lanka identity card (NIC)", &["#########@"], Rules(lk_nic))
        .words(&["nic", "national identity card", "sri lankan id"])
        .source("Department for Registration of Persons"),
    Row::new(Identity, "my_nric", "Malaysia identity card (MyKad)", &["######-##-####"], Rules(my_nric))
        .words(&["mykad", "nric", "no. k/p", "kad pengenalan", "ic number", "malaysian id"])
        .source("Jabatan Pendaftaran Negara; Wikipedia, MyKad"),
    Row::new(Identity, "ph_tin", "Philippines TIN", &["###-###-###", "###-###-###-###"], Words)
        .words(&["tin", "bir", "philippine tax"])
        .source("BIR; OECD TIN page Philippines"),
    Row::new(Identity, "pk_cnic", "Pakistan identity card (CNIC)", &["#####-#######-#"], Words)
        .words(&["cnic", "nadra", "شناختی کارڈ", "pakistani id"])
        .source("NADRA"),
    Row::new(Identity, "sa_national_id", "Saudi Arabia national identity", &["##########"], Digits(sa_national_id))
        .words(&["رقم الهوية", "الهوية الوطنية", "iqama", "إقامة", "saudi id", "absher"])
        .source("Absher; Luhn"),
    Row::new(Identity, "sg_nric", "Singapore NRIC/FIN", &["@#######@"], Digits(sg_nric))
        .words(&["nric", "fin", "singapore id", "identity card number"])
        .alone(Medium)
        .source("ICA; Wikipedia, National Registration Identity Card"),
    Row::new(Identity, "th_national_id", "Thailand identity number", &["#-####-#####-##-#"], Digits(th_national_id))
        .words(&["เลขประจำตัวประชาชน", "บัตรประชาชน", "thai id", "thai national id"])
        .source("Department of Provincial Administration; OECD TIN page Thailand"),
    Row::new(Identity, "tw_national_id", "Taiwan national identity card", &["@#########"], Digits(tw_national_id))
        .words(&["身分證", "身分證字號", "國民身分證", "taiwan id", "taiwanese id"])
        .source("戶政司; Wikipedia, National identification card (Taiwan)"),
    Row::new(Identity, "vn_cccd", "Vietnam citizen identity card (CCCD)", &["############"], Rules(vn_cccd))
        .words(&["cccd", "căn cước", "căn cước công dân", "cmnd", "vietnamese id"])
        .source("Nghị định 137/2015/NĐ-CP"),
];

fn cn_resident_id(n: &[u8]) -> bool {
    let year = n.get(6..10).map_or(0, value);
    (1850..2100).contains(&year) && month_day(two(n, 10), two(n, 12)) && (11..=91).contains(&two(n, 0)) && mod_11_2(n)
}

/// Letters count as 10 to 35, a missing second one as 36; the check may be `a` for 10.
fn hk_id(n: &[u8]) -> bool {
    let Some((last, others)) = n.split_last() else { return false };
    let lead = if others.len() == 7 { 36 * 9 } else { 0 };
    let weights = (2..=others.len() as u32 + 1).rev();
    let sum: u32 = lead + others.iter().zip(weights).map(|(b, weight)| alphanumeric(*b) * weight).sum::<u32>();
    let check = if *last == b'a' { 10 } else { u32::from(last.wrapping_sub(b'0')) };
    (sum + check).is_multiple_of(11)
}

/// Women add 40 to the day.
fn id_nik(n: &[u8]) -> bool {
    (11..=94).contains(&two(n, 0)) && two(n, 6) <= 71 && month_day(two(n, 8), two(n, 6) % 40)
}

fn il_teudat_zehut(n: &[u8]) -> bool {
    !repeats(n) && luhn(n)
}

fn in_aadhaar(n: &[u8]) -> bool {
    let palindrome = n.iter().eq(n.iter().rev());
    digit(n, 0) >= 2 && !palindrome && verhoeff(n)
}

fn in_pan(n: &[u8]) -> bool {
    n.get(3).is_some_and(|b| b"abcfghljpt".contains(b)) && n.get(5..9) != Some(b"0000")
}

fn in_gstin(n: &[u8]) -> bool {
    let Some((last, others)) = n.split_last() else { return false };
    let sum: u32 = others
        .iter()
        .enumerate()
        .map(|(at, b)| {
            let product = alphanumeric(*b) * (at as u32 % 2 + 1);
            product / 36 + product % 36
        })
        .sum();
    let state = (1..=38).contains(&two(n, 0)) || matches!(two(n, 0), 96 | 97 | 99);
    state && (36 - sum % 36) % 36 == alphanumeric(*last)
}

fn ir_national_id(n: &[u8]) -> bool {
    let rest = weighted(n, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    !repeats(n) && (if rest < 2 { rest } else { 11 - rest }) == digit(n, 9)
}

fn jp_my_number(n: &[u8]) -> bool {
    let rest = weighted(n, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    !repeats(n) && (if rest <= 1 { 0 } else { 11 - rest }) == digit(n, 11)
}

fn kr_rrn(n: &[u8]) -> bool {
    yymmdd(n) && (1..=8).contains(&digit(n, 6))
}

fn kr_brn(n: &[u8]) -> bool {
    let sum = weighted(n, &[1, 3, 7, 1, 3, 7, 1, 3, 5]) + digit(n, 8) * 5 / 10;
    two(n, 0) >= 10 && (10 - sum % 10) % 10 == digit(n, 9)
}

fn kr_passport(n: &[u8]) -> bool {
    n.first().is_some_and(|b| b"mrsdgt".contains(b))
}

/// The day of the year, 500 more for women; `v` or `x` says whether its bearer may vote.
fn lk_nic(n: &[u8]) -> bool {
    let day = n.get(2..5).map_or(0, value) % 500;
    (1..=366).contains(&day) && n.last().is_some_and(|b| b"vx".contains(b))
}

fn my_nric(n: &[u8]) -> bool {
    let place = two(n, 6);
    yymmdd(n) && !matches!(place, 0 | 17..=20 | 69 | 70 | 73 | 80 | 81 | 94..=97)
}

fn sa_national_id(n: &[u8]) -> bool {
    matches!(digit(n, 0), 1 | 2) && luhn(n)
}

fn sg_nric(n: &[u8]) -> bool {
    let sum = weighted(n.get(1..8).unwrap_or_default(), &[2, 7, 6, 5, 4, 3, 2]);
    let (offset, letters): (u32, &[u8]) = match n.first() {
        Some(b's') => (0, b"jzihgfedcba"),
        Some(b't') => (4, b"jzihgfedcba"),
        Some(b'f') => (0, b"xwutrqpnmlk"),
        Some(b'g') => (4, b"xwutrqpnmlk"),
        Some(b'm') => (3, b"xwutrqpnjlk"),
        _ => return false,
    };
    letters.get(((sum + offset) % 11) as usize) == n.get(8)
}

fn th_national_id(n: &[u8]) -> bool {
    let sum = weighted(n, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    digit(n, 0) != 0 && !repeats(n) && (11 - sum % 11) % 10 == digit(n, 12)
}

/// The letter of the place of first registration counts as two digits.
fn tw_national_id(n: &[u8]) -> bool {
    const PLACES: [u32; 26] =
        [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];
    let letter = usize::from(n.first().copied().unwrap_or_default().wrapping_sub(b'a'));
    let Some(place) = PLACES.get(letter) else { return false };
    let digits = n.get(1..).unwrap_or_default();
    let sum = place / 10 + place % 10 * 9 + weighted(digits, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    matches!(digit(n, 1), 1 | 2 | 8 | 9) && sum.is_multiple_of(10)
}

/// Province, then century and sex.
fn vn_cccd(n: &[u8]) -> bool {
    n.get(..3).is_some_and(|province| (1..=96).contains(&value(province))) && digit(n, 3) <= 3
}
