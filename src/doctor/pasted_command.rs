//! The connect command in a pasted text, and what cannot be right in it.
//!
//! No value is said again, as any of them may be a secret that stands in the wrong place.

/// A mistake in a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// `-Organization` is a domain that the tenant added.
    CustomDomain,
    /// `-Organization` is an id.
    OrganizationIsId,
    /// `-AppId` is something like a name.
    AppIdIsName,
    /// Entra says that it looked for an application by a name.
    UnknownName,
    /// The path of the user's profile has a `$`.
    DollarInProfile,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Command {
    slips: Vec<(Slip, String)>,
    /// Values that are of no form that any service takes.
    pub(super) values: Vec<String>,
}

impl Command {
    pub(super) fn read(text: &str) -> Self {
        let mut command = Self::default();
        if is_of_an_application(text) {
            for value in values(text, &["organization"]) {
                if !value.readings().any(is_initial_domain) {
                    command.organization(&value.text);
                }
            }
        }
        for value in values(text, &["appid", "applicationid", "clientid"]) {
            if !value.readings().any(is_guid) {
                command.app_id(&value.text);
            }
        }
        for value in values(text, &["certificatethumbprint", "thumbprint"]) {
            if !value.readings().any(is_thumbprint) {
                command.thumbprint(&value.text);
            }
        }
        if unknown_application(text).is_some_and(|name| !is_guid(&name)) {
            command.slip(Slip::UnknownName, "Entra looked for an application by what is no GUID".to_owned());
        }
        if profile(text).is_some_and(|name| name.contains('$')) {
            command.slip(Slip::DollarInProfile, "the path of the profile has a `$`".to_owned());
        }
        command
    }

    pub(super) fn evidence(&self, slip: Slip) -> Option<String> {
        self.slips.iter().find(|(found, _)| *found == slip).map(|(_, evidence)| evidence.clone())
    }

    fn slip(&mut self, slip: Slip, evidence: String) {
        if self.evidence(slip).is_none() {
            self.slips.push((slip, evidence));
        }
    }

    fn organization(&mut self, value: &str) {
        if is_guid(value) {
            self.slip(Slip::OrganizationIsId, "`-Organization` is an id".to_owned());
        } else if is_domain(value) && !is_initial_domain(value) {
            self.slip(Slip::CustomDomain, "`-Organization` is a domain and no initial one".to_owned());
        }
    }

    fn app_id(&mut self, value: &str) {
        if has_form_of_guid(value) {
            let wrong = value.chars().find(|c| !c.is_ascii_hexdigit() && *c != '-').unwrap_or('?');
            self.values.push(format!(
                "`-AppId` has the form of a GUID and holds `{wrong}`, which is no hex digit: copy it again, unless it was only masked here"
            ));
        } else {
            self.slip(Slip::AppIdIsName, "what stands after `-AppId` is no GUID".to_owned());
        }
    }

    fn thumbprint(&mut self, value: &str) {
        let hidden = value.chars().any(|c| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}'));
        let visible: Vec<char> = value.chars().filter(|c| !c.is_whitespace() && (' '..='~').contains(c)).collect();
        let wrong = visible.iter().find(|c| !c.is_ascii_hexdigit());
        let problem = if hidden {
            "begins with an invisible character, as Windows' certificate window copies it: type the first digit anew"
                .to_owned()
        } else if let Some(wrong) = wrong {
            let masked = if visible.len() == 40 { ", unless it was only masked here" } else { "" };
            format!("holds `{wrong}`, which is no hex digit: copy it again{masked}")
        } else if visible.len() == 64 {
            "has 64 digits, as a SHA-256 thumbprint: PowerShell takes the SHA-1 thumbprint, which has 40".to_owned()
        } else if visible.len() != 40 {
            format!("has {} digits: a thumbprint has 40", visible.len())
        } else if value.trim().contains(' ') {
            "has spaces: write its 40 digits without any".to_owned()
        } else {
            return;
        };
        self.values.push(format!("`-CertificateThumbprint` {problem}"));
    }
}

/// The values of parameters, as `-Name value` or as `Name = value` of a hashtable. What a variable or an expression stands
/// for is not known, and a placeholder is none.
fn values(text: &str, names: &[&str]) -> Vec<Value> {
    // In ASCII, so that places are those of the text.
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for name in names {
        for (at, _) in lower.match_indices(name) {
            let before = text[..at].chars().next_back();
            let rest = &text[at + name.len()..];
            let is_parameter = before == Some('-') && rest.starts_with([' ', ':', '\t', '`']);
            let is_key = is_in_hashtable(&text[..at])
                && before.is_none_or(|c| c.is_whitespace() || matches!(c, '{' | ';'))
                && rest.trim_start_matches([' ', '\t']).starts_with('=');
            if is_parameter || is_key {
                found.extend(value(rest.trim_start_matches([' ', '\t', ':', '=', '`', '\r', '\n'])));
            }
        }
    }
    found
}

/// Whether a text ends within a hashtable.
fn is_in_hashtable(text: &str) -> bool {
    text.rfind("@{").is_some_and(|at| !text[at..].contains('}'))
}

/// Whether the text has a command by which an application connects. Users sign in by name, and other programs have
/// organizations too.
fn is_of_an_application(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_application = has(&["appid", "-certificate", "certificatethumbprint", "-managedidentity", "-accesstoken"]);
    let connects = has(&["connect-exchangeonline", "connect-ippssession"]);
    is_application || connects && !has(&["-userprincipalname", "-credential", "-device"])
}

/// A value as it was pasted.
struct Value {
    text: String,
    /// With the beginning of the next line, where it ends with its own: a console may have broken it.
    joined: Option<String>,
}

