//! A row of the table of sensitive information types: what it is called, how it is written, what proves it.
//!
//! Not here: the rows themselves ([`super::types`]) and how a text is searched for them.

use super::checks::Scheme;

/// What a type is about, which also says which general words speak for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Accounts and routing numbers of banks.
    Bank,
    /// Payment cards.
    Card,
    /// How to reach somebody: told by many texts, and regulated only in bulk.
    Contact,
    /// What an operator's configuration describes.
    Custom,
    /// Driving licences.
    Driving,
    /// Health insurance, patients and prescribers.
    Health,
    /// National identity, population registers, social security.
    Identity,
    /// What ails people: said of nobody in most texts, and regulated where it is.
    Medical,
    /// Passports.
    Passport,
    /// Taxpayers, persons and companies.
    Tax,
    /// Value added tax.
    Vat,
    /// Addresses of crypto currencies.
    Wallet,
}

impl Family {
    /// A bit of its own, for sets.
    pub fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The word for it in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Card => "payment card",
            Self::Contact => "contact",
            Self::Custom => "custom",
            Self::Driving => "driving licence",
            Self::Health => "health",
            Self::Identity => "identity",
            Self::Medical => "medical",
            Self::Passport => "passport",
            Self::Tax => "tax",
            Self::Vat => "VAT",
            Self::Wallet => "crypto wallet",
        }
    }

    /// Words that speak for any type of the family: weaker than a type's own.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::Identity => &[
                "social security",
                "ssn",
                "national id",
                "national identity",
                "national identification",
                "id number",
                "id no",
                "id card",
                "identity card",
                "identity number",
                "identification number",
                "personal number",
                "personal code",
                "personal id",
                "citizen id",
                "document number",
            ],
            Self::Tax => &[
                "tax id",
                "tax number",
                "tax identification",
                "tax identifier",
                "taxpayer",
                "tax file",
                "tax code",
                "tin",
                "social security",
                "ssn",
                "id number",
                "identification number",
            ],
            Self::Health => &["health insurance", "health card", "health number", "medicare", "patient", "insured"],
            Self::Vat => &["vat", "vat number", "vat id", "vat no", "tax number"],
            Self::Bank => &["bank account", "account number", "wire transfer", "bank details"],
            Self::Wallet => &["wallet", "crypto", "cryptocurrency", "send to address"],
            Self::Card | Self::Contact | Self::Custom | Self::Driving | Self::Medical | Self::Passport => &[],
        }
    }
}

/// What is asked of a number beyond its shape. Numbers come compact: ASCII, letters in lower case.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Check digits that whoever issues the numbers has published.
    Digits(Scheme),
    /// Rules that are no check digits: a date of birth, ranges that were never issued.
    Rules(Scheme),
    /// Nothing: only words around it tell what it is.
    Words,
}

/// How sure a find is. The numbers are those of Microsoft Purview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// 65 of 100: annotated, and no alert.
    Low,
    /// 75 of 100.
    Medium,
    /// 85 of 100.
    High,
}

impl Confidence {
    /// As a detector's score.
    pub fn score(self) -> f32 {
        match self {
            Self::Low => 0.65,
            Self::Medium => 0.75,
            Self::High => 0.85,
        }
    }
}

/// One type of sensitive information.
#[derive(Clone, Copy, Debug)]
pub struct InformationType {
    /// What rules and annotations call it; never changes.
    pub id: &'static str,
    /// What a compliance officer calls it.
    pub name: &'static str,
    /// What it is about.
    pub family: Family,
    /// How it is written: `#` a digit, `@` a letter, `?` either, other characters themselves, and `-` a place
    /// where one space, dash, dot or slash may stand, `=` one where it must. Empty where a finder of its own knows the form.
    pub forms: &'static [&'static str],
    /// What proves it.
    pub check: Check,
    /// Words that speak for just this type, in the country's language and in English.
    pub words: &'static [&'static str],
    /// How sure it is without any word; `None` where that is no match.
    pub alone: Option<Confidence>,
    /// Whether `alone` only hides it in excerpts: without a word it is no match.
    pub worded: bool,
    /// Who says so.
    pub source: &'static str,
}

impl InformationType {
    /// A type that needs words beside it.
    pub const fn new(
        family: Family,
        id: &'static str,
        name: &'static str,
        forms: &'static [&'static str],
        check: Check,
    ) -> Self {
        Self { id, name, family, forms, check, words: &[], alone: None, worded: false, source: "" }
    }

    /// The same with the words that speak for it.
    pub const fn words(mut self, words: &'static [&'static str]) -> Self {
        self.words = words;
        self
    }

    /// The same, believed without words because chance hardly ever writes one.
    pub const fn alone(mut self, confidence: Confidence) -> Self {
        self.alone = Some(confidence);
        self
    }

    /// The same, a match only beside words, since it has no check digits; excerpts hide it all the same.
    pub const fn worded(mut self) -> Self {
        self.alone = Some(Confidence::Low);
        self.worded = true;
        self
    }

    /// The same with its source.
    pub const fn source(mut self, source: &'static str) -> Self {
        self.source = source;
        self
    }

    /// How sure a number of the right shape is that passed its check: by words of its own near it (`Some(true)`:
    /// directly beside it), by words of its family, or by itself.
    pub fn confidence(&self, own: Option<bool>, general: bool) -> Option<Confidence> {
        let checked = matches!(self.check, Check::Digits(_));
        match (own, checked) {
            (Some(_), true) => Some(Confidence::High),
            (Some(true), false) => Some(Confidence::Medium.max(self.alone.unwrap_or(Confidence::Low))),
            (Some(false), false) => Some(self.alone.unwrap_or(Confidence::Low)),
            (None, true) if general => Some(Confidence::Medium),
            (None, false) if general && self.alone.is_some() => Some(Confidence::Medium),
            (None, _) => self.alone.filter(|_| !self.worded),
        }
    }
}
