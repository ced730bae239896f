//! What each reader of signals takes, in words for people.
//!
//! A reader describes itself in a [`Format`] that stands above it, so that whoever changes the reader sees
//! what has to change with it. README's table is made from these and a test holds it against them. Nothing
//! here decides what is read.

use crate::readers::Reader;

/// One vendor format, as its reader understands it.
pub struct Format {
    /// Who writes it, and what it is.
    pub vendor: &'static str,
    /// The shape by which it is recognised.
    pub recognised_by: &'static str,
    /// Where the record's own id stands.
    pub native_id: &'static str,
    /// Where the time of the event stands.
    pub time: &'static str,
    /// How the vendor's severity is read, and which records are alerts.
    pub severity: &'static str,
    /// What links the record with others.
    pub entities: &'static str,
}

impl Format {
    /// The columns after the reader's name, in the order of the table.
    fn columns(&self) -> [&'static str; 6] {
        [self.vendor, self.recognised_by, self.native_id, self.time, self.severity, self.entities]
    }
}

/// The formats of `readers` as a Markdown table, one line a reader that describes itself.
pub fn table(readers: &[&dyn Reader]) -> String {
    let mut table = String::from(
        "| reader | what | recognised by | native id | time | severity and kind | entities |\n|---|---|---|---|---|---|---|\n",
    );
    for reader in readers {
        let Some(format) = reader.format() else { continue };
        table.push_str(&format!("| `{}` |", reader.name()));
        for column in format.columns() {
            // A bar would end the cell.
            table.push_str(&format!(" {} |", column.replace('|', "\\|")));
        }
        table.push('\n');
    }
    table
}
