//! What somebody probably meant who wrote a quantity as another tool or a person would: `10 seconds`, `00:00:30`, `0.98`, `50 rps`, `$5`.
//!
//! What is found here is only suggested, never taken: a file says the same to everybody who reads it. Each answer is in the form that files
//! have; whoever asks makes sure that it can be read.

/// `10 seconds`, `5m30`, `1 min 30 s`, `00:00:30`, `PT30S` as `10s`, `5m30s`, `1m30s`, `30s`, `30s`.
pub(super) fn duration(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    if text.contains(':') {
        return clock(&text);
    }
    let text = text.strip_prefix("pt").unwrap_or(&text).replace(" and ", " ");
    let mut written = String::new();
    let mut last = None;
    for (number, unit) in pairs(&text)? {
        let unit = match unit.as_str() {
            // What follows larger units is of the next smaller one; alone it is most likely seconds.
            "" => match last {
                None | Some("m") => "s",
                Some("h") => "m",
                Some("d") => "h",
                _ => return None,
            },
            "us" | "µs" | "microsecond" | "microseconds" => "us",
            "ms" | "msec" | "msecs" | "milli" | "millis" | "millisecond" | "milliseconds" => "ms",
            "s" | "sec" | "secs" | "second" | "seconds" => "s",
            "m" | "min" | "mins" | "minute" | "minutes" => "m",
            "h" | "hr" | "hrs" | "hour" | "hours" => "h",
            "d" | "day" | "days" => "d",
            "w" | "week" | "weeks" => {
                written.push_str(&format!("{}d", number.parse::<u64>().ok()?.checked_mul(7)?));
                last = Some("d");
                continue;
            }
            _ => return None,
        };
        written.push_str(&number);
        written.push_str(unit);
        last = Some(unit);
    }
    last.map(|_| written)
}

/// `H:MM:SS` or `M:SS`.
fn clock(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split(':').collect();
    let units: &[&str] = match parts.len() {
        3 => &["h", "m", "s"],
        2 => &["m", "s"],
        _ => return None,
    };
    let mut written = String::new();
    for (part, unit) in parts.iter().zip(units) {
        let digits = part.trim_start_matches('0').trim_end_matches(".0");
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        if !digits.is_empty() {
            written.push_str(&format!("{}{digits}{unit}", if digits.starts_with('.') { "0" } else { "" }));
        }
    }
    Some(if written.is_empty() { "0s".into() } else { written })
}

/// Numbers and the letters behind each, in order. A comma before digits is a point.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        if number.is_empty() {
            return None;
        }
        let tail = tail.trim_start();
        let letters = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        pairs.push((plain(number.trim_end_matches(',')), unit.to_owned()));
        rest = tail.trim_start_matches([' ', ',']);
    }
    Some(pairs)
}

/// Digits without what groups them: `1,000` is a thousand, `1,5` one and a half.
fn plain(number: &str) -> String {
    let mut groups = number.split(',');
    let first = groups.next().unwrap_or_default();
    let grouped = (1..=3).contains(&first.len()) && groups.all(|group| group.split('.').next().is_some_and(|group| group.len() == 3));
    if grouped { number.replace(',', "") } else { number.replace(',', ".") }
}

/// A share without its sign, or with another one (`0.98`, `98`, `98 percent`): what it most likely is, and how a hint goes on that names what
/// else it may be.
pub(super) fn ratio(text: &str) -> Option<(String, String)> {
    let text = text.trim().to_lowercase();
    let signs = ["%", "percent", "per cent", "pct", "pc"];
    let stem = signs.iter().find_map(|sign| text.strip_suffix(sign));
    let number = plain(stem.unwrap_or(&text).trim());
    let value = number.parse::<f64>().ok().filter(|value| (0.0..=100.0).contains(value))?;
    let percent = format!("{}%", (value * 1e12).round() / 1e10);
    Some(match value {
        _ if stem.is_some() || value > 1.0 || value == 0.0 => (format!("{number}%"), String::new()),
        _ if number == "1" => ("100%".into(), " for all of them, or `1%` for one in a hundred".into()),
        value if value > 0.5 => (percent, String::new()),
        _ => (percent, format!(", or `{number}%` if it is a percentage already")),
    })
}

