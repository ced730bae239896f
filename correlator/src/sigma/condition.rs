//! The condition of a detection rule: which of its selections must hold.
//!
//! `and`, `or`, `not`, parentheses, `1 of NAME*`, `all of NAME*`, and both `of them`. A condition is read by descent,
//! so its depth is bounded.

use super::RuleError;

/// The deepest nesting.
const DEPTH_MAX: usize = 32;
/// The longest condition, in bytes.
const BYTES_MAX: usize = 8 * 1024;

/// What must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The selection of that number.
    Selection(usize),
    /// All of them.
    All(Vec<Condition>),
    /// One of them.
    Any(Vec<Condition>),
    /// It must not.
    Not(Box<Condition>),
}

impl Condition {
    /// Reads `text` over the selections `names`.
    ///
    /// # Errors
    /// When it is no condition or names a selection that is not there.
    pub fn parse(text: &str, names: &[String]) -> Result<Self, RuleError> {
        if text.len() > BYTES_MAX {
            return Err(RuleError::new(format!("a condition of {} bytes; {BYTES_MAX} is the most", text.len())));
        }
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut parser = Parser { tokens: spaced.split_whitespace().collect(), at: 0, names, text };
        let condition = parser.any(0)?;
        match parser.peek() {
            None => Ok(condition),
            Some(token) => Err(parser.fault(&format!("{token:?} is not expected"))),
        }
    }

    /// Whether it holds where `selection` says of each number whether that one does.
    pub fn holds(&self, selection: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Self::Selection(number) => selection(*number),
            Self::All(parts) => parts.iter().all(|part| part.holds(selection)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(selection)),
            Self::Not(part) => !part.holds(selection),
        }
    }
}

struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    names: &'a [String],
    text: &'a str,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn fault(&self, what: &str) -> RuleError {
        RuleError::new(format!("the condition {:?}: {what}", self.text))
    }

    fn any(&mut self, depth: usize) -> Result<Condition, RuleError> {
        let mut parts = vec![self.all(depth)?];
        while self.takes("or") {
            parts.push(self.all(depth)?);
        }
        Ok(alone(parts, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, RuleError> {
        let mut parts = vec![self.one(depth)?];
        while self.takes("and") {
            parts.push(self.one(depth)?);
        }
        Ok(alone(parts, Condition::All))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, RuleError> {
        if depth >= DEPTH_MAX {
            return Err(self.fault("it is nested too deeply"));
        }
        if self.takes("not") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            return if self.takes(")") { Ok(inner) } else { Err(self.fault("a parenthesis is open")) };
        }
        let Some(token) = self.peek() else { return Err(self.fault("it ends where a selection is expected")) };
        self.at += 1;
        if !self.takes("of") {
            let number = self.names.iter().position(|name| name == token);
            return number.map(Condition::Selection).ok_or_else(|| self.fault(&format!("{token:?} is no selection")));
        }
        let which = self.peek().unwrap_or_default();
        self.at += 1;
        let fits = |name: &str| match which.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => (which == "them" && !name.starts_with('_')) || name == which,
        };
        let numbers = self.names.iter().enumerate().filter(|(_, name)| fits(name));
        let parts: Vec<Condition> = numbers.map(|(number, _)| Condition::Selection(number)).collect();
        match token {
            _ if parts.is_empty() => Err(self.fault(&format!("{which:?} fits no selection"))),
            "1" | "any" => Ok(alone(parts, Condition::Any)),
            "all" => Ok(alone(parts, Condition::All)),
            _ => Err(self.fault(&format!("{token:?} of is neither 1 of nor all of"))),
        }
    }
}

/// One part is itself.
fn alone(mut parts: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(part) if parts.is_empty() => part,
        Some(part) => {
            parts.push(part);
            many(parts)
        }
        None => many(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["sel_a", "sel_b", "filter", "_hidden"].map(str::to_owned).to_vec()
    }

    /// Whether it holds where the selections of those numbers do.
    fn holds(text: &str, holding: &[usize]) -> bool {
        Condition::parse(text, &names()).expect("a condition").holds(&|number| holding.contains(&number))
    }

    #[test]
    fn conditions_mean_what_sigma_says() {
        assert!(holds("sel_a and not filter", &[0]) && !holds("sel_a and not filter", &[0, 2]));
        assert!(holds("sel_a or sel_b and filter", &[0]), "and binds closer than or");
        assert!(!holds("(sel_a or sel_b) and filter", &[0]) && holds("(sel_a OR sel_b) AND filter", &[1, 2]));
        assert!(holds("1 of sel_*", &[1]) && !holds("all of sel_*", &[1]) && holds("all of sel_*", &[0, 1]));
        assert!(holds("all of them", &[0, 1, 2]), "names with an underscore are not among them");
        assert!(holds("not (sel_a or 1 of sel_b)", &[2]));
    }

    #[test]
    fn faults_are_told() {
        let deep = format!("{}sel_a{}", "(".repeat(1000), ")".repeat(1000));
        let long = "sel_a or ".repeat(10_000);
        for bad in
            ["", "sel_c", "sel_a and", "(sel_a", "sel_a)", "2 of sel_*", "1 of x*", "sel_a sel_b", "1 of", &deep, &long]
        {
            assert!(Condition::parse(bad, &names()).is_err(), "{}", bad.len());
        }
    }
}
