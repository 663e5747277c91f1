//! The small language in which a federated credential may describe the claims that it lets in:
//! `claims['sub'] matches 'repo:contoso/*' and claims['job_workflow_ref'] eq '…'`.

/// Whether every term of the expression holds. A text that is no expression holds for nobody, and what is said of a claim
/// that is not there does not hold, not even that it is anything at all.
pub(super) fn is_match<'a>(expression: &str, claim: impl Fn(&str) -> &'a str) -> bool {
    let mut rest = expression.trim();
    loop {
        let Some((name, after)) = rest.strip_prefix("claims['").and_then(|rest| rest.split_once("'] ")) else {
            return false;
        };
        let Some((operator, after)) = after.split_once(" '") else { return false };
        let Some((comparand, after)) = quoted(after) else { return false };
        let value = claim(name);
        let holds = match operator {
            _ if value.is_empty() => false,
            "eq" => value == comparand,
            "matches" => is_wild_match(comparand.as_bytes(), value.as_bytes()),
            _ => false,
        };
        if !holds || after.trim().is_empty() {
            return holds;
        }
        let Some(next) = after.trim_start().strip_prefix("and ") else { return false };
        rest = next.trim_start();
    }
}

/// The text up to the closing quote, in which two quotes stand for one, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('\'')?;
        value.push_str(before);
        match after.strip_prefix('\'') {
            Some(further) => {
                value.push('\'');
                rest = further;
            }
            None => return Some((value, after)),
        }
    }
}

/// `*` is any number of characters, `?` is one.
fn is_wild_match(pattern: &[u8], value: &[u8]) -> bool {
    let (mut at_pattern, mut at_value) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at_value < value.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                star = Some((at_pattern, at_value));
                at_pattern += 1;
            }
            Some(letter) if *letter == b'?' || *letter == value[at_value] => {
                at_pattern += 1;
                at_value += 1;
            }
            _ => {
                // The last star takes one character more.
                let Some((pattern_start, value_start)) = star else { return false };
                star = Some((pattern_start, value_start + 1));
                at_pattern = pattern_start + 1;
                at_value = value_start + 1;
            }
        }
    }
    pattern[at_pattern..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(expression: &str) -> bool {
        is_match(expression, |claim| match claim {
            "sub" => "repo:contoso/site:ref:refs/heads/main",
            "job_workflow_ref" => "contoso/shared/.github/workflows/deploy.yml@refs/heads/main",
            _ => "",
        })
    }

    #[test]
    fn terms_hold_as_documented() {
        assert!(holds("claims['sub'] eq 'repo:contoso/site:ref:refs/heads/main'"));
        assert!(holds("claims['sub'] matches 'repo:contoso/*:ref:refs/heads/????'"));
        assert!(holds(
            "claims['sub'] matches 'repo:contoso/*' and claims['job_workflow_ref'] matches '*@refs/heads/main'"
        ));
        assert!(!holds("claims['sub'] matches 'repo:contoso/*:ref:refs/heads/???'"));
        assert!(!holds("claims['sub'] eq 'repo:contoso/*'"));
        assert!(!holds("claims['sub'] matches 'repo:*' and claims['job_workflow_ref'] eq 'other'"));
        assert!(!holds("claims['sub'] like 'repo:*'"));
        assert!(!holds("anything at all"));
        assert!(!holds("claims['environment'] matches '*'"));
        assert!(!holds("claims['environment'] eq ''"));
    }
}
