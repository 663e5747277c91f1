//! How long a run waits, how it does it, and who is told: for services that say "not now", and for those that do not know
//! yet what was written a moment ago. One value for the whole run, so that all its waits end at one deadline.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A wait under way.
pub type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One wait, as it is told to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// `None` where nobody knows how long.
    pub duration: Option<Duration>,
    /// What is waited for: a few words.
    pub why: String,
}

/// Why a run does not wait on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfTime {
    #[error("a run takes at most {} (`--timeout`), and waiting on would take longer", shown(*.timeout))]
    Over { timeout: Duration },
    #[error("the run was interrupted while it waited")]
    Interrupted,
}

/// The patience of one run; clones share it.
#[derive(Clone)]
pub struct Patience {
    timeout: Duration,
    propagation_timeout: Duration,
    sleep: Arc<dyn Fn(Duration) -> Waiting + Send + Sync>,
    tell: Arc<dyn Fn(&Pause) + Send + Sync>,
    begun: Arc<Mutex<Instant>>,
    interrupted: Arc<tokio::sync::watch::Sender<bool>>,
    /// Waits that took no time of this machine's, because a test has its tenant's clock go on instead.
    skipped: Arc<Mutex<Duration>>,
    skips: bool,
    /// What takes longer than this is told, when nobody knows how long it will take.
    takes_its_time: Duration,
    /// Until when somebody was told that it is waited.
    told_until: Arc<Mutex<Duration>>,
}

impl std::fmt::Debug for Patience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patience")
            .field("timeout", &self.timeout)
            .field("propagation_timeout", &self.propagation_timeout)
            .finish_non_exhaustive()
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self::new(Self::TIMEOUT, Self::PROPAGATION_TIMEOUT)
    }
}

impl Patience {
    /// How long a run takes at most where nothing else was asked for.
    pub const TIMEOUT: Duration = Duration::from_hours(1);
    /// How long it is waited for that what was written becomes known everywhere, where nothing else was asked for.
    pub const PROPAGATION_TIMEOUT: Duration = Duration::from_mins(10);

    const FIRST_WAIT: Duration = Duration::from_secs(1);
    const LONGEST_WAIT: Duration = Duration::from_secs(30);
    /// Nobody has to be told of less.
    const WORTH_TELLING: Duration = Duration::from_secs(2);
    /// Nor of this much more than they were told.
    const NOT_MUCH_LONGER: Duration = Duration::from_secs(10);
    const TAKES_ITS_TIME: Duration = Duration::from_secs(5);

    /// `timeout` is for the whole run, which begins now; `propagation_timeout` for each thing that was written.
    pub fn new(timeout: Duration, propagation_timeout: Duration) -> Self {
        Self {
            timeout,
            propagation_timeout,
            sleep: Arc::new(|duration| Box::pin(tokio::time::sleep(duration))),
            tell: Arc::new(|_| ()),
            begun: Arc::new(Mutex::new(Instant::now())),
            interrupted: Arc::new(tokio::sync::watch::Sender::new(false)),
            skipped: Arc::default(),
            skips: false,
            takes_its_time: Self::TAKES_ITS_TIME,
            told_until: Arc::default(),
        }
    }

    /// Has `tell` told of every wait that is worth it, before it begins.
    #[must_use]
    pub fn telling(self, tell: impl Fn(&Pause) + Send + Sync + 'static) -> Self {
        Self { tell: Arc::new(tell), ..self }
    }

    /// Waits by `skip`, which makes the time pass for the services instead of for this machine.
    #[must_use]
    pub fn skipping(self, skip: impl Fn(Duration) -> Waiting + Send + Sync + 'static) -> Self {
        Self { sleep: Arc::new(skip), skips: true, ..self }
    }

