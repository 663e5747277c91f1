//! "Did you mean": the names that a misspelt one was probably meant to be.

use std::collections::BTreeSet;

/// How many suggestions are worth reading.
const SUGGESTIONS: usize = 3;

/// The candidates so near to `text` that a slip of the pen explains it, nearest first, at most three.
///
/// Case, separators and the order of the words in a name do not count: `Exchange.Manage.AsApp` and
/// `Exchange.AsManageApp` are both as near to `Exchange.ManageAsApp` as can be.
pub fn nearest<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let letters = letters_of(text);
    let words = words_of(text);
    // A quarter of the letters may be wrong; in very short names none but a change of case.
    let tolerance = letters.chars().count() / 4;
    let mut scored = BTreeSet::new();
    for candidate in candidates {
        let other = letters_of(candidate);
        if other.len().abs_diff(letters.len()) > tolerance {
            continue;
        }
        let distance = if words_of(candidate) == words { 0 } else { strsim::damerau_levenshtein(&letters, &other) };
        if distance <= tolerance {
            scored.insert((distance, candidate));
        }
    }
    let best = scored.first().map_or(0, |(distance, _)| *distance);
    scored
        .into_iter()
        .take_while(|(distance, _)| *distance <= best + 1)
        .map(|(_, name)| name)
        .take(SUGGESTIONS)
        .collect()
}

fn letters_of(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of a name in alphabetical order: `Exchange.ManageAsApp` is made of `app`, `as`, `exchange`, `manage`.
fn words_of(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut within = false;
    for character in text.chars() {
        if !character.is_alphanumeric() {
            within = false;
            continue;
        }
        if !within || character.is_uppercase() {
            words.push(String::new());
        }
        within = true;
        if let Some(word) = words.last_mut() {
            word.extend(character.to_lowercase());
        }
    }
    words.sort();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_the_articles_misspell() {
        let names = ["Exchange.ManageAsApp", "Exchange.ManageAsAppV2", "full_access_as_app", "Mail.Read"];
        for misspelt in ["Exchange.AsManageApp", "Exchange.Manage.AsApp", "exchange.manageasap"] {
            assert_eq!(nearest(misspelt, names).first(), Some(&"Exchange.ManageAsApp"), "{misspelt}");
        }
    }

    #[test]
    fn stays_silent_about_strangers() {
        assert_eq!(nearest("Custom.Thing", ["Mail.Read", "User.Read"]), Vec::<&str>::new());
        assert_eq!(nearest("", ["a"]), Vec::<&str>::new());
    }
}
