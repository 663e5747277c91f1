//! The terminal: data to standard output, talk to standard error, colour where it is wanted.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use indicatif::ProgressBar;

use crate::patience::{Patience, shown};
use crate::render::{Event, Paint, printable};

use super::failure::Failure;
use super::{Color, now};

#[derive(Clone, Debug)]
pub(super) struct Console {
    /// For standard output.
    pub(super) paint: Paint,
    /// For standard error.
    pub(super) talk: Paint,
    pub(super) talks_to_terminal: bool,
    /// Whether standard output is for events and nothing else.
    streams: bool,
    /// The moving line at the foot of standard error, while there is one.
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Console {
    pub(super) fn new(color: Color) -> Self {
        let paint = |automatic: ColorChoice| Paint {
            color: match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => automatic != ColorChoice::Never,
            },
        };
        Self {
            paint: paint(AutoStream::choice(&io::stdout())),
            talk: paint(AutoStream::choice(&io::stderr())),
            talks_to_terminal: io::stderr().is_terminal(),
            streams: false,
            bar: Arc::default(),
        }
    }

    /// Events of the program's inside go to standard error, as far as `ACCREDIT_LOG` asks for them.
    #[expect(clippy::unused_self, reason = "whoever has a console may start the log")]
    pub(super) fn start_log(&self) {
        let Some(filter) = environment("ACCREDIT_LOG") else { return };
        let filter = tracing_subscriber::EnvFilter::new(filter);
        // A second call, in tests alone, changes nothing.
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).try_init();
    }

    /// Prints data. A reader that has gone away (`| head`) is no failure.
    #[expect(clippy::unused_self, reason = "whoever has no console cannot print")]
    pub(super) fn data(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::new("the output could not be written", error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// The same console, whose standard output is for events, the first of which it prints.
    pub(super) fn streaming(&self, streams: bool) -> Self {
        let console = Self { streams, ..self.clone() };
        console.event(&Event::version());
        console
    }

    pub(super) fn is_streaming(&self) -> bool {
        self.streams
    }

    /// Prints data for people, unless programs read here.
    pub(super) fn prose(&self, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.streams { Ok(()) } else { self.data(&text()) }
    }

    /// Tells programs of an event, if they read here.
    pub(super) fn event(&self, event: &Event<'_>) {
        if self.streams {
            // Whoever does not read on misses what they miss; what was begun is finished.
            let _ = self.data(&event.line(now(None)));
        }
    }

    /// Tells programs too why a run failed.
    pub(super) fn told<T>(&self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &outcome {
            let mut errors = failure.chain();
            if errors.is_empty() {
                errors.push("it failed: the events before this one and standard error say why".to_owned());
            }
            self.event(&Event::Error { errors, hint: failure.help() });
        }
        outcome
    }

    /// The patience of a run that says what it waits for.
    pub(super) fn patience(&self, timeout: Duration, propagation_timeout: Duration) -> Patience {
        let (bar, paint, console) = (Arc::clone(&self.bar), self.talk, self.clone());
        Patience::new(timeout, propagation_timeout).telling(move |pause| {
            let seconds = pause.duration.map(|duration| duration.as_secs());
            console.event(&Event::Waiting { why: &pause.why, seconds });
            let how_long = pause.duration.map(|duration| format!(" {}", shown(duration))).unwrap_or_default();
            let line = format!("{}{how_long}: {}", paint.bold("Waiting"), printable(&pause.why));
            match &*bar.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(bar) => bar.println(line),
                None => {
                    let _ = writeln!(io::stderr().lock(), "{line}");
                }
            }
        })
    }

    /// Has what is said go above this moving line from now on, or to where it was before.
    pub(super) fn show_bar(&self, bar: Option<ProgressBar>) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }

    /// Says something that is no data. Nothing is done about a standard error that cannot be written to.
    #[expect(clippy::unused_self, reason = "whoever has no console cannot talk")]
    pub(super) fn say(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    pub(super) fn failure(&self, failure: &Failure) {
        self.failure_because(failure, &[]);
    }

    /// A failure with causes that are known apart from it.
    pub(super) fn failure_because(&self, failure: &Failure, causes: &[String]) {
        for (depth, message) in failure.chain().iter().chain(causes).enumerate() {
            // What Graph says, and what things are called there, is not ours.
            let message = printable(message);
            if depth == 0 {
                self.say(&format!("{} {message}", self.talk.bold(&self.talk.red("error:"))));
            } else {
                self.say(&format!("  caused by: {message}"));
            }
        }
        if let Some(hint) = failure.help() {
            self.say(&format!("{} {hint}", self.talk.bold("hint:")));
        }
    }

    /// Asks, and takes `yes` alone for yes.
    pub(super) fn confirm(&self, question: &str) -> Result<bool, Failure> {
        self.say(&format!("\n{}", self.talk.bold(question)));
        self.say("  Only `yes` will be accepted to approve.\n");
        let _ = write!(io::stderr().lock(), "  {} ", self.talk.bold("Enter a value:"));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        let read = read.map_err(|error| Failure::new("the answer could not be read", error))?;
        if read == 0 {
            self.say("");
            return Err(Failure::message("nobody answered, and nothing was changed")
                .hint("in a pipeline, review the plan and add `--auto-approve`"));
        }
        self.say("");
        Ok(answer.trim() == "yes")
    }
}

/// A variable of the environment, if it is set and is text.
#[expect(clippy::disallowed_methods, reason = "this is where the environment comes in")]
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
