//! What is replaced, in which disguises, and that chunks change nothing.

use super::Redactor;
use crate::units::{Salt, Secret};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;

const SECRET: &str = "sk-lab-/0123+\"é~zy98";
const WORDS: &str = "[first]";

fn redactor() -> Redactor {
    let redactor = Redactor::default();
    redactor.learn_as(&SECRET.into(), WORDS.into());
    redactor
}

fn percent(text: &str, plain: impl Fn(u8) -> bool) -> String {
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[test]
fn what_is_known_is_replaced_in_every_clone_and_never_shown() {
    let redactor = Redactor::new(Salt::of([7; 16]));
    let clone = redactor.clone();
    redactor.learn("first", &"sk-one".into());
    redactor.learn("second", &"sk-one-and-more".into());
    redactor.learn("nobody", &Secret::default());
    redactor.learn("again", &"sk-one".into());
    let said = clone.redact("a sk-one-and-more b sk-one c");
    assert!(said.starts_with("a [the credential of second, ") && said.contains("] b [the credential of first, "), "{said}");
    assert!(clone.finds("xsk-onex") && !clone.finds("sk-on"));
    // Proxies and the lab name keys by fingerprints that are the same everywhere.
    let (inner, own) = (Secret::from("sk-one").fingerprint(), clone.fingerprint(&"sk-one".into()));
    assert_eq!(clone.redact(&format!("{inner} is valid")), format!("{own} is valid"));
    assert!(inner != own && said.contains(&format!("of first, {own}]")), "{said}");
    let shown = format!("{clone:?}");
    assert!(!shown.contains("sk-") && shown.contains("of second"), "{shown}");
    assert_eq!(Redactor::default().redact("sk-one"), "sk-one");
}

#[test]
fn every_disguise_is_seen_through() {
    let redactor = redactor();
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let json = serde_json::to_string(SECRET).unwrap();
    let ascii = json.replace('é', "\\u00e9");
    let units: String = SECRET.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
    let disguised = [
        SECRET.to_owned(),
        hex.to_uppercase(),
        hex,
        percent(SECRET, |_| false),
        percent(SECRET, |byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)),
        percent(SECRET, |byte| byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte)),
        percent(SECRET, |byte| byte.is_ascii_alphanumeric() || b"-_.~!'()*".contains(&byte)).to_lowercase(),
        form_urlencoded::byte_serialize(SECRET.as_bytes()).collect(),
        json.trim_matches('"').to_owned(),
        json.trim_matches('"').replace('/', "\\/"),
        ascii.trim_matches('"').to_owned(),
        units,
    ];
    for text in &disguised {
        assert_eq!(redactor.redact(&format!("a {text} b")), format!("a {WORDS} b"), "{text}");
    }
    for before in ["", "u", "us", "user:", "Bearer "] {
        for after in ["", ":x", "\n"] {
            let whole = format!("{before}{SECRET}{after}");
            for text in [BASE64_STANDARD.encode(&whole), BASE64_URL_SAFE_NO_PAD.encode(&whole)] {
                let said = redactor.redact(&text);
                // What is left holds no whole byte of the secret: it stands for what is around it, and one letter at each edge.
                assert!(
                    said.contains(WORDS) && said.len() - WORDS.len() <= (before.len() + after.len()) * 8 / 6 + 6,
                    "{before}{after}: {said}"
                );
            }
        }
    }
}

#[test]
fn line_ends_within_a_secret_do_not_hide_it() {
    let redactor = redactor();
    for text in [SECRET.to_owned(), BASE64_STANDARD.encode(format!("user:{SECRET}"))] {
        for width in 1..text.len() {
            let letters: Vec<char> = text.chars().collect();
            let cut: Vec<String> = letters.chunks(width).map(|line| line.iter().collect()).collect();
            assert!(redactor.finds(&cut.join("\n")) && redactor.finds(&cut.join("\r\n")), "{width}");
        }
    }
    let pem = Redactor::default();
    pem.learn_as(&"-----BEGIN KEY-----\nMIIabc\ndefghi\n-----END KEY-----\n".into(), WORDS.into());
    assert_eq!(pem.redact("k: -----BEGIN KEY-----\r\nMIIabc\r\ndefghi\r\n-----END KEY-----\r\nend"), format!("k: {WORDS}\r\nend"));
}

