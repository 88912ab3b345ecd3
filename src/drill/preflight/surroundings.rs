//! What can be tried without a scenario: this host, and what an environment names. Nothing is started, made or sent but one question to a control API.

use super::{PreflightCheck, Trouble, ground};
use crate::control::{Control, is_here};
use crate::host::state_folder;
use crate::model::{ControlBinding, Environment};
use crate::units::{Explained, with_causes};
use rustix::fs::{Access, access, statvfs};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// Less room than this a history of some minutes may need.
const ROOM: u64 = 256 << 20;
/// Fewer files than this a drill of a hundred requests a second may need, where a provider hangs.
const FILES: u64 = 4_096;
/// Clocks at which a look takes a microsecond and more, or that tick a few hundred times a second.
const SLOW_CLOCKS: [&str; 5] = ["hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies"];
const CLOCKS: &str = "/sys/devices/system/clocksource/clocksource0";

/// Whether an environment was asked for by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedFor {
    /// Somebody typed it: its control API is asked, with its token.
    ByName,
    /// It only stands in the inventory: nothing is sent to another host because a file names it, and no token anywhere.
    Listed,
}

/// This host, for the drills of a project.
pub fn host(root: &Path) -> Vec<PreflightCheck> {
    let drills = root.join("drills");
    let mut tried = vec![writable("drills/", &drills)];
    if let Some(state) = state_folder() {
        tried.push(writable("what is remembered between drills", &state));
    }
    tried.extend([room(&drills), files()]);
    // Where nobody tells, there is nothing to be said against it.
    tried.push(clock(std::fs::read_to_string(format!("{CLOCKS}/current_clocksource")).unwrap_or_default().trim()));
    tried
}

/// The first folder above a path that is there.
fn there(path: &Path) -> PathBuf {
    let there = path.ancestors().find(|above| !above.as_os_str().is_empty() && above.exists());
    there.unwrap_or(Path::new(".")).to_owned()
}

fn writable(what: &str, folder: &Path) -> PreflightCheck {
    let there = there(folder);
    match access(&there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if there.is_dir() => Ok(format!("{what} can be written")),
        denied => {
            let why = denied.err().map_or_else(|| "it is no folder".to_owned(), |error| std::io::Error::from(error).to_string());
            Err(Trouble::new(
                format!("{what} cannot be written in {}: {why}", there.display()),
                format!("see whose it is: ls -ld {}", there.display()),
            ))
        }
    }
}

fn room(folder: &Path) -> PreflightCheck {
    let there = there(folder);
    let Ok(about) = statvfs(&there) else { return Ok("there is room for histories".to_owned()) };
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    if free >= ROOM {
        return Ok("there is room for histories".to_owned());
    }
    Err(Trouble::new(
        format!("{} MB are free in {}: a drill ends where its history cannot be written", free >> 20, there.display()),
        "make room there, or choose another disk with `--out`",
    ))
}

fn files() -> PreflightCheck {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    if most >= FILES {
        return Ok("enough files may be open".to_owned());
    }
    Err(Trouble::new(
        format!("{most} files may be open at the most: requests of a drill would wait for each other"),
        format!("raise the hard limit before Lifeboat is started: ulimit -Hn {FILES}, or `LimitNOFILE=` of the service that starts it"),
    ))
}

fn clock(source: &str) -> PreflightCheck {
    if !SLOW_CLOCKS.contains(&source) {
        return Ok("the clock is quick to read".to_owned());
    }
    Err(Trouble::new(
        format!("the kernel's clock is `{source}`, which is slow to read or coarse: what is measured would be it"),
        format!("see which there are with cat {CLOCKS}/available_clocksource, and write `tsc` into current_clocksource beside it"),
    ))
}

