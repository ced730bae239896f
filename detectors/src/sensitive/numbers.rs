//! Numbers that are right and wrong: for every type with a check, examples that hold and a neighbour that does not.
//!
//! The examples are those that authorities and encyclopedias print, or made up to the published rule; none is
//! known to belong to anybody.

use std::ops::Range;

use super::candidate::{Compact, Visitor, scan};
use super::form::FORMS;
use super::information_type::Check;

/// A type, a number that holds, and one that its check refuses.
pub const NUMBERS: &[(&str, &str, &str)] = &[
    ("payment_card", "4200669217795121", "4200669217795122"),
    ("us_aba_routing", "116394396", "116394397"),
    ("us_dea", "BB1388568", "BG8207031"),
    ("us_npi", "1234567893", "1234567894"),
    ("icd_10_code", "E11.9", "U07.1"),
    ("at_svnr", "1237 010180", "1238 010180"),
    ("be_national_number", "01092348208", "01092348209"),
    ("ch_ahv", "7567248240009", "7567248240000"),
    ("de_personalausweis", "L01X00T471", "L01X00T472"),
    ("de_rentenversicherung", "15 070649 C 103", "15 070649 C 100"),
    ("de_steuer_id", "84396905798", "84396905799"),
    ("de_reisepass", "C01X00T478", "C01X00T479"),
    ("de_kvnr", "A123456780", "A123456787"),
    ("fr_spi", "30 23 217 600 053", "30 23 217 600 054"),
    ("fr_nir", "162109004895408", "162109004895409"),
    ("gb_driving_licence", "MORGA657054SM9IJ", "MORGA657994SM9IJ"),
    ("gb_nhs", "4196164765", "4196164766"),
    ("gb_nino", "AA 12 34 56 B", "FQ 12 34 56 C"),
    ("gb_utr", "1755094557", "1755094558"),
    ("ie_pps", "9745032V", "9745032W"),
    ("lu_matricule", "1893120105732", "1893120105733"),
    ("nl_bsn", "379763011", "379763012"),
    ("dk_cpr", "211062-5629", "321062-5629"),
    ("ee_isikukood", "79412121940", "79412121941"),
    ("fi_hetu", "131052-308T", "131052-308U"),
    ("is_kennitala", "6308554110", "6308554111"),
    ("lt_asmens_kodas", "46409289397", "46409289398"),
    ("lv_personas_kods", "07012718389", "07012718380"),
    ("no_fodselsnummer", "06488323936", "06488323937"),
    ("no_orgnr", "909655781", "909655782"),
    ("se_personnummer", "480423-8204", "480423-8205"),
    ("se_orgnr", "5845289486", "5845289487"),
    ("bg_egn", "7523169263", "7552010004"),
    ("cy_tin", "99644872H", "99644872I"),
    ("es_dni", "93546180M", "93546180N"),
    ("es_nie", "X6597060Q", "X6597060R"),
    ("es_cif", "U6947832I", "U6947832J"),
    ("gr_afm", "269548508", "269548509"),
    ("gr_amka", "01013099997", "01013099999"),
    ("hr_oib", "43428326270", "43428326271"),
    ("it_codice_fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
    ("it_partita_iva", "78272929999", "78272929990"),
    ("mt_id_card", "0123456M", "0123456C"),
    ("pt_nif", "220378304", "220378305"),
    ("pt_cartao_cidadao", "074505656ZP8", "074505656ZP9"),
    ("ro_cnp", "6600510216609", "6600510216600"),
    ("ro_cui", "67625140", "67625141"),
    ("yu_jmbg", "0101006500006", "0101006500007"),
    ("si_davcna", "97991643", "97991644"),
    ("cz_rodne_cislo", "7351212341", "7351212342"),
    ("hu_taj", "123 456 788", "123 456 789"),
    ("hu_adoazonosito", "8071592153", "8071592154"),
    ("kz_iin", "980816300118", "980816300119"),
    ("pl_pesel", "86241904703", "86241904704"),
    ("pl_nip", "2012561768", "2012561769"),
    ("pl_dowod", "ABA300000", "ABA300001"),
    ("ru_inn", "7878250022", "7878250023"),
    ("ru_snils", "112-233-445 95", "112-233-445 96"),
    ("tr_tckn", "91282837842", "91282837843"),
    ("ua_rnokpp", "3740870498", "3740870499"),
    ("ar_cuit", "20485330195", "20485330196"),
    ("br_cpf", "92785861108", "92785861109"),
    ("br_cnpj", "62294179867899", "62294179867890"),
    ("ca_sin", "130 692 544", "130 692 545"),
    ("ca_ohip", "9876543217", "9876543218"),
    ("cl_rut", "072091183", "072091184"),
    ("co_nit", "8489595258", "8489595259"),
    ("do_cedula", "21700066463", "21700066464"),
    ("ec_cedula", "2223990959", "2223990950"),
    ("mx_curp", "BOXW310820HNERXN09", "BOXW310820HNERXN08"),
    ("mx_rfc", "GODE561231GR8", "GODE561231GR7"),
    ("mx_nss", "12345678903", "12345678904"),
    ("pe_ruc", "20465046423", "20465046424"),
    ("us_itin", "911-70-1234", "911-89-1234"),
    ("us_mbi", "1EG4-TE5-MK73", "1SG4-TE5-MK73"),
    ("us_ssn", "536-90-4399", "666-90-4399"),
    ("us_ssn_unformatted", "536904399", "666904399"),
    ("uy_ci", "1.234.567-2", "1.234.567-3"),
    ("ve_rif", "V277956493", "V277956494"),
    ("ae_emirates_id", "784-1990-1234567-6", "784-1990-1234567-7"),
    ("cn_resident_id", "11010519491231002X", "110105194912310021"),
    ("hk_id", "A123456(3", "A123456(4"),
    ("id_nik", "3171011708450001", "3171011713450001"),
    ("il_teudat_zehut", "792502940", "792502941"),
    ("in_aadhaar", "820253636697", "820253636698"),
    ("in_pan", "ABCPE1234F", "ABCXE1234F"),
    ("in_gstin", "27AAPFU0939F1ZV", "27AAPFU0939F1ZW"),
    ("ir_national_id", "0499370899", "0499370898"),
    ("jp_my_number", "047673927455", "047673927456"),
    ("kr_rrn", "960121-1234567", "961321-1234567"),
    ("kr_brn", "104-86-56659", "104-86-56658"),
    ("kr_passport", "M12345678", "A12345678"),
    ("lk_nic", "853400937V", "853400937A"),
    ("my_nric", "770305-02-1234", "771305-02-1234"),
    ("sa_national_id", "1012345672", "1012345673"),
    ("sg_nric", "S2740116C", "S2740116D"),
    ("th_national_id", "6678972142038", "6678972142039"),
    ("tw_national_id", "A123456789", "A123456788"),
    ("vn_cccd", "001200012345", "000200012345"),
    ("au_abn", "79321348682", "79321348683"),
    ("au_acn", "733254763", "733254764"),
    ("au_medicare", "2123 45670 1", "2123 25870 1"),
    ("au_tfn", "322432708", "322432709"),
    ("eg_national_id", "29001011234567", "29013011234567"),
    ("ke_pin", "A123456789Z", "B123456789Z"),
    ("nz_ird", "91447835", "91447836"),
    ("nz_nhi", "ZAC5361", "ZAC5362"),
    ("za_id", "5210273958033", "5210273958034"),
    ("at_vat", "ATU73562502", "ATU73562503"),
    ("be_vat", "BE0031139671", "BE0031139672"),
    ("bg_vat", "BG175074752", "BG111111111"),
    ("ch_vat", "CHE-107.787.577", "CHE-107.787.578"),
    ("cz_vat", "CZ50364090", "CZ50364091"),
    ("de_vat", "DE959080911", "DE959080912"),
    ("dk_vat", "DK14173145", "DK14173146"),
    ("ee_vat", "EE878687163", "EE878687164"),
    ("es_vat", "ESX9613851N", "ES11111111"),
    ("fi_vat", "FI39868843", "FI39868844"),
    ("fr_vat", "FR71386748073", "FR71386748074"),
    ("gb_vat", "GB846666330", "GB846666331"),
    ("gr_vat", "EL495477415", "EL495477416"),
    ("hr_vat", "HR26672689226", "HR26672689227"),
    ("hu_vat", "HU12517390", "HU12517391"),
    ("ie_vat", "IE6433435F", "IE1111111"),
    ("it_vat", "IT42664360528", "IT42664360529"),
    ("lt_vat", "LT945061415", "LT945061416"),
    ("lu_vat", "LU81640710", "LU81640711"),
    ("lv_vat", "LV40003521600", "LV11111111111"),
    ("mt_vat", "MT55365397", "MT55365398"),
    ("nl_vat", "NL811001246B81", "NL811001247B81"),
    ("no_vat", "NO995525828MVA", "NO99552582MVA"),
    ("pl_vat", "PL1512724813", "PL1512724814"),
    ("pt_vat", "PT211487619", "PT211487610"),
    ("ro_vat", "RO18547290", "RO11111111"),
    ("se_vat", "SE042179587301", "SE042179587401"),
    ("si_vat", "SI69031843", "SI69031844"),
    ("sk_vat", "SK1274639806", "SK1274639807"),
];

/// The examples of types with check digits.
pub fn with_check_digits() -> impl Iterator<Item = &'static str> {
    let checked =
        |id: &str| FORMS.place(id).is_some_and(|at| matches!(FORMS.types[usize::from(at)].check, Check::Digits(_)));
    NUMBERS.iter().filter(move |(id, ..)| checked(id)).map(|(_, number, _)| *number)
}

