//! Texts and numbers at paths of keys in JSON, as [`OperationCodec::text_paths`](super::operation_codec::OperationCodec::text_paths) names them.

use serde_json::Value;

/// Shows every text and number at this path, whose `*` stands for all of a list. True where `each` says so of one.
fn leaves(json: &mut Value, path: &[&str], each: &mut impl FnMut(&mut Value) -> bool) -> bool {
    match (json, path.split_first()) {
        (leaf @ (Value::String(_) | Value::Number(_)), None) => each(leaf),
        (Value::Array(list), Some((&"*", rest))) => list.iter_mut().fold(false, |any, item| leaves(item, rest, each) | any),
        (Value::Object(map), Some((key, rest))) => map.get_mut(*key).is_some_and(|value| leaves(value, rest, each)),
        _ => false,
    }
}

/// The same for all at one of these paths.
pub(super) fn leaves_at(json: &mut Value, paths: &[&[&str]], mut each: impl FnMut(&mut Value) -> bool) -> bool {
    paths.iter().fold(false, |any, path| leaves(json, path, &mut each) | any)
}

/// The first text at one of these paths, none of which goes through a list.
pub(super) fn first_text(json: &Value, paths: &[&[&str]]) -> Option<String> {
    let at = |path: &&[&str]| path.iter().try_fold(json, |json, key| json.get(*key))?.as_str();
    paths.iter().find_map(at).map(str::to_owned)
}
