//! All applications of a tenant that are in no manifest, page by page: what was seen is counted, and only the most urgent are
//! kept, however many there are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

use crate::kinds::{ESTATE_TAG, estate_tag};
use crate::model::{Address, Desired, Finding, ListedApplication, Rule, Severity};

/// What was seen so far.
#[derive(Debug)]
pub struct Inventory<'a> {
    desired: &'a Desired,
    now: Timestamp,
    /// So many are kept.
    most: usize,
    /// The most urgent first.
    kept: BTreeMap<Urgency, Finding>,
    seen: usize,
    foreign: usize,
    ended: usize,
    ending: usize,
    endless: usize,
}

/// The sooner something of it ends, the smaller; what has ended comes after what ends.
type Urgency = (u8, Timestamp, String);

/// What ends sooner than this is counted as ending.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

impl<'a> Inventory<'a> {
    pub fn new(desired: &'a Desired, now: Timestamp, most: usize) -> Self {
        let kept = BTreeMap::new();
        Self { desired, now, most, kept, seen: 0, foreign: 0, ended: 0, ending: 0, endless: 0 }
    }

    /// Takes note of an application; gives it back, with the estate that it belongs to, where no manifest is about it.
    pub fn look_at(&mut self, mut application: ListedApplication) -> Option<ListedApplication> {
        self.seen += 1;
        let is_declared =
            application.unique_name.as_ref().is_some_and(|name| self.desired.applications.contains_key(name.as_str()));
        // What carries our tag is told of as a part of the estate.
        if is_declared || application.tags.contains(&estate_tag(&self.desired.estate)) {
            return None;
        }
        application.estate = application.tags.iter().find_map(|tag| tag.strip_prefix(ESTATE_TAG)).map(str::to_owned);
        self.foreign += 1;
        let ends = application.credentials.iter().map(|credential| credential.end.unwrap_or(Timestamp::MAX));
        let (alive, ended): (Vec<Timestamp>, Vec<Timestamp>) = ends.partition(|end| *end > self.now);
        let next = alive.iter().min().copied();
        let is_soon = next.is_some_and(|next| next.duration_since(self.now) <= SOON);
        self.ended += usize::from(!ended.is_empty());
        self.ending += usize::from(is_soon);
        self.endless += usize::from(alive.contains(&Timestamp::MAX));
        let urgency = match (next, ended.iter().max()) {
            (Some(next), _) => (0, next, application.app_id.clone()),
            (None, Some(ended)) => (1, *ended, application.app_id.clone()),
            (None, None) => (2, Timestamp::MAX, application.app_id.clone()),
        };
        let finding = finding(&application, next, ended.len(), alive.len());
        self.kept.insert(urgency, finding);
        if self.kept.len() > self.most {
            self.kept.pop_last();
        }
        Some(application)
    }

    /// The findings, the most urgent first, and what there is to say of all that was seen.
    pub fn finish(self) -> (Vec<Finding>, String) {
        let Self { most: _, kept, seen, foreign, ended, ending, endless, desired: _, now: _ } = self;
        let shown = kept.len();
        let mut text = format!(
            "of {} in the tenant, {foreign} {} in no manifest: {ending} with a credential that ends within 30 days, {ended} with \
             one that has ended, {endless} with one that has no end",
            if seen == 1 { "1 application".to_owned() } else { format!("{seen} applications") },
            if foreign == 1 { "is" } else { "are" },
        );
        if shown < foreign {
            let _ = write!(text, "; the {shown} whose credentials end first are shown, `--inventory FILE` writes all");
        }
        (kept.into_values().collect(), text)
    }
}

fn finding(application: &ListedApplication, next: Option<Timestamp>, ended: usize, alive: usize) -> Finding {
    let ListedApplication { app_id, display_name, created, estate, .. } = application;
    let day = |instant: Timestamp| {
        if instant == Timestamp::MAX { "never".to_owned() } else { format!("on {}", instant.strftime("%Y-%m-%d")) }
    };
    let credentials = match (next, ended) {
        (Some(next), 0) => format!("{}, the first ends {}", counted(alive), day(next)),
        (Some(next), ended) => format!("{}, the first ends {}; {ended} ended", counted(alive), day(next)),
        (None, 0) => "no credential".to_owned(),
        (None, ended) => format!("{} that ended", counted(ended)),
    };
    let of = estate.as_ref().map_or_else(String::new, |estate| format!(", of the estate `{estate}`"));
    let message = format!("`{display_name}`{of} is in no manifest: {credentials}");
    let address = Address::new(app_id, "application", "");
    let mut finding = super::finding(Rule::Foreign, Severity::Warning, address, message);
    finding.circumstances.since = *created;
    finding.circumstances.until = next.filter(|next| *next != Timestamp::MAX);
    finding.circumstances.remedy = super::remedies::of(&finding);
    finding
}

fn counted(credentials: usize) -> String {
    if credentials == 1 { "1 credential".to_owned() } else { format!("{credentials} credentials") }
}
