//! Filters of recipients, as far as two of them are the same text.

/// A filter without the braces and parentheses around the whole of it, and with one space where there are several. Exchange may write a filter
/// back so; how it does is not documented.
pub(super) fn normalized(filter: &str) -> String {
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
    use super::normalized;

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
