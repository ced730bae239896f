//! The identifiers through which signals are linked.

use std::cmp::Ordering;

use schemas::EntityKind;

/// Account names that stand in every application and name nobody in particular. Numbers of up to six digits,
/// with which applications count their users, are taken for the same.
const GENERIC_USERS: [&str; 16] = [
    "admin",
    "administrator",
    "anonymous",
    "api",
    "bot",
    "default",
    "demo",
    "dev",
    "guest",
    "operator",
    "owner",
    "root",
    "service",
    "support",
    "test",
    "user",
];
/// The longest number that counts users rather than naming one.
const COUNTED_DIGITS_MAX: usize = 6;

/// An identifier through which signals are linked. Keys are told apart by name; the weight follows from it.
#[derive(Clone, Debug)]
pub struct LinkKey {
    /// What it identifies.
    pub kind: EntityKind,
    /// The canonical identifier.
    pub id: String,
    /// Whether only a text names it.
    pub mentioned: bool,
    /// Thousandths.
    pub weight: u32,
    /// The names that the record itself gives, where it is known under this one only through other records
    /// ([`crate::identity`]); empty where the record names it so.
    pub via: Vec<String>,
}

impl LinkKey {
    /// Whether other records say that what the record names has this name too.
    pub fn is_alias(&self) -> bool {
        !self.via.is_empty()
    }

    /// By what it identifies, whoever says so.
    pub fn cmp_name(&self, other: &Self) -> Ordering {
        (self.kind, self.id.as_str()).cmp(&(other.kind, other.id.as_str()))
    }
}

impl Ord for LinkKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_name(other).then(self.mentioned.cmp(&other.mentioned))
    }
}

impl PartialOrd for LinkKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for LinkKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for LinkKey {}

/// Whether a record itself names a user.
pub fn names_user(keys: &[LinkKey]) -> bool {
    keys.iter().any(|key| key.kind == EntityKind::User && !key.mentioned)
}

/// The keys in both of two sorted lists, in order, each as both have it. A name that only other records give
/// counts where the record on the other side itself gives it: so what is shared is found from either side.
pub fn shared<'a>(a: &'a [LinkKey], b: &'a [LinkKey]) -> impl Iterator<Item = (&'a LinkKey, &'a LinkKey)> {
    let mut others = b.iter().peekable();
    a.iter().filter_map(move |key| {
        while others.next_if(|other| other.cmp_name(key) == Ordering::Less).is_some() {}
        let other = *others.peek()?;
        let equal = other.cmp_name(key) == Ordering::Equal;
        let known = |one: &LinkKey, other: &LinkKey| !one.is_alias() || !(other.is_alias() || other.mentioned);
        (equal && known(key, other) && known(other, key)).then_some((key, other))
    })
}

/// Whether `id` is an account that every application has.
pub fn is_generic(id: &str) -> bool {
    let counted = id.len() <= COUNTED_DIGITS_MAX && id.bytes().all(|byte| byte.is_ascii_digit());
    counted || GENERIC_USERS.contains(&id)
}
