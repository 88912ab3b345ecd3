//! Names that say a secret: of headers, of a body's parameters, of keys in a file. Told by whole words, so that `x-gateway-token` and `apiKey`
//! are such names, and `max_tokens` and `prompt_cache_key` are not.

/// Always a secret.
const SECRETS: [&str; 8] = ["authorization", "apikey", "secret", "password", "passwd", "cookie", "credential", "credentials"];
/// What stands before `key` where it opens nothing.
const HARMLESS_KEYS: [&str; 6] = ["cache", "idempotency", "partition", "public", "sort", "primary"];
/// What stands beside `token` where it is a piece of text.
const PIECES: [&str; 25] = [
    "max", "min", "first", "last", "next", "count", "limit", "budget", "gap", "rate", "usage", "total", "per", "type", "id", "ids", "eos",
    "bos", "pad", "unk", "mask", "sep", "stop", "start", "end",
];

/// True where whoever reads the name expects a secret.
pub fn is_secret(name: &str) -> bool {
    let words = words(name);
    let is_before = |place: usize, list: &[&str]| place > 0 && list.contains(&words[place - 1].as_str());
    let is_after = |place: usize, list: &[&str]| words.get(place + 1).is_some_and(|word| list.contains(&word.as_str()));
    words.iter().enumerate().any(|(place, word)| match word.as_str() {
        "key" => !is_before(place, &HARMLESS_KEYS),
        "token" => !is_before(place, &PIECES) && !is_after(place, &PIECES),
        word => SECRETS.contains(&word),
    })
}

/// True for a header, written `name: value`, whose value is one.
pub fn is_secret_header(header: &str) -> bool {
    header.split_once(':').is_some_and(|(name, _)| is_secret(name))
}

/// The words of a name, in small letters: what stands between `-`, `_`, `.` and the like, or between camel humps.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).map(|before| letters[before]);
        let is_hump = letter.is_uppercase()
            && (before.is_some_and(|before| before.is_lowercase() || before.is_numeric())
                || before.is_some_and(char::is_uppercase) && letters.get(place + 1).is_some_and(|next| next.is_lowercase()));
        if is_hump || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
