//! Lines of requests and of what proxies saw of them, read by hand: they are nearly all of a history, and our own writer writes them in one way.
//!
//! Only a line that stands there to the byte as this build writes it is taken: its keys in order, numbers of at most 19 digits, words and
//! providers of plain letters. Anything else, damaged or only written otherwise, is `None` and left to the general reader (`line`), which
//! knows what to say of it. So whatever is taken here reads as it does there.

use crate::history::traffic_row::{NameTable, RequestRow, RowNames, ServedRow, TrafficRow};
use crate::history::{Outcome, Shed};
use crate::units::Fingerprint;

/// The longest name or word.
const LONGEST: usize = 100;

/// The row of the line with which this text begins, and how many bytes it has with its line feed.
pub(in crate::history) fn row(text: &[u8], names: &mut RowNames) -> Option<(TrafficRow, usize)> {
    let mut line = UnreadLine(text);
    line.literal(b"{\"t\":")?;
    let t = line.number()?;
    line.literal(b",\"")?;
    let row = match line.0.first()? {
        b'r' => TrafficRow::Request(request(t, &mut line, names)?),
        b's' if line.0.get(1) == Some(&b'e') => TrafficRow::Served(served(t, &mut line, names)?),
        b's' => TrafficRow::Shed(t, shed(&mut line)?),
        _ => return None,
    };
    line.literal(b"}}\n")?;
    Some((row, text.len() - line.0.len()))
}

fn request(t: u64, line: &mut UnreadLine<'_>, names: &mut RowNames) -> Option<RequestRow> {
    line.literal(b"request\":{\"id\":")?;
    let id = line.number()?;
    line.literal(b",\"due\":")?;
    let due = line.number()?;
    line.literal(b",\"late\":")?;
    let lag = line.number()?;
    let proof = if line.has(b",\"proof\":") { Some(line.number()?) } else { None };
    line.literal(b",\"done\":")?;
    let done = line.number()?;
    line.literal(b",\"outcome\":\"")?;
    let outcome = if line.has(b"ok\"") { Outcome::Ok } else { Outcome::from_word(line.text()?)? };
    let why = if line.has(b",\"why\":\"") { Some(line.name(&mut names.words)?) } else { None };
    Some(RequestRow { t, id, due, lag, proof, done, outcome, why })
}

fn served(t: u64, line: &mut UnreadLine<'_>, names: &mut RowNames) -> Option<ServedRow> {
    line.literal(b"served\":{\"id\":")?;
    let id = line.number()?;
    line.literal(b",\"by\":\"")?;
    let by = line.name(&mut names.providers)?;
    line.literal(b",\"at\":")?;
    let at = line.number()?;
    line.literal(b",\"took\":")?;
    let took = line.number()?;
    let status = if line.has(b",\"status\":") { u16::try_from(line.number()?).ok()? } else { 200 };
    let key = if line.has(b",\"key\":\"") { Some(line.fingerprint()?) } else { None };
    let (cut, touched) = (line.has(b",\"cut\":true"), line.has(b",\"touched\":true"));
    let tenant = if line.has(b",\"tenant\":\"") { Some(line.fingerprint()?) } else { None };
    let tokens = if line.has(b",\"tokens\":[") { Some(line.pair()?) } else { None };
    Some(ServedRow { t, id, by, at, took, status, key, cut, touched, tenant, tokens })
}

fn shed(line: &mut UnreadLine<'_>) -> Option<Shed> {
    line.literal(b"shed\":{\"id\":")?;
    let id = line.number()?;
    line.literal(b",\"due\":")?;
    Some(Shed { id, due: line.number()? })
}

/// What is still to be read.
struct UnreadLine<'t>(&'t [u8]);

impl<'t> UnreadLine<'t> {
    /// Passes over these bytes, which must stand here.
    #[inline]
    fn literal<const N: usize>(&mut self, expected: &[u8; N]) -> Option<()> {
        self.has(expected).then_some(())
    }

