//! The limits that an environment sets besides hours and freezes (`allow:`): in words, and the longest that a drill may take.
//!
//! | limit | where it is held |
//! |---|---|
//! | `faults_on`, `revoke`, `stores` | when the drill is planned (`project`); a standing proxy refuses faults on others as well |
//! | `max_rate`, `max_duration` | when the drill is planned (`project`); how long it takes, once more here while it runs |
//! | `max_requests`, `max_spend` | when it is planned, and before each request (`traffic`) |

use crate::model::Allow;
use crate::units::{Duration, Problem};

/// A drill ends a little later than planned: by the time that its faults take to begin.
const LATE: Duration = Duration::from_secs(10);

/// What it allows, in words, each by itself; nothing where it sets no limit.
pub fn allowed(allow: &Allow) -> Vec<String> {
    let Allow { faults_on, asks: _, max_rate, max_spend, max_requests, revoke, stores, hours, freezes: _, max_duration, sabotage: _ } =
        allow;
    let mut told = Vec::new();
    told.extend(faults_on.as_ref().map(|providers| format!("faults on {}", providers.join(", "))));
    told.extend(max_rate.map(|rate| format!("at most {rate}")));
    told.extend(max_requests.map(|requests| format!("at most {requests} requests")));
    told.extend(max_spend.map(|spend| format!("at most {spend}")));
    told.extend(max_duration.map(|longest| format!("at most {longest}")));
    told.extend((!revoke.is_empty()).then(|| format!("revoking {}", revoke.join(", "))));
    told.extend((!stores.is_empty()).then(|| format!("writing to {}", stores.join(", "))));
    told.extend(hours.iter().map(|hours| format!("only {hours}")));
    told
}

/// Ends once a drill that has just sent its first request takes longer than is allowed; never where nothing is said of that.
pub async fn overran(environment: &str, allow: &Allow) -> Problem {
    let Some(longest) = allow.max_duration else { return std::future::pending().await };
    overran_by(environment, longest, LATE).await
}

async fn overran_by(environment: &str, longest: Duration, late: Duration) -> Problem {
    tokio::time::sleep(longest.plus(late).std()).await;
    Problem::new(format!("the drill has taken longer than {longest}, and the environment `{environment}` allows no more"))
        .hint("see what took so long in the report; allow more with `max_duration` only where that was too tight")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_is_told_each_by_itself() {
        let text = r#"{"faults_on":["a","b"],"max_rate":"5/s","max_spend":"1.00 USD","max_requests":9,"revoke":["k"],"stores":["v"],
            "hours":["Mon 09:00-16:00 UTC"],"freezes":["file:x.ics"],"max_duration":"15m"}"#;
        let told = allowed(&serde_json::from_str(text).unwrap());
        let wanted = [
            "faults on a, b",
            "at most 5/s",
            "at most 9 requests",
            "at most 1.00 USD",
            "at most 15 min",
            "revoking k",
            "writing to v",
            "only Mon 09:00-16:00 UTC",
        ];
        assert_eq!(told, wanted);
        assert!(allowed(&Allow::default()).is_empty());
    }

    #[tokio::test]
    async fn a_drill_that_takes_longer_than_is_allowed_is_told_of_a_little_after() {
        let (began, length) = (tokio::time::Instant::now(), Duration::from_millis(20));
        let problem = overran_by("staging", length, length).await;
        assert_eq!(problem.message, "the drill has taken longer than 20 ms, and the environment `staging` allows no more");
        assert!(began.elapsed().as_millis() >= 40, "{:?}", began.elapsed());
        let never = tokio::time::timeout(length.std(), overran("staging", &Allow::default())).await;
        assert!(never.is_err(), "nothing is said of how long");
    }
}
