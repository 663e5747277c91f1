//! Which texts can be a tenant, a user, a DNS name, a tag, a redirect URI or a scope. No look-ups, only shapes.
//!
//! Each function says what is wrong in a few words that follow "cannot be a …: ".

/// Whether a text is a GUID in its usual form.
pub(super) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether a text was meant to be a GUID and is none.
pub(super) fn is_broken_guid(text: &str) -> bool {
    let dashes = text.matches('-').count();
    let digits = text.chars().filter(char::is_ascii_hexdigit).count();
    !is_guid(text)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '{' | '}'))
        && digits >= 24
        && digits + dashes + 4 >= text.len()
        && (dashes >= 3 || digits == 32)
}

/// A domain with at least two labels.
fn domain(text: &str) -> Result<(), &'static str> {
    if !text.contains('.') {
        return Err("a domain has a dot in it");
    }
    labels(text)
}

fn labels(text: &str) -> Result<(), &'static str> {
    if text.len() > 253 {
        return Err("it is longer than 253 characters");
    }
    for label in text.split('.') {
        if label.is_empty() {
            return Err("there is nothing between two dots, or before the first or after the last");
        }
        if label.len() > 63 {
            return Err("a part between dots is longer than 63 characters");
        }
        if !label.is_ascii() {
            return Err("outside ASCII, write the `xn--` form");
        }
        if !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err("it takes letters, digits, `-`, `_` and dots only");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("a part between dots begins or ends with `-`");
        }
    }
    Ok(())
}

pub(super) fn tenant(text: &str) -> Result<(), &'static str> {
    if is_guid(text) {
        return Ok(());
    }
    domain(text)
}

pub(super) fn estate(text: &str) -> Result<(), &'static str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(());
    }
    Err("it takes 1 to 64 letters, digits, `.`, `_` or `-`")
}

/// The name of a policy, which is written after `--approve` too.
pub(super) fn policy(text: &str) -> Result<(), &'static str> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-');
    let begins = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if begins && text.len() <= 64 && text.bytes().all(fits) {
        return Ok(());
    }
    Err("it takes 1 to 64 lower-case letters, digits, `-`, `_` or `.`, beginning with a letter or digit")
}

/// A DNS name of a certificate. Underscores are common and harmless; a leading `*.` is a wildcard.
pub(super) fn dns_name(text: &str) -> Result<(), &'static str> {
    if text.contains("://") {
        return Err("leave the scheme out");
    }
    if text.contains(['/', ':', '@']) {
        return Err("it is a name alone, without port, path or user");
    }
    if text == "*" {
        return Err("a wildcard needs a domain, as in `*.contoso.com`");
    }
    labels(text.strip_prefix("*.").unwrap_or(text))
}

pub(super) fn user_principal_name(text: &str) -> Result<(), &'static str> {
    let Some((local, host)) = text.split_once('@') else { return Err("it has no `@`") };
    if local.is_empty() || text.len() > 1024 {
        return Err("there is nothing before the `@`");
    }
    if host.contains('@') {
        return Err("it has more than one `@`");
    }
    if local.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it has white space in it");
    }
    domain(host)
}

pub(super) fn tag(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.chars().count() > 256 {
        return Err("it takes 1 to 256 characters");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it has white space in it");
    }
    if text.to_ascii_lowercase().starts_with("accredit:") {
        return Err("tags that begin with `accredit:` are Accredit's own");
    }
    Ok(())
}

pub(super) fn redirect_uri(text: &str) -> Result<(), &'static str> {
    if text.len() > 256 {
        return Err("it is longer than 256 characters");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it has white space in it");
    }
    if text.contains('#') {
        return Err("it has a fragment (`#…`)");
    }
    let Some((scheme, rest)) = text.split_once("://") else { return Err("it begins with `https://`") };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host });
    if name.is_empty() {
        return Err("it has no host");
    }
    match scheme {
        "https" => Ok(()),
        "http" if matches!(name, "localhost" | "127.0.0.1" | "[::1]") => Ok(()),
        "http" => Err("plain `http://` is for `localhost` only"),
        _ => Err("it begins with `https://`"),
    }
}

pub(super) fn scope(text: &str) -> Result<(), &'static str> {
    let id = text.strip_prefix("/administrativeUnits/").or_else(|| text.strip_prefix('/'));
    match id {
        Some("") if text == "/" => Ok(()),
        Some(id) if is_guid(id) => Ok(()),
        Some(_) | None => Err("write `/`, `/administrativeUnits/{id}` or `/{object id}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_dns_names_are_kept_and_impossible_ones_refused() {
        for name in ["m365info.com", "pre_prod.woshub.com", "*.contoso.org", "host"] {
            assert_eq!(dns_name(name), Ok(()), "{name}");
        }
        let long = "a".repeat(64);
        for name in ["*", "a b", "https://contoso.org", "contoso.org:443", "", "a..b", "-a.b", "übung.de", &long] {
            assert!(dns_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn tells_broken_guids_from_names() {
        for text in [
            "dc50a0fb-09a3-484d-be87-e023b12c644",
            "dv861cc4-5984-4d56-b60c-3e79405841c4",
            "DC50A0FB09A3484DBE87E023B12C6440",
        ] {
            assert!(is_broken_guid(text), "{text}");
        }
        for text in ["Exchange.ManageAsApp", "full_access_as_app", "dc50a0fb-09a3-484d-be87-e023b12c6440", "Deployment"]
        {
            assert!(!is_broken_guid(text), "{text}");
        }
    }

    #[test]
    fn redirect_uris_are_https_or_local() {
        for uri in ["https://contoso.org/signin", "http://localhost:8080/", "http://[::1]/x"] {
            assert_eq!(redirect_uri(uri), Ok(()), "{uri}");
        }
        for uri in ["http://contoso.org", "localhost", "https://", "https://a b", "https://a#b", "ftp://a"] {
            assert!(redirect_uri(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn users_are_principal_names() {
        for user in ["zoe.howard@contoso.onmicrosoft.com", "guest_fabrikam.com#EXT#@contoso.com"] {
            assert_eq!(user_principal_name(user), Ok(()), "{user}");
        }
        for user in ["zoe", "@contoso.com", "a@b", "a@b@c.d", "a b@c.d"] {
            assert!(user_principal_name(user).is_err(), "{user}");
        }
    }
}
