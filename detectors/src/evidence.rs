//! Excerpts for people: short, redacted, printable.
//!
//! Only made while a tenant has evidence on. What any detector took for a secret or sensitive
//! information is replaced by its type, in full, even where the excerpt shows only part of it.

use crate::detector::Mask;

/// The longest excerpt, in scalar values of what it prints.
pub const EXCERPT_CHARS_MAX: usize = 160;
/// How much text before a span gives it context, in scalar values.
const CONTEXT_CHARS: u32 = 24;

/// The text around `span`, with `masks` replaced and control characters escaped.
pub fn excerpt(text: &str, span: (u32, u32), mut masks: Vec<(u32, u32, Mask)>) -> String {
    masks.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
    let from = span.0.saturating_sub(CONTEXT_CHARS);
    let until = span.1.saturating_add(CONTEXT_CHARS);
    let mut masks = masks.into_iter().peekable();
    let (mut shown, mut length) = (String::new(), 0);
    let mut covered: Option<u32> = None;
    for (at, c) in (0_u32..).zip(text.chars()).take_while(|(at, _)| *at < until) {
        // Masks are walked from the text's start, so one that began before the excerpt still covers it.
        let mut label = None;
        while let Some((_, end, mask)) = masks.next_if(|(start, _, _)| *start <= at) {
            if covered.is_none_or(|until| end > until) {
                label = covered.is_none_or(|until| until <= at).then_some(mask).or(label);
                covered = Some(end);
            }
        }
        if at < from {
            continue;
        }
        let hidden = covered.is_some_and(|until| at < until);
        let piece = match (hidden, label) {
            (true, Some(mask)) => name(mask),
            (true, None) if at == from => "[...]".to_owned(),
            (true, None) => continue,
            (false, _) => printable(c),
        };
        length += piece.chars().count();
        if length > EXCERPT_CHARS_MAX {
            break;
        }
        shown.push_str(&piece);
    }
    shown
}

fn name(mask: Mask) -> String {
    match mask {
        Mask::Credential => "[credential]".to_owned(),
        Mask::Sensitive(kind) => format!("[{kind}]"),
    }
}

/// Control and invisible characters as escapes, so that an excerpt cannot move a cursor or hide text.
fn printable(c: char) -> String {
    if c.is_control() || crate::fold::is_invisible(c) { c.escape_default().to_string() } else { c.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_show_and_controls_are_escaped() {
        let text = "key=hunter2hunter2\u{1b}[0m\u{202E} and more";
        assert_eq!(
            excerpt(text, (0, 18), vec![(4, 18, Mask::Credential)]),
            "key=[credential]\\u{1b}[0m\\u{202e} and more"
        );
    }

    #[test]
    fn a_mask_that_begins_before_the_excerpt_still_covers_it() {
        let text = format!("{}{}", "s".repeat(100), " then the attack");
        let shown = excerpt(&text, (106, 116), vec![(0, 100, Mask::Credential)]);
        assert_eq!(shown, "[...] then the attack");
    }

    #[test]
    fn overlapping_masks_hide_their_union() {
        let masks = vec![(0, 4, Mask::Sensitive("iban")), (2, 8, Mask::Credential), (3, 5, Mask::Sensitive("iban"))];
        assert_eq!(excerpt("aabbccddee", (0, 10), masks), "[iban]ee");
    }

    #[test]
    fn excerpts_are_short() {
        assert_eq!(excerpt(&"x".repeat(1000), (0, 1000), Vec::new()).chars().count(), EXCERPT_CHARS_MAX);
    }
}