struct One {
    kind: u16,
    length: usize,
    holds: bool,
}

impl Visitor for One {
    fn number(&mut self, range: Range<usize>, number: &Compact, whole: bool) {
        let all = range == (0..self.length) && whole;
        if all && FORMS.matching(number).any(|kind| kind == self.kind) {
            self.holds |= match FORMS.types[usize::from(self.kind)].check {
                Check::Digits(check) | Check::Rules(check) => check(number.bytes()),
                Check::Words => true,
            };
        }
    }

    fn atom(&mut self, _: Range<usize>) -> Option<usize> {
        None
    }
}

fn holds(id: &str, number: &str) -> bool {
    let kind = FORMS.place(id).unwrap_or_else(|| panic!("{id}"));
    let folded = number.to_lowercase();
    let mut one = One { kind, length: folded.len(), holds: false };
    scan(folded.as_bytes(), &mut one);
    one.holds
}

#[test]
fn numbers_hold_and_their_neighbours_do_not() {
    let wrong: Vec<_> = NUMBERS.iter().filter(|(id, right, wrong)| !holds(id, right) || holds(id, wrong)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_check_has_an_example() {
    let missing = FORMS.types.iter().filter(|kind| !kind.forms.is_empty() && !matches!(kind.check, Check::Words));
    let missing: Vec<_> =
        missing.filter(|kind| NUMBERS.iter().all(|(id, ..)| *id != kind.id)).map(|kind| kind.id).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
