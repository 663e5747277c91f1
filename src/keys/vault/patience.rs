//! How often, and how long after, a request that a vault did not serve is sent again.

use std::time::Duration;

use async_trait::async_trait;
use azure_core::http::StatusCode;
use azure_core::http::headers::{RETRY_AFTER, RETRY_AFTER_MS, X_MS_RETRY_AFTER_MS};
use azure_core::http::policies::{RetryHeaders, RetryPolicy};
use azure_core::time;

/// A few tries within half a minute: somebody sits and waits.
#[derive(Debug)]
pub(super) struct Patience {
    headers: RetryHeaders,
    /// None means those that the client library chooses: 408, 429, 500, 502, 503, 504.
    statuses: &'static [StatusCode],
}

impl Patience {
    const TRIES_MORE: u32 = 3;
    const IN_ALL: time::Duration = time::Duration::seconds(30);
    /// A vault that wants to be left alone for longer is asked once more all the same, and then given up.
    const LONGEST_WAIT: Duration = Duration::from_secs(30);

    /// For what can be asked twice.
    pub(super) fn new() -> Self {
        Self {
            headers: RetryHeaders { retry_headers: vec![X_MS_RETRY_AFTER_MS, RETRY_AFTER_MS, RETRY_AFTER] },
            statuses: &[],
        }
    }

    /// For what must not be asked twice: again only where it was surely not done.
    pub(super) fn when_refused() -> Self {
        Self { statuses: &[StatusCode::TooManyRequests], ..Self::new() }
    }
}

#[async_trait]
impl RetryPolicy for Patience {
    fn is_expired(&self, duration_since_start: time::Duration, retry_count: u32) -> bool {
        retry_count >= Self::TRIES_MORE || duration_since_start >= Self::IN_ALL
    }

    fn retry_headers(&self) -> Option<&RetryHeaders> {
        Some(&self.headers)
    }

    fn retry_status_codes(&self) -> &[StatusCode] {
        self.statuses
    }

    fn sleep_duration(&self, retry_count: u32) -> time::Duration {
        time::Duration::milliseconds(250) * 2_i32.saturating_pow(retry_count)
    }

    async fn wait(&self, retry_count: u32, retry_after: Option<time::Duration>) {
        let wait = retry_after.unwrap_or_default().max(self.sleep_duration(retry_count));
        let wait = Duration::try_from(wait).unwrap_or_default();
        tokio::time::sleep(wait.min(Self::LONGEST_WAIT)).await;
    }
}
