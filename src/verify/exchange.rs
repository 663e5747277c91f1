//! Exchange Online and Security & Compliance: what the application may run there, and that it runs.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde_json::{Map, Value as Json, json};

use crate::catalog::nearest;
use crate::exchange::AdminEndpoint;
use crate::model::{Cause, Check, Outcome, Subject};

use super::application::Proof;
use super::failure;

/// The cmdlets that are always tried: those by which Microsoft's own pages and the articles show that it works.
const TRIED: [&str; 3] = ["Get-OrganizationConfig", "Get-AcceptedDomain", MAILBOXES];
const MAILBOXES: &str = "Get-Mailbox";
const FIRST_MAILBOXES: usize = 5;
/// What Security & Compliance is asked for.
const POLICIES: &str = "Get-RetentionCompliancePolicy";

/// A cmdlet that reads, with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CmdletCall {
    pub name: String,
    parameters: Map<String, Json>,
}

/// A text that is no call of a cmdlet that reads.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidCall {
    #[error("`{0}` may write: only cmdlets that begin with `Get-` or `Test-` are run to prove something")]
    Writes(String),
    #[error("`{0}` is no parameter: write `NAME=VALUE`, such as `ResultSize=5`")]
    Parameter(String),
    #[error("the name of a cmdlet is missing")]
    Empty,
    #[error("a quotation mark is not closed")]
    Quotes,
}

impl FromStr for CmdletCall {
    type Err = InvalidCall;

    /// Reads `Get-MailboxFolderPermission Identity='zoe@contoso.com:\Calendar'`.
    fn from_str(text: &str) -> Result<Self, InvalidCall> {
        let mut words = words(text)?.into_iter();
        let name = words.next().ok_or(InvalidCall::Empty)?;
        let lower = name.to_ascii_lowercase();
        let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let reads = ["get-", "test-"].iter().any(|verb| lower.strip_prefix(verb).is_some_and(|noun| !noun.is_empty()));
        if !(is_word && reads) {
            return Err(InvalidCall::Writes(name));
        }
        let parameter = |word: String| match word.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.trim_start_matches('-').to_owned(), typed(value))),
            Some(_) | None => Err(InvalidCall::Parameter(word)),
        };
        Ok(Self { name, parameters: words.map(parameter).collect::<Result<_, _>>()? })
    }
}

