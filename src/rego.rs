//! A plan held against policies in Rego, the language of Open Policy Agent: the same rules that `opa` and `conftest` run over its
//! JSON.
//!
//! The package is `accredit`. The members of its rules `deny` and `warn` (and `deny_…`, `warn_…`, and `violation`, which denies)
//! are texts, or objects with `msg` and, where there are any, `address` and `code`. `input` is the document of
//! `docs/plan-format.md`, and the time is the plan's `now`: nothing is read while a policy runs, and the same plan is judged the
//! same way at any time.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};
use serde_json::Value as Json;

use crate::model::{Address, Circumstances, Finding, Plan, Rule, Severity};
use crate::render;

/// The package whose rules are asked.
const PACKAGE: &str = "data.accredit";

/// The longest that policies may be read or judged.
const LONGEST: Duration = Duration::from_secs(20);
/// In bytes; taken as it is used.
const STACK: usize = 1 << 30;

/// Policies that were read; none, unless some were given.
#[derive(Clone, Default)]
pub struct Rego {
    engine: Option<Engine>,
}

/// Why a plan cannot be held against policies. Those of the language name their file, line and column.
#[derive(Debug, thiserror::Error)]
pub enum RegoError {
    #[error("`{path}` cannot be read: {reason}")]
    Unreadable { path: String, reason: std::io::Error },
    #[error("there is no policy under `{path}`: their names end in `.rego`")]
    NoPolicy { path: String },
    #[error("none of the policies is in the package `accredit`")]
    OtherPackage,
    #[error("{}", told(.0))]
    Policy(String),
    #[error("the policies do not come to an end within {} seconds", LONGEST.as_secs())]
    Endless,
    #[error("the policies of the package `accredit` have none of the rules `deny`, `violation` and `warn`")]
    NoRule,
    #[error("`{rule}` is no set of texts or objects with `msg`, as `{rule} contains …` makes one: {value}")]
    Shape { rule: String, value: String },
    #[error("a member of `{rule}` is neither a text nor an object with `msg`: {member}")]
    Member { rule: String, member: String },
}

/// Does what may take all the stack or never end. A thread that is left behind ends with the process.
fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, RegoError> {
    let (sender, receiver) = mpsc::channel();
    let thread = thread::Builder::new().stack_size(STACK).spawn(move || {
        // Nobody listens any more after the time is up.
        drop(sender.send(work()));
    });
    thread.map_err(|_| RegoError::Endless)?;
    receiver.recv_timeout(LONGEST).map_err(|_| RegoError::Endless)
}

/// What the engine says, in one paragraph: it begins with an empty line and underlines the place.
fn told(error: &str) -> String {
    error.replace("\\n", "\n").trim().trim_start_matches("-->").trim().to_owned()
}

impl Rego {
    /// Reads and checks files and directories of policies. Tests (`…_test.rego`) are left out.
    pub fn read(paths: &[PathBuf]) -> Result<Self, RegoError> {
        if paths.is_empty() {
            return Ok(Self::default());
        }
        let mut engine = Engine::new();
        let mut packages = BTreeSet::new();
        let mut has_rule = false;
        for path in paths {
            let mut files = BTreeSet::new();
            policies_below(path, &mut files)?;
            if files.is_empty() {
                return Err(RegoError::NoPolicy { path: path.display().to_string() });
            }
            for file in files {
                let text = std::fs::read_to_string(&file).map_err(|reason| unreadable(&file, reason))?;
                let names_rule = text.lines().any(names_rule);
                let name = file.display().to_string();
                let read = bounded(move || {
                    let package = engine.add_policy(name, text);
                    (engine, package.map_err(|error| RegoError::Policy(error.to_string())))
                })?;
                engine = read.0;
                let package = read.1?;
                has_rule |= names_rule && package == PACKAGE;
                packages.insert(package);
            }
        }
        if !packages.contains(PACKAGE) {
            return Err(RegoError::OtherPackage);
        }
        if !has_rule {
            return Err(RegoError::NoRule);
        }
        Ok(Self { engine: Some(engine) })
    }