    /// Passes over these bytes where they stand here.
    #[inline]
    fn has<const N: usize>(&mut self, expected: &[u8; N]) -> bool {
        match self.0.split_first_chunk::<N>() {
            Some((first, rest)) if first == expected => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// A whole number as JSON writes it. One of more than 19 digits may be too large for 64 bits.
    #[inline]
    fn number(&mut self) -> Option<u64> {
        // Nearly all have fewer than 16 digits, and more than that behind them.
        if let Some((first, rest)) = self.0.split_first_chunk::<8>()
            && let Some(second) = rest.first_chunk::<8>()
        {
            let (value, count) = up_to_eight(u64::from_le_bytes(*first));
            let is_number = count == 1 || (count > 0 && first[0] != b'0');
            if count < 8 {
                self.0 = &self.0[count..];
                return is_number.then_some(value);
            }
            let (more, count) = up_to_eight(u64::from_le_bytes(*second));
            if count < 8 {
                self.0 = &rest[count..];
                return is_number.then_some(value * POWERS[count] + more);
            }
        }
        self.long_number()
    }

    /// The same of any length.
    fn long_number(&mut self) -> Option<u64> {
        let (mut value, mut digits) = (0_u64, 0);
        let leads_with_zero = self.0.first() == Some(&b'0');
        loop {
            let eight = self.0.first_chunk::<8>().copied().unwrap_or_else(|| self.last_ones());
            let (part, count) = up_to_eight(u64::from_le_bytes(eight));
            value = value.checked_mul(POWERS[count])?.checked_add(part)?;
            digits += count;
            self.0 = &self.0[count..];
            if count < 8 {
                let is_number = digits == 1 || (digits > 0 && !leads_with_zero);
                return is_number.then_some(value);
            }
            if digits > 19 {
                return None;
            }
        }
    }

    /// Fewer than eight bytes that are left, with more that are no digits.
    #[cold]
    fn last_ones(&self) -> [u8; 8] {
        std::array::from_fn(|place| self.0.get(place).copied().unwrap_or(0))
    }

    /// The rest of a text of plain letters, to its closing quotation mark, which is passed over.
    #[inline]
    fn text(&mut self) -> Option<&'t str> {
        let (mut length, all) = (0, self.0);
        loop {
            match all.get(length)? {
                b'"' => break,
                b'\\' | 0..=0x1f | 0x7f.. => return None,
                _ if length >= LONGEST => return None,
                _ => length += 1,
            }
        }
        self.0 = &all[length + 1..];
        str::from_utf8(&all[..length]).ok()
    }

    /// The place in a table of the rest of a text of plain letters, to its closing quotation mark, which is passed over.
    #[inline]
    fn name(&mut self, table: &mut NameTable) -> Option<u8> {
        let Some((place, length)) = table.begins(self.0) else { return table.place(self.text()?) };
        self.0 = &self.0[length..];
        self.literal(b"\"")?;
        Some(place)
    }

    /// The rest of a fingerprint, to its closing quotation mark, which is passed over.
    #[inline]
    fn fingerprint(&mut self) -> Option<Fingerprint> {
        let (digits, rest) = self.0.split_first_chunk::<8>()?;
        let (value, seen) = digits.iter().fold((0, 0), |(value, seen), digit| {
            let nibble = NIBBLES[usize::from(*digit)];
            ((value << 4) | u32::from(nibble & 0xf), seen | nibble)
        });
        if seen > 0xf {
            return None;
        }
        self.0 = rest;
        self.literal(b"\"")?;
        Some(Fingerprint(value))
    }

    /// The rest of a pair of numbers, to its closing bracket, which is passed over.
    fn pair(&mut self) -> Option<(u32, u32)> {
        let first = u32::try_from(self.number()?).ok()?;
        self.literal(b",")?;
        let second = u32::try_from(self.number()?).ok()?;
        self.literal(b"]")?;
        Some((first, second))
    }
}

/// What each hexadecimal digit of lower case stands for; 255 for what is none.
const NIBBLES: [u8; 256] = {
    let (mut nibbles, mut value) = ([255; 256], 0);
    while value < 16 {
        nibbles[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    nibbles
};

const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The number that the digits are with which these eight bytes begin, the first in the lowest byte, and how many they are. All eight at once: pairs
/// of digits, then of pairs, then of those.
#[inline]
const fn up_to_eight(bytes: u64) -> (u64, usize) {
    // A digit is 0x30 to 0x39. What is none differs in its upper half, or carries into it once 6 is added.
    let digits = bytes ^ 0x3030_3030_3030_3030;
    let others = (digits | digits.wrapping_add(0x0606_0606_0606_0606)) & 0xf0f0_f0f0_f0f0_f0f0;
    let count = (others.trailing_zeros() / 8) as usize;
    if count == 0 {
        return (0, 0);
    }
    // Zeros lead, and the digits stand in the upper bytes.
    let digits = digits << (8 * (8 - count));
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::traffic_row::Replay;
    use crate::history::{Event, Overdue, RequestDone, Served, Stamped};
    use crate::model::Tokens;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    /// What is read by hand from the beginning of a text, and how long it is.
    fn by_hand(text: &[u8]) -> Option<(Stamped, usize)> {
        let mut names = RowNames::default();
        let (row, length) = row(text, &mut names)?;
        let stamped = Replay::default().one(&row, &names);
        assert_eq!(row.t(), stamped.t);
        // Once its names are known they are found another way.
        assert_eq!(super::row(text, &mut names), Some((row, length)));
        Some((stamped, length))
    }

    fn number() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0_u32..64).prop_map(|(number, shift)| number >> shift)
    }

    fn request() -> impl Strategy<Value = Event> {
        let outcome = select(Outcome::WORDS).prop_map(|word| Outcome::from_word(word).unwrap());
        let why = prop::option::of(select(vec!["refused", "status-503", "", "a \"b\"", "schön", "tab\t"]));
        ((number(), number(), number(), number()), prop::option::of(number()), outcome, why).prop_map(
            |((id, due, lag, done), proof, outcome, why)| {
                Event::Request(RequestDone { id, due, lag, proof, done, outcome, why: why.map(Into::into) })
            },
        )
    }

    fn served() -> impl Strategy<Value = Event> {
        let by = select(vec!["azure-swedencentral", "openai-eu", "über", "a\\b"]);
        let status = prop_oneof![Just(200_u16), any::<u16>()];
        let name = || prop::option::of(any::<u32>().prop_map(Fingerprint));
        let tokens = prop::option::of((number(), number()).prop_map(|(input, output)| Tokens { input, output }));
        let asked = prop::option::of(Just("GET /v1/models".to_owned()));
        let marked = prop::option::weighted(0.9, number());
        ((marked, by, number(), number(), status), name(), name(), tokens, any::<bool>(), any::<bool>(), asked).prop_map(
            |((id, by, at, took, status), key, tenant, tokens, cut, touched, request)| {
                let request = request.filter(|_| id.is_none());
                Event::Served(Served { id, by: by.into(), at, took, status, key, cut, touched, request, tenant, tokens })
            },
        )
    }

    fn line() -> impl Strategy<Value = Vec<u8>> {
        let shed = (number(), number()).prop_map(|(id, due)| Event::Shed(Shed { id, due }));
        let overdue = (number(), number()).prop_map(|(id, due)| Event::Overdue(Overdue { id, due, after: 5 }));
        (number(), prop_oneof![4 => request(), 4 => served(), 1 => shed, 1 => overdue]).prop_map(|(t, event)| {
            let mut line = serde_json::to_vec(&Stamped { t, event }).unwrap();
            line.push(b'\n');
            line
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_is_read_by_hand_reads_the_same_in_general(line in line(), rest in select(vec!["", "{\"t\":1,\"shed\":{\"id\":1,\"due\":1}}\n"])) {
            let text = [&line, rest.as_bytes()].concat();
            let general: Stamped = serde_json::from_slice(&line).unwrap();
            let is_plain = !line.iter().any(|byte| *byte == b'\\' || !byte.is_ascii());
            let taken = match &general.event {
                Event::Request(_) | Event::Shed(_) => is_plain,
                Event::Served(served) => {
                    let fits = |tokens: Tokens| tokens.input.max(tokens.output) <= u64::from(u32::MAX);
                    is_plain && served.id.is_some() && served.tokens.is_none_or(fits)
                }
                _ => false,
            };
            let hand = by_hand(&text);
            prop_assert_eq!(hand.is_some(), taken, "{}", String::from_utf8_lossy(&line));
            if let Some((stamped, length)) = hand {
                prop_assert_eq!((stamped, length), (general, line.len()));
            }
        }

        #[test]
        fn of_a_damaged_line_nothing_is_read_that_is_not_there(
            line in line(), place: Index, byte in prop_oneof![any::<u8>(), select(b"0123456789\"{}:,[]-+.eE \\\n".to_vec())], how in 0..4,
        ) {
            let mut line = line;
            let place = place.index(line.len());
            match how {
                0 => line[place] = byte,
                1 => line.insert(place, byte),
                2 => drop(line.remove(place)),
                _ => line.truncate(place),
            }
            if let Some((stamped, length)) = by_hand(&line) {
                let general = serde_json::from_slice::<Stamped>(&line[..length]);
                prop_assert_eq!(general.ok(), Some(stamped), "{}", String::from_utf8_lossy(&line));
            }
        }
    }

    #[test]
    fn digits_are_counted_and_read_eight_at_a_time() {
        for (text, expected) in [
            ("00000000", (0, 8)),
            ("12345678", (12_345_678, 8)),
            ("1234567,", (1_234_567, 7)),
            ("9}123456", (9, 1)),
            ("99999999", (99_999_999, 8)),
            ("123:5678", (123, 3)),
            ("12/45678", (12, 2)),
            ("}2345678", (0, 0)),
        ] {
            assert_eq!(up_to_eight(u64::from_le_bytes(text.as_bytes().try_into().unwrap())), expected, "{text}");
        }
        for (text, expected) in [
            ("18446744073709551615,       ", Some(u64::MAX)),
            ("18446744073709551616,       ", None),
            ("1234567890123456,       ", Some(1_234_567_890_123_456)),
            ("00,           ", None),
            ("0,           ", Some(0)),
            ("-1,           ", None),
            ("12345", Some(12_345)),
            ("", None),
        ] {
            assert_eq!(UnreadLine(text.as_bytes()).number(), expected, "{text}");
        }
    }

    #[test]
    fn names_beyond_those_that_are_told_apart_are_left_to_the_general_reader() {
        let mut names = RowNames::default();
        let line =
            |number: u64| format!("{{\"t\":1,\"served\":{{\"id\":1,\"by\":\"p{number}\",\"at\":1,\"took\":1,\"key\":\"0000000a\"}}}}\n");
        let taken = (0..400).filter(|number| row(line(*number).as_bytes(), &mut names).is_some()).count();
        assert_eq!(taken, 250);
        assert!(row(line(7).as_bytes(), &mut names).is_some(), "those that are known stay known");
    }
}