#[test]
fn what_is_no_secret_stays() {
    let redactor = redactor();
    for text in ["", "sk-lab-", "é\n\r\n\"", "[first]", &SECRET.replace('0', "1")] {
        assert_eq!(redactor.redact(text), text);
    }
    let short = Redactor::default();
    short.learn_as(&"abc".into(), WORDS.into());
    assert_eq!(short.redact("abc YWJj 616263 x"), format!("{WORDS} YWJj 616263 x"), "a disguise of so few letters may be anything");
}

#[test]
fn only_what_may_become_a_secret_is_held_back() {
    let mut stream = redactor().stream();
    assert_eq!(stream.push(b"it listens\n"), b"it listen", "a secret may begin like this");
    assert_eq!(stream.push(b"on 80\n"), b"s\non 80\n");
    assert_eq!(stream.push(b"key sk-lab-/01"), b"key ");
    assert_eq!(stream.push("23+\"é~zy98\n".as_bytes()), format!("{WORDS}\n").into_bytes());
    assert_eq!(stream.push(b"sk-l"), b"");
    assert_eq!(stream.end(), b"sk-l");
}

#[test]
fn what_is_learnt_on_the_way_is_found_from_then_on() {
    let redactor = redactor();
    let mut stream = redactor.stream();
    assert_eq!(stream.push(b"x minted-1 y"), b"x minted-1 y");
    redactor.learn_as(&"minted-1".into(), "[new]".into());
    assert_eq!([stream.push(b"x minte"), stream.push(b"d-1 y")], [b"x ".to_vec(), b"[new] y".to_vec()]);
}

proptest! {
    /// A whole text and its chunks come to the same, wherever they are cut.
    #[test]
    fn chunks_change_nothing(
        parts in proptest::collection::vec(
            prop_oneof!["[a-z\n]{0,4}", Just(SECRET.to_owned()), Just(BASE64_STANDARD.encode(SECRET)), Just("sk-one".to_owned()),
                Just("sk-lab-/01\n23+\"é~zy98".to_owned()), Just("sk-one-".to_owned()), Just("sk-one-and-more".to_owned())],
            0..8,
        ),
        cuts in proptest::collection::vec(1..20_usize, 0..40),
    ) {
        let redactor = redactor();
        redactor.learn_as(&"sk-one".into(), "[one]".into());
        redactor.learn_as(&"sk-one-and-more".into(), "[more]".into());
        let whole = parts.concat();
        let (mut stream, mut said, mut rest) = (redactor.stream(), Vec::new(), whole.as_bytes());
        for cut in cuts {
            let (chunk, after) = rest.split_at(cut.min(rest.len()));
            said.extend(stream.push(chunk));
            rest = after;
        }
        said.extend(stream.push(rest));
        said.extend(stream.end());
        prop_assert_eq!(String::from_utf8(said).unwrap(), redactor.redact(&whole));
        prop_assert!(!redactor.finds(&redactor.redact(&whole)) || whole.contains('['));
    }
}

