//! Filters of recipients, as far as two of them are the same text, and as far as one cannot be a filter.
//! <https://learn.microsoft.com/exchange/recipientfilters-exo>

/// What compares a property with a value.
const COMPARISONS: [&str; 8] = ["-eq", "-ge", "-gt", "-le", "-like", "-lt", "-ne", "-notlike"];

/// What stands between comparisons, or before one.
const JOINTS: [&str; 3] = ["-and", "-not", "-or"];

/// Why a text cannot be a filter. Which properties there are Exchange alone knows.
pub fn fault(filter: &str) -> Option<String> {
    let (mut open, mut quote, mut outside) = (Vec::new(), None, String::new());
    for letter in filter.chars() {
        match (quote, letter) {
            (Some(mark), letter) if letter == mark => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '{') => open.push(letter),
            (None, ')' | '}') => match (open.pop(), letter) {
                (Some('('), ')') | (Some('{'), '}') => {}
                (Some(_) | None, _) => return Some(format!("its `{letter}` closes nothing")),
            },
            (None, _) => {
                outside.push(letter);
                continue;
            }
        }
        outside.push(' ');
    }
    if let Some(open) = quote.or_else(|| open.pop()) {
        return Some(format!("its `{open}` is not closed"));
    }
    let is_operator = |word: &&str| word.strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    let operators: Vec<String> = outside.split_whitespace().filter(is_operator).map(str::to_lowercase).collect();
    let known = |word: &str| COMPARISONS.contains(&word) || JOINTS.contains(&word);
    if let Some(unknown) = operators.iter().find(|word| !known(word)) {
        let all: Vec<String> = COMPARISONS.into_iter().chain(JOINTS).map(|word| format!("`{word}`")).collect();
        return Some(format!("there is no operator `{unknown}`, only {}", all.join(", ")));
    }
    let compares = operators.iter().any(|word| COMPARISONS.contains(&word.as_str()));
    (!compares).then(|| "it compares nothing".to_owned())
}

/// A filter without the braces and parentheses around the whole of it, and with one space where there are several. Exchange may write a filter
/// back so; how it does is not documented.
pub fn normalized(filter: &str) -> String {
    let mut inner = filter.trim();
    while let Some(without) = without_parentheses(inner) {
        inner = without.trim();
    }
    let mut out = String::new();
    let mut quote = None;
    for letter in inner.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            None if letter == '\'' || letter == '"' => quote = Some(letter),
            None if letter.is_whitespace() && out.ends_with(' ') => continue,
            Some(_) | None => {}
        }
        out.push(letter);
    }
    out
}

/// What is between the first and the last sign, where these are two that belong together.
fn without_parentheses(text: &str) -> Option<&str> {
    let close = match text.chars().next()? {
        '(' => ')',
        '{' => '}',
        _ => return None,
    };
    let (mut depth, mut quote) = (0_usize, None);
    for (at, letter) in text.char_indices() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None => match letter {
                '\'' | '"' => quote = Some(letter),
                '(' | '{' => depth += 1,
                ')' | '}' => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        let is_last = at + letter.len_utf8() == text.len();
                        return (is_last && letter == close).then(|| &text[1..at]);
                    }
                }
                _ => {}
            },
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{fault, normalized};

    #[test]
    fn what_cannot_be_a_filter_is_told_and_what_can_be_is_not() {
        for good in [
            "CustomAttribute1 -eq 'reports'",
            "{((Title -Like 'VP*') -and -not (Office -eq \"x) -eqq\"))}",
            "Name -eq 'O''Brien' -or HireDate -gt -5",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
        for (bad, why) in [
            ("CustomAttribute1 -eq 'x", "its `'` is not closed"),
            ("(CustomAttribute1 -eq 'x'", "its `(` is not closed"),
            ("CustomAttribute1 -eq 'x')", "its `)` closes nothing"),
            ("(CustomAttribute1 -eq 'x'}", "its `}` closes nothing"),
            ("CustomAttribute1 -eqq 'x'", "there is no operator `-eqq`, only `-eq`, `-ge`"),
            ("reports", "it compares nothing"),
            ("'a -eq b'", "it compares nothing"),
            ("", "it compares nothing"),
        ] {
            assert!(fault(bad).is_some_and(|fault| fault.starts_with(why)), "{bad}: {:?}", fault(bad));
        }
    }

    #[test]
    fn only_what_means_nothing_is_left_out() {
        for same in ["Title -eq 'VP  x'", " (Title  -eq 'VP  x') ", "{((Title -eq 'VP  x'))}"] {
            assert_eq!(normalized(same), "Title -eq 'VP  x'", "{same}");
        }
        for kept in ["(A -eq 'x') -or (B -eq 'y')", "(A -eq ')", "((A -eq 'x')", "A -eq '(x)'", "", "(A -eq 'x'}"] {
            assert_eq!(normalized(kept), kept);
        }
    }
}