    /// How long the run has taken.
    pub fn elapsed(&self) -> Duration {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
            + *self.skipped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the run's time from now on: what was before was somebody's thinking.
    pub fn begin_again(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Ends all waits, now and later.
    pub fn interrupt(&self) {
        self.interrupted.send_replace(true);
    }

    /// That the run may go on.
    pub fn check(&self) -> Result<(), OutOfTime> {
        if *self.interrupted.borrow() {
            Err(OutOfTime::Interrupted)
        } else if self.elapsed() > self.timeout {
            Err(OutOfTime::Over { timeout: self.timeout })
        } else {
            Ok(())
        }
    }

    /// What somebody else gives who is waited for, such as a person who signs in: no longer than the run may take, until it is
    /// interrupted, and the user is told when it takes its time. It has to be something that changes nothing.
    pub async fn attend<T>(&self, why: &str, doing: impl Future<Output = T>) -> Result<T, OutOfTime> {
        let mut interrupted = self.interrupted.subscribe();
        let telling = async {
            tokio::time::sleep(self.takes_its_time).await;
            (self.tell)(&Pause { duration: None, why: why.to_owned() });
            std::future::pending().await
        };
        Box::pin(async move {
            tokio::select! {
                outcome = self.within(doing) => outcome,
                _ = interrupted.wait_for(|interrupted| *interrupted) => Err(OutOfTime::Interrupted),
                never = telling => never,
            }
        })
        .await
    }

    /// What something gives that takes no longer than the run may.
    pub async fn within<T>(&self, doing: impl Future<Output = T>) -> Result<T, OutOfTime> {
        let left = self.timeout.saturating_sub(self.elapsed());
        tokio::time::timeout(left, doing).await.map_err(|_| OutOfTime::Over { timeout: self.timeout })
    }

    /// Waits, unless the deadline is nearer.
    pub async fn pause(&self, duration: Duration, why: &str) -> Result<(), OutOfTime> {
        self.check()?;
        if duration.is_zero() {
            return Ok(());
        }
        let until = self.elapsed().saturating_add(duration);
        if until > self.timeout {
            return Err(OutOfTime::Over { timeout: self.timeout });
        }
        tracing::info!("waiting {}: {why}", shown(duration));
        if duration >= Self::WORTH_TELLING {
            let mut told_until = self.told_until.lock().unwrap_or_else(PoisonError::into_inner);
            // Requests that wait side by side for the same thing are told of once.
            if until > *told_until + Self::NOT_MUCH_LONGER || self.elapsed() > *told_until {
                *told_until = until;
                (self.tell)(&Pause { duration: Some(duration), why: why.to_owned() });
            }
        }
        let mut interrupted = self.interrupted.subscribe();
        tokio::select! {
            () = (self.sleep)(duration) => {}
            _ = interrupted.wait_for(|interrupted| *interrupted) => return Err(OutOfTime::Interrupted),
        }
        if self.skips {
            *self.skipped.lock().unwrap_or_else(PoisonError::into_inner) += duration;
        }
        Ok(())
    }

    /// Tries something again as long as it fails in a way that may only mean that what was written is not known everywhere yet,
    /// and as long as this is waited for. Gives the last outcome.
    pub async fn until_known<T, E>(
        &self,
        why: &str,
        attempt: impl AsyncFn() -> Result<T, E>,
        is_not_known_yet: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        self.again(self.propagation_waits(), why, attempt, is_not_known_yet).await
    }

    /// Tries something again after each of these waits, as long as it fails in such a way. Gives the last outcome.
    pub async fn again<T, E>(
        &self,
        waits: impl Iterator<Item = Duration>,
        why: &str,
        attempt: impl AsyncFn() -> Result<T, E>,
        is_passing: impl Fn(&E) -> bool,
    ) -> Result<T, E> {
        for wait in waits {
            match attempt().await {
                Err(error) if is_passing(&error) => {
                    if self.pause(wait, why).await.is_err() {
                        return Err(error);
                    }
                }
                outcome => return outcome,
            }
        }
        attempt().await
    }

    /// The waits between one look and the next: each longer by half than the one before it, up to half a minute.
    pub fn waits() -> impl Iterator<Item = Duration> {
        std::iter::successors(Some(Self::FIRST_WAIT), |wait| Some((*wait + *wait / 2).min(Self::LONGEST_WAIT)))
    }

    /// The same as long as propagation is waited for.
    pub fn propagation_waits(&self) -> impl Iterator<Item = Duration> + use<> {
        let timeout = self.propagation_timeout;
        Self::waits().scan(Duration::ZERO, move |waited, wait| {
            let wait = wait.min(timeout.saturating_sub(*waited));
            *waited += wait;
            (!wait.is_zero()).then_some(wait)
        })
    }
}

/// The wait after so many failures: twice as long each time, up to `longest`.
pub fn backoff(first: Duration, longest: Duration, failures: u32) -> Duration {
    first.saturating_mul(1 << (failures.max(1) - 1).min(10)).min(longest)
}

/// A length of time in whole seconds, minutes or hours.
pub fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    if seconds >= 7200 && seconds.is_multiple_of(3600) {
        format!("{} h", seconds / 3600)
    } else if seconds >= 120 && seconds.is_multiple_of(60) {
        format!("{} min", seconds / 60)
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits that pass at once, and what was told of them.
    fn at_once(timeout: u64, propagation: u64) -> (Patience, Arc<Mutex<Vec<Pause>>>) {
        let told: Arc<Mutex<Vec<Pause>>> = Arc::default();
        let tell = Arc::clone(&told);
        let patience = Patience::new(Duration::from_secs(timeout), Duration::from_secs(propagation))
            .skipping(|_| Box::pin(tokio::task::yield_now()))
            .telling(move |pause| tell.lock().unwrap().push(pause.clone()));
        (patience, told)
    }

    #[tokio::test]
    async fn what_would_end_after_the_deadline_is_not_begun() {
        let (patience, told) = at_once(60, 0);
        assert_eq!(patience.pause(Duration::from_secs(40), "Graph").await, Ok(()));
        assert!(patience.elapsed() >= Duration::from_secs(40));
        let refused = patience.pause(Duration::from_secs(40), "Graph").await.unwrap_err();
        assert_eq!(refused.to_string(), "a run takes at most 60 s (`--timeout`), and waiting on would take longer");
        assert_eq!(told.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn short_waits_are_nobodys_business_and_equal_ones_are_told_once() {
        let (patience, told) = at_once(600, 0);
        patience.pause(Duration::from_secs(1), "short").await.unwrap();
        assert!(told.lock().unwrap().is_empty());
        let long = Duration::from_secs(20);
        let (first, second) = tokio::join!(patience.pause(long, "long"), patience.pause(long, "long"));
        assert_eq!((first, second), (Ok(()), Ok(())));
        assert_eq!(*told.lock().unwrap(), [Pause { duration: Some(long), why: "long".to_owned() }]);
    }

    #[tokio::test]
    async fn who_takes_long_is_told_of_and_an_interrupt_ends_it() {
        let (patience, told) = at_once(60, 0);
        let slow = async {
            // Longer than it takes before it is told.
            while told.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            2
        };
        let impatient = Patience { takes_its_time: Duration::ZERO, ..patience.clone() };
        assert_eq!(impatient.attend("slow", slow).await, Ok(2));
        assert_eq!(*told.lock().unwrap(), [Pause { duration: None, why: "slow".to_owned() }]);
        let interrupt = async { patience.interrupt() };
        let (outcome, ()) = tokio::join!(patience.attend("never", std::future::pending::<()>()), interrupt);
        assert_eq!(outcome, Err(OutOfTime::Interrupted));
        let (over, _) = at_once(0, 0);
        let outcome = over.attend("never", std::future::pending::<()>()).await;
        assert_eq!(outcome, Err(OutOfTime::Over { timeout: Duration::ZERO }));
    }

    #[tokio::test]
    async fn propagation_is_waited_for_as_long_as_it_may_take_and_no_longer() {
        let (patience, _) = at_once(3600, 600);
        let waits: Vec<Duration> = patience.propagation_waits().collect();
        assert_eq!(waits.iter().sum::<Duration>(), Duration::from_mins(10));
        let tries = Mutex::new(0);
        let attempt = async || {
            *tries.lock().unwrap() += 1;
            Err::<(), _>("404")
        };
        assert_eq!(patience.until_known("it", attempt, |_| true).await, Err("404"));
        assert_eq!(*tries.lock().unwrap(), waits.len() + 1);
        assert_eq!(patience.until_known("it", attempt, |_| false).await, Err("404"));
        assert_eq!(*tries.lock().unwrap(), waits.len() + 2);
    }
}