    /// What the policies say of a plan: each member of `deny` an error, each of `warn` a warning. What names no address is about
    /// the estate.
    pub fn judge(&self, plan: &Plan) -> Result<Vec<Finding>, RegoError> {
        let Some(engine) = &self.engine else { return Ok(Vec::new()) };
        let mut engine = engine.clone();
        let failed = |error: &dyn std::fmt::Display| RegoError::Policy(error.to_string());
        engine.set_input_json(&render::json(plan)).map_err(|error| failed(&error))?;
        clock(&mut engine, plan.now).map_err(|error| failed(&error))?;
        engine.set_execution_timer_config(ExecutionTimerConfig { limit: LONGEST / 2, check_interval: NonZeroU32::MIN });
        let results = bounded(move || engine.eval_query(PACKAGE.to_owned(), false).map_err(|error| error.to_string()))?;
        let results = results.map_err(RegoError::Policy)?;
        let package = results.result.first().and_then(|result| result.expressions.first());
        let package = package.map_or(Ok(Json::Null), |found| serde_json::to_value(&found.value));
        let package = package.map_err(|error| failed(&error))?;
        let mut findings = Vec::new();
        for (rule, members) in package.as_object().into_iter().flatten() {
            let Some(severity) = severity(rule) else { continue };
            // A condition that does not hold says nothing; every other shape would deny and not be heard.
            let members = match members {
                Json::Bool(false) => continue,
                Json::Array(members) => members,
                other => return Err(RegoError::Shape { rule: rule.clone(), value: other.to_string() }),
            };
            for member in members {
                findings.push(finding(rule, severity, member, &plan.estate)?);
            }
        }
        findings.sort_by(|one, other| (&one.address, &one.message).cmp(&(&other.address, &other.message)));
        Ok(findings)
    }
}

/// Whether a line has the name of a rule that is asked, before any comment.
fn names_rule(line: &str) -> bool {
    let code = line.split('#').next().unwrap_or_default();
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| severity(word).is_some())
}

/// What the members of a rule are; `None` for rules that are only there for others.
fn severity(rule: &str) -> Option<Severity> {
    let (word, _) = rule.split_once('_').unwrap_or((rule, ""));
    match word {
        "deny" | "violation" => Some(Severity::Error),
        "warn" => Some(Severity::Warning),
        _ => None,
    }
}

fn finding(rule: &str, severity: Severity, member: &Json, estate: &str) -> Result<Finding, RegoError> {
    let text = |name: &str| member.get(name).and_then(Json::as_str);
    let Some(message) = member.as_str().or_else(|| text("msg")) else {
        return Err(RegoError::Member { rule: rule.to_owned(), member: member.to_string() });
    };
    let whole = Address::new(estate, "estate", "");
    Ok(Finding {
        rule: Rule::Policy,
        severity,
        address: member.get("address").and_then(|it| serde_json::from_value(it.clone()).ok()).unwrap_or(whole),
        // Without a code nothing but its words tells it from others.
        subject: text("code").unwrap_or(message).to_owned(),
        message: message.to_owned(),
        removed: false,
        place: None,
        circumstances: Circumstances::default(),
    })
}

/// Lets the functions of time reckon with the plan's instant and none other.
fn clock(engine: &mut Engine, now: Timestamp) -> anyhow::Result<()> {
    let nanoseconds = |instant: Timestamp| i64::try_from(instant.as_nanosecond()).unwrap_or(i64::MAX);
    let now = nanoseconds(now);
    engine.add_extension("time.now_ns".to_owned(), 0, Box::new(move |_: Vec<Value>| Ok(Value::from(now))))?;
    engine.add_extension(
        "time.parse_rfc3339_ns".to_owned(),
        1,
        Box::new(move |arguments: Vec<Value>| {
            let text = arguments.first().and_then(|argument| argument.as_string().ok());
            let instant = text.and_then(|text| text.parse::<Timestamp>().ok());
            Ok(instant.map_or(Value::Undefined, |instant| Value::from(nanoseconds(instant))))
        }),
    )
}

fn unreadable(path: &Path, reason: std::io::Error) -> RegoError {
    RegoError::Unreadable { path: path.display().to_string(), reason }
}

fn policies_below(path: &Path, found: &mut BTreeSet<PathBuf>) -> Result<(), RegoError> {
    if !path.is_dir() {
        found.insert(path.to_owned());
        return Ok(());
    }
    for entry in path.read_dir().map_err(|reason| unreadable(path, reason))? {
        let entry = entry.map_err(|reason| unreadable(path, reason))?.path();
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        let is_policy = name.ends_with(".rego") && !name.ends_with("_test.rego");
        // A link to a directory may lead back to where it lies.
        let is_directory = entry.is_dir() && !entry.is_symlink() && !name.starts_with('.');
        if is_directory || (is_policy && !entry.is_dir()) {
            policies_below(&entry, found)?;
        }
    }
    Ok(())
}
