use std::fs;

/// The resident memory of this process in MiB; 0 where the system does not report it.
pub(super) fn resident_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = kib.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u32>().ok());
    kib.map_or(0.0, |kib| (f64::from(kib) / 102.4).round() / 10.0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_process_holds_something() {
        assert!(super::resident_mib() > 0.5);
    }
}
