//! What is being done right now, on standard error: a moving line on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::execute::Event;
use crate::model::{Action, Address, Step};
use crate::render::{Paint, printable};

use super::console::Console;

pub(super) struct Progress<'a> {
    console: &'a Console,
    paint: Paint,
    /// `None` where standard error is no terminal.
    bar: Option<ProgressBar>,
    running: Mutex<BTreeMap<Address, Instant>>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(console: &'a Console, steps: usize) -> Self {
        let bar = console.talks_to_terminal.then(|| {
            let bar = ProgressBar::new(u64::try_from(steps).unwrap_or(u64::MAX));
            if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} [{elapsed}] {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        // A terminal that cannot move its cursor gets plain lines.
        let bar = bar.filter(|bar| !bar.is_hidden());
        console.say("");
        console.show_bar(bar.clone());
        Self { console, paint: console.talk, bar, running: Mutex::new(BTreeMap::new()) }
    }

    pub(super) fn show(&self, event: &Event<'_>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started(step) => {
                running.insert(step.address.clone(), Instant::now());
                if self.bar.is_none() {
                    self.line(&format!("{}: {}...", printable(&step.address.to_string()), words(step).0));
                }
            }
            Event::Finished(step) => {
                let elapsed = running.remove(&step.address).map_or(0, |started| started.elapsed().as_secs());
                let done = self.paint.green(&format!("{} complete", words(step).1));
                self.line(&format!("{}: {done} after {elapsed}s", printable(&step.address.to_string())));
                self.advance();
            }
            Event::Failed(step, _) => {
                running.remove(&step.address);
                self.line(&format!(
                    "{}: {}",
                    printable(&step.address.to_string()),
                    self.paint.red(&format!("{} failed", words(step).1))
                ));
                self.advance();
            }
        }
        if let Some(bar) = &self.bar {
            let names: Vec<String> = running.keys().map(|address| printable(&address.to_string())).collect();
            bar.set_message(names.join(", "));
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            self.console.show_bar(None);
        }
    }

    fn advance(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => self.console.say(text),
        }
    }
}

/// While and after it is done.
fn words(step: &Step) -> (&'static str, &'static str) {
    match &step.action {
        Action::Create { .. } => ("Creating", "Creation"),
        Action::Update { .. } => ("Modifying", "Modification"),
        Action::Renew { .. } => ("Renewing", "Renewal"),
        Action::Prove { .. } => ("Signing in", "Sign-in"),
        Action::Delete { .. } => ("Destroying", "Destruction"),
    }
}
