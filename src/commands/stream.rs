//! What is being done right now, for programs: an event for each step that begins, goes on, ends or fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::execute;
use crate::model::Address;
use crate::render::Event;

use super::console::Console;
use super::failure::{causes, vault_help};

/// How often it is said that a step goes on.
const GOES_ON: Duration = Duration::from_secs(10);

/// The steps under way, with what is done and since when.
type Running = BTreeMap<Address, (&'static str, Instant)>;

pub(super) struct Stream<'a> {
    console: &'a Console,
    running: Arc<Mutex<Running>>,
    /// Says that steps go on; there only where somebody reads it.
    ticking: Option<JoinHandle<()>>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(console: &'a Console) -> Self {
        let running: Arc<Mutex<Running>> = Arc::default();
        let ticking = console.is_streaming().then(|| tokio::spawn(tick(console.clone(), Arc::clone(&running))));
        Self { console, running, ticking }
    }

    pub(super) fn show(&self, event: &execute::Event<'_>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            execute::Event::Started(step) => {
                let action = step.action.as_str();
                running.insert(step.address.clone(), (action, Instant::now()));
                self.console.event(&Event::ApplyStart { address: &step.address, action });
            }
            execute::Event::Finished(step) => {
                let (address, action, seconds) =
                    (&step.address, step.action.as_str(), ended(&mut running, &step.address));
                self.console.event(&Event::ApplyComplete { address, action, seconds });
            }
            execute::Event::Failed(step, error) => {
                let (address, action, seconds) =
                    (&step.address, step.action.as_str(), ended(&mut running, &step.address));
                let hint = error.hint().map(String::from).or_else(|| vault_help(*error));
                let errors = causes(*error);
                self.console.event(&Event::ApplyErrored { address, action, seconds, errors, hint });
            }
        }
    }

    pub(super) fn finish(&self) {
        if let Some(ticking) = &self.ticking {
            ticking.abort();
        }
    }
}

/// How many seconds a step took that has ended.
fn ended(running: &mut Running, address: &Address) -> u64 {
    running.remove(address).map_or(0, |(_, since)| since.elapsed().as_secs())
}

async fn tick(console: Console, running: Arc<Mutex<Running>>) {
    loop {
        tokio::time::sleep(GOES_ON).await;
        for (address, (action, since)) in &*running.lock().unwrap_or_else(PoisonError::into_inner) {
            let seconds = since.elapsed().as_secs();
            console.event(&Event::ApplyProgress { address, action, seconds });
        }
    }
}
