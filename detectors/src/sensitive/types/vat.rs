//! Value added tax numbers with their country's prefix (European Commission, VIES; the tax authorities' own).

use crate::sensitive::checks::{complement_11, digit, luhn, mod_11_10, mod_97, repeats, two, value, weighted};
use crate::sensitive::information_type::Check::{Digits, Rules};
use crate::sensitive::information_type::Confidence::Low;
use crate::sensitive::information_type::Family::Vat;
use crate::sensitive::information_type::InformationType as Row;

const VIES: &str = "European Commission, VIES, structure and check of VAT numbers";

/// See the file's head.
pub const TYPES: &[Row] = &[
    Row::new(Vat, "at_vat", "Austria VAT number (UID)", &["atu-########"], Digits(at))
        .words(&["uid", "ust-id", "umsatzsteuer"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "be_vat", "Belgium VAT number", &["be-####-###-###"], Digits(be))
        .words(&["btw", "tva", "ondernemingsnummer"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "bg_vat", "Bulgaria VAT number", &["bg-#########", "bg-##########"], Rules(any))
        .words(&["ддс", "vat"])
        .source(VIES),
    Row::new(Vat, "ch_vat", "Switzerland VAT number (UID)", &["che-###-###-###"], Digits(ch))
        .words(&["mwst", "tva", "iva", "uid"])
        .alone(Low)
        .source("ESTV/BFS, UID-Register"),
    Row::new(Vat, "cz_vat", "Czechia VAT number (DIČ)", &["cz-########"], Digits(cz))
        .words(&["dič", "dic", "ičo"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "de_vat", "Germany VAT number (USt-IdNr.)", &["de-###-###-###", "de-#########"], Digits(de))
        .words(&["ust-idnr", "ust-id", "umsatzsteuer-identifikationsnummer", "umsatzsteuer"])
        .alone(Low)
        .source("BZSt: ISO 7064 MOD 11,10"),
    Row::new(Vat, "dk_vat", "Denmark VAT number (CVR)", &["dk-##-##-##-##"], Digits(dk))
        .words(&["moms", "cvr"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "ee_vat", "Estonia VAT number (KMKR)", &["ee-#########"], Digits(ee))
        .words(&["kmkr", "käibemaks"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "es_vat", "Spain VAT number (NIF-IVA)", &["es-?#######?"], Rules(any))
        .words(&["nif-iva", "nif iva", "iva"])
        .source(VIES),
    Row::new(Vat, "fi_vat", "Finland VAT number (ALV)", &["fi-########"], Digits(fi))
        .words(&["alv", "y-tunnus"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "fr_vat", "France VAT number (TVA)", &["fr-##-###-###-###"], Digits(fr))
        .words(&["tva", "tva intracommunautaire", "siren"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "gb_vat", "U.K. VAT number", &["gb-###-####-##"], Digits(gb))
        .words(&["vat reg", "vat registration"])
        .alone(Low)
        .source("HMRC, VAT registration number: modulus 97 and 9755"),
    Row::new(Vat, "gr_vat", "Greece VAT number", &["el-#########", "gr-#########"], Digits(gr))
        .words(&["αφμ", "φπα"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "hr_vat", "Croatia VAT number", &["hr-###########"], Digits(hr))
        .words(&["pdv", "oib"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "hu_vat", "Hungary VAT number", &["hu-########"], Digits(hu))
        .words(&["áfa", "adószám"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "ie_vat", "Ireland VAT number", &["ie-#######@", "ie-#######@@"], Rules(any))
        .words(&["cbl"])
        .source(VIES),
    Row::new(Vat, "it_vat", "Italy VAT number with prefix", &["it-###########"], Digits(it))
        .words(&["partita iva", "p.iva", "iva"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "lt_vat", "Lithuania VAT number (PVM)", &["lt-#########"], Digits(lt))
        .words(&["pvm"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "lu_vat", "Luxembourg VAT number", &["lu-########"], Digits(lu))
        .words(&["tva"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "lv_vat", "Latvia VAT number (PVN)", &["lv-###########"], Rules(any)).words(&["pvn"]).source(VIES),
    Row::new(Vat, "mt_vat", "Malta VAT number", &["mt-########"], Digits(mt))
        .words(&["vat reg"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "nl_vat", "Netherlands VAT number (btw-id)", &["nl-#########-b##"], Digits(nl))
        .words(&["btw", "btw-id", "btw-nummer"])
        .alone(Low)
        .source("Belastingdienst: MOD 97 since 2020; elfproef before"),
    Row::new(Vat, "no_vat", "Norway VAT number (MVA)", &["no-#########-mva", "###-###-###-mva"], Rules(any))
        .words(&["mva", "merverdiavgift"])
        .alone(Low)
        .source("Skatteetaten"),
    Row::new(Vat, "pl_vat", "Poland VAT number", &["pl-##########"], Digits(pl))
        .words(&["nip", "vat ue"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "pt_vat", "Portugal VAT number", &["pt-#########"], Digits(pt))
        .words(&["nif", "iva"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "ro_vat", "Romania VAT number", &["ro-########", "ro-#######"], Rules(any))
        .words(&["tva", "cod tva"])
        .source(VIES),
    Row::new(Vat, "se_vat", "Sweden VAT number (moms)", &["se-##########01"], Digits(se))
        .words(&["moms", "momsregistreringsnummer"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "si_vat", "Slovenia VAT number (DDV)", &["si-########"], Digits(si))
        .words(&["ddv", "id za ddv"])
        .alone(Low)
        .source(VIES),
    Row::new(Vat, "sk_vat", "Slovakia VAT number (IČ DPH)", &["sk-##########"], Digits(sk))
        .words(&["ič dph", "dph"])
        .alone(Low)
        .source(VIES),
];

/// The digits behind a prefix of letters.
fn digits(n: &[u8]) -> &[u8] {
    let prefix = n.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    n.get(prefix..).unwrap_or_default()
}

fn any(n: &[u8]) -> bool {
    !repeats(digits(n))
}

fn at(n: &[u8]) -> bool {
    let d = digits(n);
    let sum: u32 = (0..7)
        .map(|at| {
            let product = digit(d, at) * (at as u32 % 2 + 1);
            product / 10 + product % 10
        })
        .sum();
    (96 - sum) % 10 == digit(d, 7)
}

fn be(n: &[u8]) -> bool {
    let d = digits(n);
    let (Some(base), Some(check)) = (d.get(..8), d.get(8..)) else { return false };
    digit(d, 0) <= 1 && value(base) != 0 && 97 - value(base) % 97 == value(check)
}

fn ch(n: &[u8]) -> bool {
    let d = digits(n);
    !repeats(d) && complement_11(weighted(d, &[5, 4, 3, 2, 7, 6, 5, 4])) == digit(d, 8)
}

fn cz(n: &[u8]) -> bool {
    let d = digits(n);
    let check = (11 - weighted(d, &[8, 7, 6, 5, 4, 3, 2]) % 11) % 10;
    !repeats(d) && digit(d, 0) != 9 && check == digit(d, 7)
}

fn de(n: &[u8]) -> bool {
    digit(digits(n), 0) != 0 && mod_11_10(digits(n))
}

fn dk(n: &[u8]) -> bool {
    let d = digits(n);
    digit(d, 0) != 0 && weighted(d, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

fn ee(n: &[u8]) -> bool {
    let d = digits(n);
    !repeats(d) && weighted(d, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

fn fi(n: &[u8]) -> bool {
    let d = digits(n);
    !repeats(d) && complement_11(weighted(d, &[7, 9, 10, 5, 8, 4, 2])) == digit(d, 7)
}

/// The key is 12 and three times the SIREN number modulo 97; the SIREN number has Luhn's digit.
fn fr(n: &[u8]) -> bool {
    let d = digits(n);
    let Some(siren) = d.get(2..) else { return false };
    !repeats(siren) && luhn(siren) && (12 + 3 * (value(siren) % 97)) % 97 == u64::from(two(d, 0))
}

fn gb(n: &[u8]) -> bool {
    let d = digits(n);
    let sum = weighted(d, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
    !repeats(d) && matches!(sum, 0 | 42 | 55)
}

fn gr(n: &[u8]) -> bool {
    let d = digits(n);
    !repeats(d) && weighted(d, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == digit(d, 8)
}

fn hr(n: &[u8]) -> bool {
    !repeats(digits(n)) && mod_11_10(digits(n))
}

fn hu(n: &[u8]) -> bool {
    let d = digits(n);
    !repeats(d) && weighted(d, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10)
}

fn it(n: &[u8]) -> bool {
    let d = digits(n);
    !repeats(d) && luhn(d)
}

fn lt(n: &[u8]) -> bool {
    let d = digits(n);
    let first = weighted(d, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11;
    let second = weighted(d, &[3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    digit(d, 7) == 1 && (if first < 10 { first } else { second % 10 }) == digit(d, 8)
}

fn lu(n: &[u8]) -> bool {
    let d = digits(n);
    d.get(..6).is_some_and(|base| value(base) != 0 && value(base) % 89 == u64::from(two(d, 6)))
}

fn mt(n: &[u8]) -> bool {
    let d = digits(n);
    digit(d, 0) != 0 && (weighted(d, &[3, 4, 6, 7, 8, 9]) + two(d, 6)).is_multiple_of(37)
}

fn nl(n: &[u8]) -> bool {
    let d = digits(n);
    let bsn = weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == digit(d, 8);
    !repeats(d.get(..9).unwrap_or_default()) && (bsn || mod_97(n.iter().copied()) == 1)
}

fn pl(n: &[u8]) -> bool {
    let d = digits(n);
    !repeats(d) && weighted(d, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == digit(d, 9)
}

fn pt(n: &[u8]) -> bool {
    let d = digits(n);
    digit(d, 0) != 0 && !repeats(d) && complement_11(weighted(d, &[9, 8, 7, 6, 5, 4, 3, 2])) % 10 == digit(d, 8)
}

fn se(n: &[u8]) -> bool {
    digits(n).get(..10).is_some_and(|ten| !repeats(ten) && luhn(ten))
}

fn si(n: &[u8]) -> bool {
    let d = digits(n);
    digit(d, 0) != 0 && !repeats(d) && complement_11(weighted(d, &[8, 7, 6, 5, 4, 3, 2])) % 10 == digit(d, 7)
}

fn sk(n: &[u8]) -> bool {
    let d = digits(n);
    digit(d, 0) != 0 && matches!(digit(d, 2), 2..=4 | 7..=9) && value(d).is_multiple_of(11)
}