/// `50 rps`, `10 req/sec`, `600 per minute`, `1k/s` as `50/s`, `10/s`, `600/min`, `1000/s`.
pub(super) fn rate(text: &str) -> Option<String> {
    const FILLERS: [&str; 19] = [
        "r",
        "req",
        "reqs",
        "request",
        "requests",
        "call",
        "calls",
        "query",
        "queries",
        "token",
        "tokens",
        "tok",
        "it",
        "iteration",
        "iterations",
        "per",
        "a",
        "an",
        "1",
    ];
    let text = text.trim().to_lowercase();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let mut number = plain(number);
    number.parse::<f64>().ok()?;
    let mut units = Vec::new();
    // `1s` in `50/1s` is a second.
    for word in rest.split(|c: char| !c.is_alphanumeric()).map(|word| word.strip_prefix('1').unwrap_or(word)) {
        match word {
            "" => {}
            "k" => number = format!("{}", number.parse::<f64>().ok()? * 1000.0),
            "s" | "sec" | "secs" | "second" | "seconds" | "rps" | "qps" | "tps" | "hz" => units.push("s"),
            "m" | "min" | "mins" | "minute" | "minutes" | "rpm" | "qpm" | "tpm" => units.push("min"),
            "h" | "hr" | "hour" | "hours" | "rph" => units.push("h"),
            filler if FILLERS.contains(&filler) => {}
            _ => return None,
        }
    }
    match units.as_slice() {
        [] => Some(format!("{number}/s")),
        [unit] => Some(format!("{number}/{unit}")),
        _ => None,
    }
}

/// `64`, `64KB`, `1.5 MB/s`, `1Mbps`, `10Mb/s` as `64KB/s`, `64KB/s`, `1500KB/s`, `125KB/s`, `1250KB/s`. A small `b` is a bit behind a capital
/// letter and where tools mean bits; in `64kb/s` it may be either, and the second answer is in bits. Both in bytes a second.
pub(super) fn byte_rate(text: &str) -> Option<(u64, Option<u64>)> {
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number = plain(number).parse::<f64>().ok()?;
    let unit = unit.trim();
    let small = unit.to_ascii_lowercase();
    let size_unit = ["/sec", "/second", "/s", "ps"].iter().find_map(|end| small.strip_suffix(end)).unwrap_or(&small);
    let spelled = size_unit.strip_suffix("its").or_else(|| size_unit.strip_suffix("it"));
    let size = match spelled.unwrap_or(size_unit) {
        "" if unit.is_empty() => 1e3,
        "b" | "byte" | "bytes" => 1.0,
        "k" | "kb" | "kib" => 1e3,
        "m" | "mb" | "mib" => 1e6,
        "g" | "gb" | "gib" => 1e9,
        _ => return None,
    };
    let has_small_b = unit[..size_unit.len()].ends_with('b');
    let is_bits = spelled.is_some() || has_small_b && (small.ends_with("bps") || unit.starts_with(|c: char| c.is_ascii_uppercase()));
    let rate = |bits: bool| Some((number * size / if bits { 8.0 } else { 1.0 }).round() as u64).filter(|rate| *rate > 0);
    Some((rate(is_bits)?, rate(true).filter(|_| has_small_b && !is_bits)))
}