/// The words of a text; quotation marks, single or double, keep spaces in one.
fn words(text: &str) -> Result<Vec<String>, InvalidCall> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in text.chars() {
        match (character, quote) {
            ('\'' | '"', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (_, Some(open)) if character == open => quote = None,
            (_, None) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(InvalidCall::Quotes) } else { Ok(words) }
}

/// A value as PowerShell would take it: flags, numbers, texts.
fn typed(value: &str) -> Json {
    match value.trim_start_matches('$').to_ascii_lowercase().as_str() {
        "true" => json!(true),
        "false" => json!(false),
        // `007` is a name.
        _ => match value.parse::<i64>() {
            Ok(number) if number.to_string() == value => Json::from(number),
            Ok(_) | Err(_) => json!(value),
        },
    }
}

/// Everything that is proven at Exchange Online.
pub(super) async fn online(api: &str, endpoint: &AdminEndpoint, proof: Proof<'_>) -> Vec<Check> {
    let (mut list, held) = cmdlets(api, endpoint).await;
    if let Outcome::Failed { cause, hint } = &mut list.outcome
        && cause.is_denial()
        && proof.exchange.is_some_and(|access| !access.missing.is_empty())
    {
        *hint = Some("it lacks what is declared of Exchange's own roles: `accredit apply` gives it".to_owned());
    }
    let mut checks = vec![list];
    let Some(held) = held else { return checks };
    for name in TRIED {
        if !holds(&held, name) {
            let because = "its roles do not hold this cmdlet, and the manifest does not ask for it";
            checks.push(Check::skipped(Some(api), Subject::Cmdlet(name.to_owned()), because));
            continue;
        }
        let parameters = if name == MAILBOXES { json!({ "ResultSize": FIRST_MAILBOXES }) } else { json!({}) };
        checks.push(match endpoint.run(name, &parameters).await {
            Ok(rows) => told(api, name, &rows, proof),
            Err(error) => failure::of_exchange(api, Subject::Cmdlet(name.to_owned()), &error),
        });
    }
    for call in &proof.asked.cmdlets {
        checks.push(asked_for(api, endpoint, call, &held).await);
    }
    checks
}

/// Everything that is proven at Security & Compliance.
pub(super) async fn security_and_compliance(api: &str, endpoint: &AdminEndpoint) -> Vec<Check> {
    let (list, held) = cmdlets(api, endpoint).await;
    let mut checks = vec![list];
    let Some(held) = held else { return checks };
    let subject = Subject::Cmdlet(POLICIES.to_owned());
    checks.push(if holds(&held, POLICIES) {
        match endpoint.run(POLICIES, &json!({})).await {
            Ok(rows) => Check::passed(Some(api), subject, count(rows.len(), "policy", "policies")),
            Err(error) => failure::of_exchange(api, subject, &error),
        }
    } else {
        Check::skipped(Some(api), subject, "its roles do not hold this cmdlet")
    });
    checks
}

/// The list of cmdlets: the outcome of all roles.
async fn cmdlets(api: &str, endpoint: &AdminEndpoint) -> (Check, Option<BTreeSet<String>>) {
    match endpoint.cmdlets().await {
        Ok(held) if held.is_empty() => {
            let hint = "give it a role that holds the cmdlets it needs; a new role takes up to 15 minutes";
            (Check::failed(Some(api), Subject::Cmdlets, Cause::NoCmdlets, hint), None)
        }
        Ok(held) => {
            let evidence = format!("{} may be run", held.len());
            (Check::passed(Some(api), Subject::Cmdlets, evidence), Some(held))
        }
        Err(error) => (failure::of_exchange(api, Subject::Cmdlets, &error), None),
    }
}

fn holds(held: &BTreeSet<String>, name: &str) -> bool {
    held.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// What a cmdlet that is always tried gave.
fn told(api: &str, name: &str, rows: &[Json], proof: Proof<'_>) -> Check {
    let subject = Subject::Cmdlet(name.to_owned());
    let tenant = &proof.found.tenant;
    let text = |row: &Json, column: &str| row[column].as_str().unwrap_or_default().to_owned();
    match name {
        MAILBOXES => {
            let mut check = Check::passed(Some(api), subject, count(rows.len(), "mailbox", "mailboxes"));
            // Names of people have no place in logs that nobody asked for.
            if proof.asked.show_mailboxes {
                let row = |row: &Json| format!("{}  {}", text(row, "DisplayName"), text(row, "UserPrincipalName"));
                check.notes = rows.iter().map(row).collect();
            }
            check
        }
        "Get-OrganizationConfig" => {
            let Some(row) = rows.first() else { return empty(api, name) };
            let called = text(row, "Name");
            // The only proof that the answer is this tenant's.
            if !called.eq_ignore_ascii_case(&tenant.initial_domain) {
                let cause = Cause::OtherOrganization { wanted: tenant.initial_domain.clone(), found: called };
                let hint = "look whether `tenant` and `cloud` in the manifests are right, and what is between here and Exchange";
                return Check::failed(Some(api), subject, cause, hint);
            }
            let mut check = Check::passed(Some(api), subject, called);
            if row["IsDehydrated"] == true {
                check.notes.push(
                    "it is dehydrated: Exchange's own roles cannot be changed until somebody ran \
                     `Enable-OrganizationCustomization`, once for the tenant"
                        .to_owned(),
                );
            }
            check
        }
        _ if rows.is_empty() => empty(api, name),
        _ => Check::passed(Some(api), subject, count(rows.len(), "domain", "domains")),
    }
}

fn empty(api: &str, name: &str) -> Check {
    let cause = Cause::NoRows { cmdlet: name.to_owned() };
    Check::failed(Some(api), Subject::Cmdlet(name.to_owned()), cause, "every organization has one: run it again")
}

/// A cmdlet that was asked for has to be there, and to work.
async fn asked_for(api: &str, endpoint: &AdminEndpoint, call: &CmdletCall, held: &BTreeSet<String>) -> Check {
    let subject = Subject::Cmdlet(call.name.clone());
    if !holds(held, &call.name) {
        let nearest: Vec<String> =
            nearest(&call.name, held.iter().map(String::as_str)).into_iter().map(str::to_owned).collect();
        let hint = match nearest.first() {
            Some(near) => format!("did you mean `{near}`? If not, give it a role that holds `{}`", call.name),
            None => "give it a role that holds it; a new role takes up to 15 minutes".to_owned(),
        };
        let cause = Cause::CmdletNotHeld { cmdlet: call.name.clone(), nearest };
        return Check::failed(Some(api), subject, cause, hint);
    }
    match endpoint.run(&call.name, &Json::Object(call.parameters.clone())).await {
        Ok(rows) => Check::of(Some(api), subject, Outcome::Passed { evidence: count(rows.len(), "row", "rows") }),
        Err(error) => failure::of_exchange(api, subject, &error),
    }
}

fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_with_its_parameters() {
        let call: CmdletCall =
            r"Get-MailboxFolderPermission Identity='zoe@contoso.com:\My Calendar' -ResultSize=5 GroupMailbox=$true"
                .parse()
                .unwrap();
        assert_eq!(call.name, "Get-MailboxFolderPermission");
        let parameters = json!({ "Identity": r"zoe@contoso.com:\My Calendar", "ResultSize": 5, "GroupMailbox": true });
        assert_eq!(Json::Object(call.parameters), parameters);
        let call: CmdletCall = "Get-Mailbox Identity=007 ResultSize=-1".parse().unwrap();
        assert_eq!(Json::Object(call.parameters), json!({ "Identity": "007", "ResultSize": -1 }));
        assert!("test-ServicePrincipalAuthorization Identity=x".parse::<CmdletCall>().is_ok());
    }

    #[test]
    fn what_may_write_is_refused() {
        for writes in
            ["Remove-Mailbox Identity=x", "Set-Mailbox", "Get-", "Enable-OrganizationCustomization", "Get-X;Y"]
        {
            assert!(matches!(writes.parse::<CmdletCall>(), Err(InvalidCall::Writes(_))), "{writes}");
        }
        assert_eq!("  ".parse::<CmdletCall>(), Err(InvalidCall::Empty));
        assert_eq!("Get-Mailbox 'x".parse::<CmdletCall>(), Err(InvalidCall::Quotes));
        assert_eq!("Get-Mailbox zoe".parse::<CmdletCall>(), Err(InvalidCall::Parameter("zoe".to_owned())));
    }
}
