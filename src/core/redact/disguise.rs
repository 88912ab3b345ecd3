//! The forms that a secret takes on its way to a screen or a file.

use super::normalized::NormalizedBytes;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Shorter disguises could be anybody's words; of a short secret only the plain text is looked for.
const SHORTEST: usize = 8;

/// Every form of a secret, none twice, without line ends. Letters are told apart by nobody: hexadecimal digits come in either case.
///
/// Base64 and base32 (RFC 4648, either alphabet) are found at each of the three or five places where a group of them may begin, so that it does
/// not matter what stands before or after the secret; the letters at its edges, which say a few bits of it, stay. UTF-16 stands here in both
/// orders, with its NULs and without them: so a text in it is read unfolded.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let bytes = secret.as_bytes();
    let json = serde_json::to_string(secret).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let ascii: String = json.chars().map(|letter| if letter.is_ascii() { letter.to_string() } else { escaped(letter) }).collect();
    let mut disguises = vec![
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        // What is left as it is: by RFC 3986, in a path, by JavaScript, in a form, nothing.
        percent(bytes, Some(b"-_.~")),
        percent(bytes, Some(b"-_.~/")),
        percent(bytes, Some(b"-_.~!'()*")),
        percent(bytes, Some(b"-_.~/:@!$&'()*+,;=")),
        form_urlencoded::byte_serialize(bytes).collect(),
        percent(bytes, None),
        json.replace('/', "\\/"),
        ascii.replace('/', "\\/"),
        secret.chars().map(escaped).collect(),
        json,
        ascii,
    ];
    for before in 0..3 {
        let mut shifted = vec![0; before];
        shifted.extend_from_slice(bytes);
        // Letters that the bytes around it have a part in are left out.
        let (start, end) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
        disguises.push(BASE64_STANDARD_NO_PAD.encode(&shifted)[start..end].to_owned());
        disguises.push(BASE64_URL_SAFE_NO_PAD.encode(&shifted)[start..end].to_owned());
    }
    for before in 0..5 {
        let mut shifted = vec![0; before];
        shifted.extend_from_slice(bytes);
        let (start, end) = ((before * 8).div_ceil(5), (before + bytes.len()) * 8 / 5);
        disguises.extend([BASE32, BASE32_HEX].map(|alphabet| base32(&shifted, alphabet)[start..end].to_owned()));
    }
    disguises.retain(|form| form.len() >= SHORTEST);
    disguises.push(secret.to_owned());
    let mut raw: Vec<Vec<u8>> = disguises.into_iter().map(String::into_bytes).collect();
    // Of a secret in plain letters they are those letters and NULs, which are not read.
    if !secret.is_ascii() {
        raw.push(secret.encode_utf16().flat_map(u16::to_le_bytes).collect());
        raw.push(secret.encode_utf16().flat_map(u16::to_be_bytes).collect());
    }
    let read = |form: &Vec<u8>| [NormalizedBytes::plain(form).text, NormalizedBytes::unfolded(form, false).text];
    let mut forms: Vec<Vec<u8>> = raw.iter().flat_map(read).collect();
    forms.sort();
    forms.dedup();
    forms.retain(|form| !form.is_empty());
    forms
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE32_HEX: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// Without padding.
fn base32(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let mut bits = [0; 8];
        bits[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(bits);
        let letters = (group.len() * 8).div_ceil(5);
        text.extend((0..letters).map(|place| char::from(alphabet[(bits >> (35 - 5 * place)) as usize & 31])));
    }
    text
}

fn percent(bytes: &[u8], kept: Option<&[u8]>) -> String {
    let plain = |byte: u8| kept.is_some_and(|kept| byte.is_ascii_alphanumeric() || kept.contains(&byte));
    bytes.iter().map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02x}") }).collect()
}

/// As JSON may write any letter (RFC 8259, 7).
fn escaped(letter: char) -> String {
    letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}
