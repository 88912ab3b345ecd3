//! Processor time: of this process, of its children that have ended, and of processes that run, with all that they started.

use std::fs;

/// Seconds that this thread has had.
pub(crate) fn of_this_thread() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Seconds of all children that have ended and were waited for, and of theirs. To a hundredth: the kernel counts no finer.
pub(crate) fn of_the_ended() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // Behind the name, which may hold anything: fields 16 and 17 of `proc_pid_stat(5)`.
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split(' ').skip(13).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// Seconds that the threads of a process have had, and those of the processes below it.
pub(crate) fn of_process(process: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().filter_map(Result::ok);
    let own: f64 = threads
        .filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok()?.split(' ').next()?.parse::<f64>().ok())
        .sum::<f64>()
        / 1e9;
    own + below(process).into_iter().map(of_process).sum::<f64>()
}

fn below(process: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let parent = |id: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
    };
    all.filter(|id| parent(*id) == Some(process)).collect()
}
