//! What the readers of signals say of themselves, and that README's table repeats it. `WEIR_BLESS=1`
//! rewrites the table between its markers.
#![cfg(test)]

use std::fs;
use std::path::Path;

use schemas::readers::signals::{READERS, table};

const BEGIN: &str = "<!-- signal formats: begin -->\n";
const END: &str = "<!-- signal formats: end -->";

#[test]
fn every_reader_of_signals_describes_itself() {
    for reader in READERS {
        let format = reader.format().unwrap_or_else(|| panic!("{} does not describe itself", reader.name()));
        let texts =
            [format.vendor, format.recognised_by, format.native_id, format.time, format.severity, format.entities];
        for text in texts {
            let sound = !text.is_empty() && text.trim() == text && !text.contains('\n') && !text.ends_with('.');
            assert!(sound, "{}: {text:?}", reader.name());
        }
    }
    assert_eq!(table(READERS).lines().count(), READERS.len() + 2);
}

#[test]
fn the_readme_repeats_it() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(&file).expect("README.md");
    let (before, rest) = readme.split_once(BEGIN).expect("the marker that begins the table");
    let (found, after) = rest.split_once(END).expect("the marker that ends the table");
    let expected = table(READERS);
    if std::env::var_os("WEIR_BLESS").is_some() {
        fs::write(&file, format!("{before}{BEGIN}{expected}{END}{after}")).expect("written");
        return;
    }
    assert_eq!(found, expected, "WEIR_BLESS=1 rewrites it");
}
