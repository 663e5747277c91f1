//! The text of a first manifest, with comments that explain it.

use std::path::{Component, Path};

use serde_json::json;

use super::answers::{Answers, Store};

/// The manifest for these answers, which will lie in `directory`.
pub(super) fn written(answers: &Answers, directory: &Path) -> String {
    let Answers { tenant, estate, purpose, handle, display_name, owners, store } = answers;
    let owners = if owners.is_empty() {
        "    # Who may change it besides administrators; without this key nobody touches the owners.\n    # owners: [zoe.howard@contoso.onmicrosoft.com]\n".to_owned()
    } else {
        format!("    owners: {}\n", json!(owners))
    };
    let (store, note) = match store {
        Store::Directory(path) => (
            format!("{{ directory: {} }}", json!(seen_from(directory, path))),
            "        # Relative to this file. Keys lie there in the clear: keep them out of git, or name `recipients`.\n        # A pipeline forgets its files; there it is a vault: `store: { keyVault: NAME }`.\n",
        ),
        Store::KeyVault(name) => (
            format!("{{ keyVault: {} }}", json!(name)),
            "        # The private key is in this vault; `source: keyVault` has the vault make it and never give it out.\n",
        ),
    };
    format!(
        "# What this estate's applications shall be. docs/manifest.md explains every key; `accredit validate` checks this file with
# no tenant, `accredit plan` shows what would change, `accredit apply` does it after you said yes.

tenant: {tenant}
# Marks in the tenant what these manifests manage, and nothing else is ever deleted.
estate: {estate}

applications:
  # The handle: the application's uniqueName, so it never changes.
  {handle}:
    displayName: {display_name}
{owners}{access}    certificates:
      # A name of yours; it tells certificates of one application apart. Valid for a year, renewed 30 days before its end.
      main:
{note}        store: {store}
        # The certificate with its key for other machines, and where its password goes:
        # export: [cer, pfx]
        # pfxPassword: {{ generate: true }}
    # Refuses every plan that would delete this application:
    # protect: true
",
        tenant = json!(tenant),
        estate = json!(estate),
        handle = json!(handle),
        display_name = json!(display_name),
        access = purpose.access(),
    )
}

/// A path from where the program runs, as a file in `directory` has to write it.
fn seen_from(directory: &Path, path: &str) -> String {
    let is_simple = |component: Component<'_>| matches!(component, Component::Normal(_) | Component::CurDir);
    let depth = directory.components().filter(|component| matches!(component, Component::Normal(_))).count();
    if Path::new(path).is_relative() && directory.components().all(is_simple) {
        let inside = Path::new(path).components().filter(|component| !matches!(component, Component::CurDir));
        let inside: Vec<String> =
            inside.map(|component| component.as_os_str().to_string_lossy().into_owned()).collect();
        return format!("{}{}", "../".repeat(depth), inside.join("/"));
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.into());
    whole.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_written_as_the_manifest_sees_it() {
        assert_eq!(seen_from(Path::new("manifests"), ".accredit/keys"), "../.accredit/keys");
        assert_eq!(seen_from(Path::new("./a/b/"), "./keys"), "../../keys");
        assert_eq!(seen_from(Path::new("."), "keys"), "keys");
        assert!(Path::new(&seen_from(Path::new("../a"), "keys")).is_absolute());
    }
}