/// What an environment of this name needs.
pub async fn environment(name: &str, environment: &Environment, asked: AskedFor) -> Vec<PreflightCheck> {
    let Environment { control, alerts, lever, services, proxies, .. } = environment;
    let mut tried = Vec::new();
    let mut token =
        |variable: &Option<String>, whose: String| tried.extend(variable.as_deref().map(|variable| ground::token(variable, &whose)));
    if let Some(control) = control {
        token(&control.token_from, format!("the control API at {}", control.url));
    }
    if let Some(alerts) = alerts {
        token(&alerts.token_from, "the senders of alerts".to_owned());
    }
    if let Some(lever) = lever {
        token(&lever.token_from, format!("the lever of {name}"));
    }
    for (service, binding) in services {
        tried.extend(ground::keys(binding).map(|variable| ground::key(variable, service)));
    }
    match control {
        Some(control) => tried.extend(reached(control, asked).await),
        // Where they stand elsewhere, they listen already.
        None => {
            let listening =
                proxies.iter().filter_map(|(provider, place)| Some((format!("the proxy of {provider}"), place.listen.as_deref()?)));
            tried.extend(listening.map(|(what, listen)| free(&what, listen, name)));
        }
    }
    if let Some(alerts) = alerts {
        tried.push(free("the listener for alerts", &alerts.listen, name));
        let is_told = environment.start.is_some();
        if alerts.listen.ends_with(":0") && !is_told {
            tried.push(Err(Trouble::new(
                format!("alerts of `{name}` are taken on a port that is another each time, and nobody who sends them is told which"),
                "write a port into `alerts: {listen: …}` of the environment, and point a webhook of Alertmanager at it",
            )));
        }
    }
    tried
}

/// That somebody could listen there now.
fn free(what: &str, listen: &str, environment: &str) -> PreflightCheck {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(format!("{what} can listen on {listen}")),
        Err(error) => Err(Trouble::new(
            format!("{what} of `{environment}` cannot listen on {listen}: {error}"),
            format!("end what listens there (ss -ltnp shows it), or choose another port for its `listen:` under `{environment}`"),
        )),
    }
}

/// That a control API answers; `None` where it is not asked.
async fn reached(binding: &ControlBinding, asked: AskedFor) -> Option<PreflightCheck> {
    if asked == AskedFor::Listed && !is_here(&binding.url) {
        return None;
    }
    let token = binding.token_from.as_ref().filter(|_| asked == AskedFor::ByName).and_then(|variable| std::env::var(variable).ok());
    let connected = Control::connect_with(&binding.url, token.as_deref().map(str::trim)).await;
    Some(match connected {
        Ok(control) => Ok(format!("the control API at {} answers", control.url())),
        // Without its token it says no more than that it is there.
        Err(crate::control::ControlError::Refused { status: 401, .. }) if token.is_none() && binding.token_from.is_some() => {
            Ok(format!("the control API at {} answers, and asks for its token", binding.url))
        }
        Err(error) => {
            let hint = error.hint().map_or_else(|| "see what answers there".to_owned(), Into::into);
            Err(Trouble::new(with_causes(&error), hint))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertsBinding, ProxyBinding};

    fn wrong(tried: PreflightCheck) -> String {
        tried.unwrap_err().problem
    }

    #[tokio::test]
    async fn what_would_keep_a_drill_from_beginning_is_told_by_name() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        assert!(clock("tsc").is_ok() && clock("kvm-clock").is_ok());
        assert!(wrong(clock("hpet")).contains("`hpet`"));
        assert!(writable("drills/", Path::new("/proc/sys/drills")).is_err(), "also for root");
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let (listen, closed) = (taken.local_addr().unwrap(), TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
        let place = ProxyBinding { listen: Some(listen.to_string()), ..ProxyBinding::default() };
        let alerts = AlertsBinding { listen: "127.0.0.1:0".into(), token_from: Some("LIFEBOAT_NO_SUCH".into()), hosts: Vec::new() };
        let proxies = std::iter::once(("first".to_owned(), place)).collect();
        let mut bad = Environment { proxies, alerts: Some(alerts), ..Environment::default() };
        let told =
            |tried: &[PreflightCheck]| tried.iter().filter_map(|tried| Some(tried.as_ref().err()?.problem.clone())).collect::<Vec<_>>();
        let tried = told(&environment("staging", &bad, AskedFor::Listed).await);
        assert!(tried[0].contains("LIFEBOAT_NO_SUCH holds no token"), "{tried:?}");
        assert!(tried[1].contains(&format!("the proxy of first of `staging` cannot listen on {listen}")), "{tried:?}");
        assert!(tried[2].contains("on a port that is another each time"), "{tried:?}");
        bad.control = Some(ControlBinding { url: format!("http://{closed}"), token_from: None, lease: None });
        let tried = told(&environment("staging", &bad, AskedFor::ByName).await);
        assert!(tried.iter().any(|problem| problem.contains(&format!("http://{closed}"))), "{tried:?}");
        // What a file names elsewhere is asked only by whoever types its name.
        bad.control = Some(ControlBinding { url: "http://192.0.2.1:8474".into(), token_from: None, lease: None });
        assert!(told(&environment("staging", &bad, AskedFor::Listed).await).iter().all(|problem| !problem.contains("192.0.2.1")));
    }
}
