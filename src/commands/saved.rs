//! Plans in files: `plan --out` saves one, `apply FILE` carries it out, and nothing else.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::keys::{SigningKey, VerifyKey, read_private};
use crate::model::Plan;
use crate::patience::shown;
use crate::saved::{InvalidSavedPlan, MadeFrom, Moved, SavedPlan, moved};

use super::console::Console;
use super::failure::Failure;

/// What helps where a saved plan is not carried out.
const PLAN_AGAIN: &str = "nothing was changed; plan again, and have the new plan reviewed";

/// How many differences are told one by one.
const MOST_TOLD: usize = 10;

/// What is asked of a saved plan before it is carried out.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// The file with the public key of whoever has to have signed it.
    pub verify_key: Option<PathBuf>,
    pub maximum_age: Duration,
}

/// Writes a plan's file, signed with the key in `sign`.
pub(super) fn save(file: &Path, plan: &Plan, made_from: &MadeFrom, sign: Option<&SigningKey>) -> Result<(), Failure> {
    let sign = sign.map(|key| |digest: &str| Ok::<_, Infallible>(key.sign(digest)));
    let Ok(text) = SavedPlan::write(plan, made_from, sign);
    place(file, &text)
        .map_err(|error| Failure::new(format!("the plan could not be saved to `{}`", file.display()), error))
}

/// Writes the whole file or leaves what was there; what is no plain file, such as a pipe, is written into.
fn place(file: &Path, text: &str) -> Result<(), std::io::Error> {
    use std::io::Write as _;
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    if file.exists() && !file.is_file() {
        return std::fs::write(&file, text);
    }
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(directory)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().sync_all()?;
    draft.persist(&file).map_err(|error| error.error)?;
    Ok(())
}

/// The key that plans are signed with.
pub(super) fn signing_key(file: &Path) -> Result<SigningKey, Failure> {
    let failed = || format!("plans cannot be signed with `{}`", file.display());
    let text = read_private(file).map_err(|error| Failure::new(failed(), error))?;
    SigningKey::read(&text).map_err(|error| {
        Failure::new(failed(), error).hint("`openssl genpkey -algorithm ed25519 -out plan.key` makes one")
    })
}

/// The saved plan that was given in place of manifests, if one was.
pub(super) fn find(paths: &[PathBuf]) -> Result<Option<(PathBuf, SavedPlan)>, Failure> {
    for path in paths {
        let Some(text) = path.is_file().then(|| std::fs::read_to_string(path).ok()).flatten() else { continue };
        if !SavedPlan::is_meant(&text) {
            continue;
        }
        let file = path.display();
        if paths.len() > 1 {
            return Err(Failure::message(format!("`{file}` is a plan, and other paths were given beside it"))
                .hint("a saved plan knows the manifests that it was made from: give it alone"));
        }
        let saved = SavedPlan::read(&text).map_err(|error| {
            let hint = match error {
                InvalidSavedPlan::NotAPlan(_) | InvalidSavedPlan::NotSaved => "`accredit plan --out FILE` saves a plan",
                InvalidSavedPlan::Changed | InvalidSavedPlan::OtherVersion { .. } => PLAN_AGAIN,
            };
            Failure::new(format!("the plan `{file}` cannot be carried out"), error).hint(hint)
        })?;
        return Ok(Some((path.clone(), saved)));
    }
    Ok(None)
}

/// That a saved plan is what it should be: signed, of late, and made from the manifests that are there, of which there are the
/// digests.
pub(super) fn check(
    file: &Path,
    saved: &SavedPlan,
    conditions: &Conditions,
    now: Timestamp,
    manifests: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    let refused = |why: String| Failure::message(format!("the plan `{}` {why}", file.display())).hint(PLAN_AGAIN);
    if let Some(key) = &conditions.verify_key {
        let failed = || format!("no signature can be checked with `{}`", key.display());
        let text = std::fs::read_to_string(key).map_err(|error| Failure::new(failed(), error))?;
        let key = VerifyKey::read(&text).map_err(|error| {
            Failure::new(failed(), error).hint("`openssl pkey -in plan.key -pubout -out plan.pub` makes one")
        })?;
        let Some(signature) = &saved.signature else {
            return Err(refused("is not signed, and `--verify-key` was given".to_owned()));
        };
        if !key.verifies(&signature.signed, &signature.value) {
            return Err(refused("was not signed with the key of `--verify-key`".to_owned()));
        }
    }
    let age = saved.age(now);
    if age < -SignedDuration::from_mins(5) {
        return Err(refused(format!("was made at {}, which is yet to come", saved.plan.now)));
    }
    if age.unsigned_abs() > conditions.maximum_age && age.is_positive() {
        let most = shown(conditions.maximum_age);
        return Err(refused(format!("was made at {}, more than {most} ago (`--maximum-plan-age`)", saved.plan.now)));
    }
    let then = &saved.made_from.manifests;
    let changed = then.iter().filter(|(name, digest)| manifests.get(*name) != Some(digest)).map(|(name, _)| name);
    let changed: Vec<String> = changed
        .chain(manifests.keys().filter(|name| !then.contains_key(*name)))
        .map(|name| format!("`{name}`"))
        .collect();
    if !changed.is_empty() {
        return Err(refused(format!("was made from other manifests: {} changed since", changed.join(", "))));
    }
    Ok(())
}

/// That the tenant and the key stores are as they were when a plan was made.
pub(super) fn check_nothing_moved(console: &Console, then: &Plan, now: &Plan) -> Result<(), Failure> {
    if then.tenant != now.tenant {
        return Err(Failure::message(format!(
            "the plan is for the tenant {} ({}), and this is {} ({})",
            then.organization, then.tenant, now.organization, now.tenant
        )));
    }
    let moved: Vec<Moved> = moved(then, now);
    if moved.is_empty() {
        return Ok(());
    }
    let mut told: Vec<String> = moved.iter().take(MOST_TOLD).map(ToString::to_string).collect();
    if moved.len() > MOST_TOLD {
        told.push(format!("and {} more", moved.len() - MOST_TOLD));
    }
    let failure = Failure::message("the tenant or a key store changed since this plan was made").hint(PLAN_AGAIN);
    console.failure_because(&failure, &told);
    Err(Failure::said())
}
