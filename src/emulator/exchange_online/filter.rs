//! The filters of management scopes, as far as comparisons of texts joined by `-and` or by `-or`.

use super::super::world::{Document, text};

/// A filter, taken apart.
pub(super) struct Filter {
    terms: Vec<Term>,
    is_any: bool,
}

struct Term {
    property: String,
    operator: String,
    value: String,
}

const OPERATORS: [&str; 8] = ["-eq", "-ne", "-like", "-notlike", "-gt", "-lt", "-ge", "-le"];

/// Whether every quote and every parenthesis has its other half.
fn is_balanced(text: &str) -> bool {
    let (mut depth, mut quote) = (0_i32, None);
    for letter in text.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => return false,
            (None, ')') => depth -= 1,
            (Some(_) | None, _) => {}
        }
    }
    depth == 0 && quote.is_none()
}

/// Reads a filter; none when it is not one. Of which property it speaks is not looked at.
pub(super) fn parse(text: &str) -> Option<Filter> {
    if !is_balanced(text) {
        return None;
    }
    let mut rest = text.trim();
    while let Some(inner) = rest.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        rest = inner.trim();
    }
    let mut filter = Filter { terms: Vec::new(), is_any: false };
    loop {
        rest = rest.trim_start_matches(['(', ' ']);
        let (property, after) = rest.split_once(' ')?;
        let (operator, after) = after.trim_start().split_once(' ')?;
        let operator = operator.to_lowercase();
        if !OPERATORS.contains(&operator.as_str()) || !property.chars().all(char::is_alphanumeric) {
            return None;
        }
        let after = after.trim_start();
        let (value, after) = match after.chars().next()? {
            quote @ ('\'' | '"') => after[1..].split_once(quote)?,
            _ => after.split_once([' ', ')']).unwrap_or((after, "")),
        };
        filter.terms.push(Term { property: property.to_owned(), operator, value: value.to_owned() });
        rest = after.trim_start_matches([')', ' ']);
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        match word.to_lowercase().as_str() {
            "" => return Some(filter),
            "-and" => {}
            "-or" => filter.is_any = true,
            _ => return None,
        }
        rest = after;
    }
}

impl Filter {
    /// Whether a user matches; none when that cannot be worked out.
    pub(super) fn holds_for(&self, user: &Document) -> Option<bool> {
        let answers: Option<Vec<bool>> = self.terms.iter().map(|term| term.holds_for(user)).collect();
        let answers = answers?;
        Some(if self.is_any { answers.contains(&true) } else { answers.iter().all(|holds| *holds) })
    }
}

impl Term {
    fn holds_for(&self, user: &Document) -> Option<bool> {
        let property = self.property.to_lowercase();
        if let Some(number) = property.strip_prefix("customattribute") {
            let own = &user.get("onPremisesExtensionAttributes")?[format!("extensionAttribute{number}")];
            return self.compares(own.as_str().unwrap_or_default());
        }
        let member = match property.as_str() {
            "title" => "jobTitle",
            "department" => "department",
            "company" => "companyName",
            "office" => "officeLocation",
            "city" => "city",
            "displayname" => "displayName",
            "firstname" => "givenName",
            "lastname" => "surname",
            "alias" => "mailNickname",
            "userprincipalname" => "userPrincipalName",
            "primarysmtpaddress" | "windowsemailaddress" => "mail",
            "externaldirectoryobjectid" => "id",
            _ => return None,
        };
        self.compares(text(user, member))
    }

    /// Whether the operator holds between what a user has and the value.
    fn compares(&self, own: &str) -> Option<bool> {
        let (own, value) = (own.to_lowercase(), self.value.to_lowercase());
        let is_like = match (value.strip_prefix('*'), value.strip_suffix('*')) {
            (Some(end), None) => own.ends_with(end),
            (None, Some(start)) => own.starts_with(start),
            (Some(_), Some(_)) => own.contains(value.trim_matches('*')),
            (None, None) => own == value,
        };
        match self.operator.as_str() {
            "-eq" => Some(own == value),
            "-ne" => Some(own != value),
            "-like" => Some(is_like),
            "-notlike" => Some(!is_like),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(filter: &str) -> Option<bool> {
        let user = json!({ "displayName": "Zoe Howard", "department": "Sales", "mailNickname": "zoe" });
        parse(filter)?.holds_for(user.as_object()?)
    }

    #[test]
    fn filters_hold_as_documented() {
        assert_eq!(holds("Department -eq 'sales'"), Some(true));
        assert_eq!(holds("{((DisplayName -like 'Zoe*') -and (Department -ne 'Sales'))}"), Some(false));
        assert_eq!(holds("Alias -eq 'megan' -or DisplayName -like '*how*'"), Some(true));
        assert_eq!(holds("Alias -notlike \"*oe\""), Some(false));
        // A filter, but of something that users here do not have.
        assert!(parse("MemberOfGroup -eq 'CN=x'").is_some());
        assert_eq!(holds("MemberOfGroup -eq 'CN=x'"), None);
        for nonsense in [
            "(Title -eq 'VP'",
            "Title -eq 'VP')",
            "Title -eq 'VP",
            "",
            "nonsense",
            "Title VP",
            "Title -is 'VP'",
            "Title -eq 'VP' -xor Title -eq 'x'",
        ] {
            assert!(parse(nonsense).is_none(), "{nonsense}");
        }
    }
}
