//! Dates as headers have them. They come in as seconds since 1970, because this room holds no clock.

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the form of HTTP (RFC 9110, 5.6.7).
pub(super) fn http_date(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    // The first of January 1970 was a Thursday.
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][(seconds / 86_400 % 7) as usize];
    let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][month as usize - 1];
    let [hour, minute, second] = time(seconds);
    format!("{weekday}, {day:02} {name} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// `1994-11-06T08:49:37Z`, the form of RFC 3339.
pub(super) fn internet_date(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let [hour, minute, second] = time(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The seconds since 1970 of a moment in the form of RFC 3339, in UTC; fractions of a second are cut off. `None` for any other text.
pub(super) fn internet_moment(text: &str) -> Option<u64> {
    let text = text.trim().strip_suffix('Z').or_else(|| text.trim().strip_suffix("+00:00"))?;
    let (date, time) = text.split_once('T')?;
    let number =
        |text: &str| (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<u64>().ok()).flatten();
    let mut parts = date.split('-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let mut clock = time.split('.').next()?.split(':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let is_one = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    if !is_one || second > 60 || parts.next().is_some() || clock.next().is_some() {
        return None;
    }
    // The reverse of `civil`.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    Some((days.checked_sub(719_468)?) * 86_400 + hour * 3600 + minute * 60 + second)
}

const fn time(seconds: u64) -> [u64; 3] {
    [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
}

/// Year, month and day of a day since 1970, in the Gregorian calendar. Years are counted from March, so that the leap day is the last.
const fn civil(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + (month <= 2) as u64, month, of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_moment_is_none() {
        assert_eq!(internet_moment("1994-11-06T08:49:37.125+00:00"), Some(784_111_777));
        for text in [
            "",
            "Z",
            "1994-11-06",
            "1994-11-06T08:49Z",
            "1994-13-06T08:49:37Z",
            "1994-11-06T25:49:37Z",
            "-1-1-1T1:1:1Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(internet_moment(text), None, "{text}");
        }
    }

    #[test]
    fn known_moments_are_told_in_both_forms() {
        for (seconds, http, internet) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z"),
            // The example of RFC 9110.
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT", "2000-02-28T23:59:59Z"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT", "2000-02-29T00:00:00Z"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT", "2100-03-01T00:00:00Z"),
            (4_107_456_000, "Sun, 28 Feb 2100 00:00:00 GMT", "2100-02-28T00:00:00Z"),
        ] {
            assert_eq!((http_date(seconds).as_str(), internet_date(seconds).as_str()), (http, internet));
            assert_eq!(internet_moment(internet), Some(seconds));
        }
    }
}
