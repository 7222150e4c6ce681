//! A time as Cedar writes it.

/// `2026-11-23T08:53:56.123Z` for milliseconds since the epoch; none before 1970 or after 9999,
/// which Cedar can't write.
pub(crate) fn datetime(at_ms: i64) -> Option<String> {
    let at_ms = u64::try_from(at_ms).ok()?;
    let (days, ms) = (at_ms / 86_400_000, at_ms % 86_400_000);
    // Days to a civil date, after Howard Hinnant's `civil_from_days`: years that begin in March,
    // eras of 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let ms = ms % 1_000;
    (year <= 9_999).then(|| {
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    })
}

#[cfg(test)]
mod tests;
