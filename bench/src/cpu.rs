//! CPU time and memory, as the kernel counts them.

use std::{collections::HashMap, fs};

use anyhow::Context as _;

/// Ticks in a second: `USER_HZ`, which is 100 on every architecture we are built for.
const TICKS: f64 = 100.0;

/// Named processes, each with all that it has started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trees(Vec<(&'static str, u32)>);

/// What trees had used at one moment: seconds, by name.
#[derive(Clone, Debug)]
pub(crate) struct Used(Vec<(&'static str, f64)>);

impl Trees {
    /// Counts process `root` and its descendants as `name`.
    pub(crate) fn with(mut self, name: &'static str, root: u32) -> Self {
        self.0.push((name, root));
        self
    }

    /// What they have used so far.
    pub(crate) fn used(&self) -> anyhow::Result<Used> {
        let table = table()?;
        let used = self.0.iter().map(|(name, root)| (*name, tree(&table, *root)));
        Ok(Used(used.collect()))
    }
}

impl Used {
    /// What was used since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let pairs = self.0.iter().zip(&earlier.0);
        Self(pairs.map(|((name, now), (_, then))| (*name, now - then)).collect())
    }

    /// All together, in seconds.
    pub(crate) fn total(&self) -> f64 {
        self.0.iter().map(|(_, seconds)| seconds).sum()
    }

    /// Seconds for each thousand of `events`, by name.
    pub(crate) fn per_thousand(&self, events: usize) -> String {
        let part = |(name, seconds): &(&str, f64)| {
            format!("{name} {:.3}", seconds * 1_000.0 / events as f64)
        };
        self.0.iter().map(part).collect::<Vec<_>>().join(", ")
    }
}

/// A process: its parent, and its ticks with those of its children that have ended.
struct Process {
    parent: u32,
    ticks: u64,
}

fn table() -> anyhow::Result<HashMap<u32, Process>> {
    let mut table = HashMap::new();
    for entry in fs::read_dir("/proc").context("this needs Linux: there is no /proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // Processes come and go while we look.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
        if let Some(process) = parse(&stat) {
            table.insert(id, process);
        }
    }
    Ok(table)
}

/// `pid (name) state ppid … utime stime cutime cstime …`; the name may hold anything.
fn parse(stat: &str) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().unwrap_or(0)).sum();
    Some(Process { parent: fields.get(1)?.parse().ok()?, ticks })
}

fn tree(table: &HashMap<u32, Process>, root: u32) -> f64 {
    let belongs = |id: u32| {
        let mut id = id;
        loop {
            if id == root {
                return true;
            }
            match table.get(&id) {
                Some(process) if process.parent != 0 => id = process.parent,
                _ => return false,
            }
        }
    };
    let ticks: u64 =
        table.iter().filter(|(id, _)| belongs(**id)).map(|(_, process)| process.ticks).sum();
    ticks as f64 / TICKS
}

/// Memory that process `id` has in use, in megabytes of a million bytes.
pub(crate) fn resident(id: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    kilobytes.map(|kilobytes: f64| kilobytes * 1_024.0 / 1e6).context("no VmRSS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_may_hold_anything() {
        let stat = "7 (a) b) S 3 1 1 0 -1 4 0 0 0 0 10 20 30 40 20 0 1 0 5";
        let process = parse(stat).unwrap();
        assert_eq!((process.parent, process.ticks), (3, 100));
    }

    #[test]
    fn a_tree_is_a_process_and_what_it_started() {
        let process = |parent, ticks| Process { parent, ticks };
        let table = HashMap::from([
            (1, process(0, 7)),
            (2, process(1, 100)),
            (3, process(2, 50)),
            (4, process(1, 1_000)),
        ]);
        assert!((tree(&table, 2) - 1.5).abs() < 1e-9);
    }
}