/// `5`, `$5`, `5 dollars`, `USD 5` as `5 USD`.
pub(super) fn money(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let number = ["usd", "us$", "dollars", "dollar", "$"].iter().fold(text, |text, word| text.replace(word, ""));
    let number = plain(number.trim());
    number.parse::<f64>().ok().filter(|number| *number >= 0.0)?;
    Some(format!("{number} USD"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{ByteRate, Duration, Money, Rate};
    use std::str::FromStr;

    /// What is suggested for each, which can be read; `""` for nothing.
    fn all<T: FromStr>(meant: fn(&str) -> Option<String>, cases: &[(&str, &str)]) {
        for (text, wanted) in cases {
            assert_eq!(meant(text).unwrap_or_default(), *wanted, "{text}");
            assert!(wanted.is_empty() || wanted.parse::<T>().is_ok(), "{wanted}");
        }
    }

    #[test]
    fn durations_as_people_and_tools_write_them() {
        let cases = [
            ("10 seconds", "10s"),
            ("10 s", "10s"),
            ("30S", "30s"),
            ("5 min", "5m"),
            ("1 min 30 s", "1m30s"),
            ("1 hour and 5 minutes", "1h5m"),
            ("1h, 30m", "1h30m"),
            ("5m30", "5m30s"),
            ("1h30", "1h30m"),
            ("30", "30s"),
            ("1,5 s", "1.5s"),
            ("2w", "14d"),
            ("00:00:30", "30s"),
            ("01:30:00", "1h30m"),
            ("1:30", "1m30s"),
            ("0:00.5", "0.5s"),
            ("00:00:00", "0s"),
            ("PT1H30M", "1h30m"),
            ("-5s", ""),
            ("soon", ""),
            ("5 fortnights", ""),
            ("1:2:3:4", ""),
            ("", ""),
        ];
        all::<Duration>(duration, &cases);
    }

    #[test]
    fn rates_as_people_and_tools_write_them() {
        let cases = [
            ("50", "50/s"),
            ("50rps", "50/s"),
            ("10 req/sec", "10/s"),
            ("10 requests per second", "10/s"),
            ("600rpm", "600/min"),
            ("50/1s", "50/s"),
            ("1k/s", "1000/s"),
            ("1,000/s", "1000/s"),
            ("5hz", "5/s"),
            ("50/fortnight", ""),
            ("fast", ""),
        ];
        all::<Rate>(rate, &cases);
        let cases = [
            ("64", "64KB/s"),
            ("64KB", "64KB/s"),
            ("10Mb/s", "1250KB/s"),
            ("8 Gb/s", "1000MB/s"),
            ("1MBps", "1MB/s"),
            ("1mbps", "125KB/s"),
            ("10MB/second", "10MB/s"),
            ("64kb/s", "64KB/s or 8KB/s in bits"),
            ("64 KiB/s", "64KB/s"),
            ("1.5MB/s", "1500KB/s"),
            ("1Mbps", "125KB/s"),
            ("512kbit", "64KB/s"),
            ("8 Mbit/s", "1MB/s"),
            ("0KB/s", ""),
            ("wide", ""),
        ];
        for (text, wanted) in cases {
            let typed = |rate: u64| ByteRate::bytes_per_second(rate).unwrap().typed();
            let meant = byte_rate(text).map(|(rate, bits)| match bits {
                Some(bits) => format!("{} or {} in bits", typed(rate), typed(bits)),
                None => typed(rate),
            });
            assert_eq!(meant.unwrap_or_default(), wanted, "{text}");
        }
        all::<Money>(money, &[("5", "5 USD"), ("$5", "5 USD"), ("0.10 dollars", "0.10 USD"), ("USD 5", "5 USD"), ("5 EUR", "")]);
    }

    /// Whatever is suggested may be typed over what is underlined.
    #[test]
    fn what_a_hint_tells_to_write_can_be_read() {
        fn reads<T: FromStr<Err = crate::units::ParseError>>() {
            let numbers =
                ["inf", "nan", "1e3", "+5", "-1", "5.", ".5", "1,5,5", "1.2.3", "99999999999999999999", "0", "1", "0.05", "", "5"];
            let units = ["", " USD", "%", " percent", "/s", "s", " s", "Mb/s", "kb/s", " KB/s", "$"];
            for text in numbers.iter().flat_map(|number| units.map(|unit| format!("{number}{unit}"))) {
                let Err(error) = text.parse::<T>() else { continue };
                for meant in error.hint.split('`').skip(1).step_by(2).filter(|meant| !matches!(*meant, "500ms" | "5m" | "blackhole")) {
                    assert!(meant.parse::<T>().is_ok(), "{text}: {}", error.hint);
                }
            }
        }
        reads::<Money>();
        reads::<crate::units::Ratio>();
        reads::<Duration>();
        reads::<Rate>();
        reads::<ByteRate>();
    }

    #[test]
    fn a_fraction_is_a_share_of_one() {
        for (text, hint) in [
            ("0.98", "write `98%`"),
            ("98", "write `98%`"),
            ("98 percent", "write `98%`"),
            ("99,5 %", "write `99.5%`"),
            ("0.05", "write `5%`, or `0.05%` if it is a percentage already"),
            ("1", "write `100%` for all of them, or `1%` for one in a hundred"),
            ("1.0", "write `100%`"),
            ("0", "write `0%`"),
        ] {
            assert_eq!(ratio(text).map(|(likely, more)| format!("write `{likely}`{more}")).as_deref(), Some(hint), "{text}");
        }
        assert_eq!([ratio("150%"), ratio("most"), ratio("-1%")], [None, None, None]);
    }
}