impl Value {
    fn readings(&self) -> impl Iterator<Item = &str> {
        [Some(self.text.as_str()), self.joined.as_deref()].into_iter().flatten()
    }
}

/// What consoles and tickets write before the next line.
const GUTTER: [char; 6] = [' ', '\t', '|', '+', '>', '\r'];

fn without_breaks(text: &str) -> String {
    text.lines().map(|line| line.trim_start_matches(GUTTER)).collect()
}

fn value(text: &str) -> Option<Value> {
    const OPENING: [char; 6] = ['"', '\'', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}'];
    let value = match text.strip_prefix(OPENING) {
        Some(quoted) => quoted.split(OPENING).next()?,
        None => text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | ')' | '}' | ',')).next()?,
    };
    let after = &text[text.find(value)? + value.len()..];
    let next = after.trim_start_matches('\r').strip_prefix('\n').map(|rest| rest.trim_start_matches(GUTTER));
    let next =
        next.map(|next| next.split(|c: char| c.is_whitespace() || OPENING.contains(&c)).next().unwrap_or_default());
    let trimmed = |text: &str| text.trim_end_matches(['.', ',', ';', ')', ':', '!', '?']).to_owned();
    let joined = next.map(|next| trimmed(&format!("{value}{next}")));
    let value = trimmed(&without_breaks(value));
    let is_known = !value.is_empty()
        && !value.contains(['$', '<', '(', '[', '{', '*', '#', '%', '\u{2026}'])
        && !value.starts_with('-');
    is_known.then_some(Value { text: value, joined })
}

/// What Entra did not find, in the message of 700016, without its spaces.
fn unknown_application(text: &str) -> Option<String> {
    const QUOTES: [char; 5] = ['\'', '"', '\u{2018}', '\u{2019}', '\u{201d}'];
    let lines = text.lines().map(|line| line.trim_start_matches(GUTTER));
    let letters: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
    let letters = letters.to_ascii_lowercase();
    let (_, rest) = letters.split_once("applicationwithidentifier")?;
    rest.strip_prefix(QUOTES)?.split_once(QUOTES).map(|(identifier, _)| identifier.to_owned())
}

/// The name of the user's profile in a path of Windows.
fn profile(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("\\Users\\")?;
    rest.split(['\\', '\n', '"', '\'']).next()
}

/// Digits of SHA-1, as PowerShell takes them.
fn is_thumbprint(text: &str) -> bool {
    text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit())
}

fn is_guid(text: &str) -> bool {
    has_form_of_guid(text) && text.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

fn has_form_of_guid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty() && label.len() <= 63 && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
}

/// Domains that Microsoft gives, in one of the clouds.
fn is_initial_domain(domain: &str) -> bool {
    let domain = domain.to_ascii_lowercase();
    [".onmicrosoft.com", ".onmicrosoft.us", ".onmschina.cn"].iter().any(|suffix| domain.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_right_is_no_slip() {
        let command = Command::read(
            "Connect-ExchangeOnline -AppId \"36ee4c6c-0812-40a2-b820-b22ebd02bce3\" -CertificateThumbprint 'A26EFACAA44D7A6DF43593C3F320F19C8C689FFA' -Organization contoso.onmicrosoft.com",
        );
        assert!(command.slips.is_empty() && command.values.is_empty(), "{command:?}");
        for unknown in ["-AppId $AppId", "-AppId <your app id>", "-Organization (Get-Org)", "-AppId -Organization x"] {
            let command = Command::read(unknown);
            assert!(command.slips.is_empty() && command.values.is_empty(), "{unknown}: {command:?}");
        }
    }

    #[test]
    fn the_thumbprint_and_id_of_an_article_s_reader_are_caught() {
        let command = Command::read(
            "Connect-ExchangeOnline -CertificateThumbPrint \"R39DC6340648BAF741A61179A077D7B7B98B2783\" -AppID \"dv861cc4-5984-4d56-b60c-3e79405841c4\" -Organization \"ins-cr.com\"",
        );
        assert!(command.evidence(Slip::CustomDomain).is_some());
        assert!(command.evidence(Slip::AppIdIsName).is_none(), "it is an id that was masked or mistyped");
        assert_eq!(command.values.len(), 2, "{:?}", command.values);
        assert!(command.values[0].contains("`v`") && command.values[1].contains("`R`"), "{:?}", command.values);
    }

    #[test]
    fn forms_of_thumbprints() {
        let problem = |value: &str| Command::read(&format!("-CertificateThumbprint \"{value}\"")).values;
        let hex = "A26EFACAA44D7A6DF43593C3F320F19C8C689FFA";
        assert!(problem(hex).is_empty());
        assert!(problem(&format!("\u{200e}{hex}"))[0].contains("invisible"));
        assert!(problem(&format!("{hex}{}", &hex[..24]))[0].contains("SHA-256"));
        assert!(problem(&hex[1..])[0].contains("39 digits"));
        assert!(problem("A2 6E FA CA A4 4D 7A 6D F4 35 93 C3 F3 20 F1 9C 8C 68 9F FA")[0].contains("spaces"));
    }

    #[test]
    fn a_wrong_value_is_not_said_again() {
        let command =
            Command::read("-AppId 'abc8Q~chosen-by-the-tester' -CertificateThumbprint hunter2 -Organization hunter3");
        assert!(!format!("{command:?}").contains("hunter") && !format!("{command:?}").contains("8Q"), "{command:?}");
    }

    #[test]
    fn a_hashtable_is_read_as_a_command() {
        let command =
            Command::read("$p = @{\n  AppId = 'EXO PowerShell automated'\n  Organization = \"contoso.com\"\n}");
        assert!(command.evidence(Slip::AppIdIsName).is_some() && command.evidence(Slip::CustomDomain).is_some());
    }
}