#[test]
fn a_secret_within_a_key_file_is_found_by_itself() {
    let redactor = Redactor::new(Salt::of([7; 16]));
    let file = r#"{"private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"}"#;
    redactor.learn("google", &file.into());
    redactor.learn("aws", &r#"{"Version": 1, "AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "an/example+of+a/secret"}"#.into());
    for said in [
        "export AWS_SECRET_ACCESS_KEY=an/example+of+a/secret",
        "aws_secret_access_key = an%2Fexample%2Bof%2Ba%2Fsecret",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
        "MIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC",
        r#""MIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC""#,
    ] {
        let kept = redactor.redact(said);
        assert!(kept.contains("[the credential of ") && !kept.contains("example") && !kept.contains("MIIE"), "{kept}");
    }
    assert_eq!(redactor.redact("AKIAEXAMPLE"), "AKIAEXAMPLE", "which key it is, is no secret");
}

/// A secret in each form that a program gives it, with a seed for what is random about it.
fn dressed(secret: &str, form: usize, fold: usize) -> Vec<u8> {
    use base64::prelude::BASE64_STANDARD;
    let utf16 = |bytes: fn(u16) -> [u8; 2]| -> Vec<u8> { secret.encode_utf16().flat_map(bytes).collect() };
    let folded = |between: &str| -> Vec<u8> {
        let letters: Vec<char> = secret.chars().collect();
        letters.chunks(fold).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join(between).into_bytes()
    };
    match form {
        0 => secret.as_bytes().to_vec(),
        1 => utf16(u16::to_le_bytes),
        2 => utf16(u16::to_be_bytes),
        3 => folded("\n    "),
        4 => folded("\r\n\t"),
        5 => folded("\\\n  "),
        6 => folded("=\r\n"),
        7 => folded("\x1b[38;5;196m"),
        8 => folded("\x1b]8;;https://example\x1b\\"),
        9 => folded("\x1b[0m\n  \x1b(B"),
        10 => BASE64_STANDARD.encode(secret).into_bytes(),
        11 => folded("\n  ").iter().flat_map(|byte| [*byte, 0]).collect(),
        12 => folded(" \n"),
        13 => folded("\t  \r\n  "),
        14 => folded("\u{9b}38;5;196m"),
        15 => folded("  \u{9b}0m\n"),
        16 => folded("\u{9d}8;;https://example/é\u{9c}"),
        _ => secret.bytes().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes(),
    }
}

proptest! {
    /// Whatever the secret, its form, what stands around it and how it comes in pieces: nothing of it is left, and the pieces change nothing.
    #[test]
    fn any_secret_in_any_form_is_found_however_it_is_cut(
        secret in "[A-Za-z0-9_/+.-]{12,40}",
        form in 0..18_usize,
        fold in 1..9_usize,
        before in "[ -~\n]{0,12}",
        after in "[ -~\n]{0,12}",
        cuts in proptest::collection::vec(1..9_usize, 0..60),
    ) {
        let redactor = Redactor::default();
        redactor.learn_as(&secret.as_str().into(), WORDS.into());
        // Escape codes and NULs of the form itself stand alone here: what is around it is text.
        let whole = [before.as_bytes(), b" ", &dressed(&secret, form, fold), b" ", after.as_bytes()].concat();
        let (mut stream, mut said, mut rest) = (redactor.stream(), Vec::new(), &whole[..]);
        for cut in cuts {
            let (chunk, more) = rest.split_at(cut.min(rest.len()));
            said.extend(stream.push(chunk));
            rest = more;
        }
        said.extend(stream.push(rest));
        said.extend(stream.end());
        let mut at_once = redactor.stream();
        let mut once = at_once.push(&whole);
        once.extend(at_once.end());
        prop_assert_eq!(String::from_utf8_lossy(&said), String::from_utf8_lossy(&once));
        let shown = String::from_utf8_lossy(&said).into_owned();
        prop_assert!(shown.contains(WORDS), "form {}: {:?}", form, shown);
        let bare: String = shown.replace(['\0', '\n', '\r', ' ', '\t', '\\'], "");
        prop_assert!(!bare.contains(&secret), "form {}: {:?}", form, shown);
    }
}

#[test]
fn base32_is_seen_through_wherever_it_begins() {
    // RFC 4648, 10: of `foobar`.
    let secret = "foobarfoobar";
    let redactor = Redactor::default();
    redactor.learn_as(&secret.into(), WORDS.into());
    for (text, what) in [
        ("MZXW6YTBOJTG633CMFZA====", "as it is"),
        ("mzxw6ytbojtg633cmfza", "in small letters, without padding"),
        ("CPNMUOJ1E9J6URR2C5P0====", "in the alphabet of base32hex"),
    ] {
        let said = redactor.redact(text);
        assert!(said.starts_with(WORDS) && said.len() - WORDS.len() <= 5, "{what}: {said}");
    }
    // `x` to `xxxxx` before it, as base32 -w0 prints it.
    for text in [
        "PBTG633CMFZGM33PMJQXE===",
        "PB4GM33PMJQXEZTPN5RGC4Q=",
        "PB4HQZTPN5RGC4TGN5XWEYLS",
        "PB4HQ6DGN5XWEYLSMZXW6YTBOI======",
        "PB4HQ6DYMZXW6YTBOJTG633CMFZA====",
    ] {
        let said = redactor.redact(text);
        assert!(said.contains(WORDS) && said.len() - WORDS.len() <= 16, "{text}: {said}");
    }
}

#[test]
fn much_output_takes_no_longer_for_each_byte() {
    // A hostile program prints beginnings of a secret, line ends and open escape codes, a byte at a time.
    let redactor = Redactor::default();
    let secret = "k3y".repeat(40);
    redactor.learn_as(&secret.as_str().into(), WORDS.into());
    let mut stream = redactor.stream();
    let (mut said, mut most) = (0, 0);
    let hostile = [&secret.as_bytes()[..secret.len() - 1], &b"\n".repeat(200), b"\x1b]", &b"x".repeat(300)].concat();
    for byte in hostile.iter().cycle().take(20_000) {
        said += stream.push(&[*byte]).len();
        most = most.max(stream.held());
    }
    said += stream.end().len();
    assert_eq!(said, 20_000);
    assert!(most <= secret.len() * 2 + 1024, "{most} bytes were held back at once");
}
