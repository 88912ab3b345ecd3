//! A configuration in YAML or JSON as a tree of values, and lengths of time in it.

use serde_json::{Map, Number, Value};

/// Reads it.
pub(super) fn read(text: &str) -> Result<Value, String> {
    let tree: Value =
        serde_saphyr::from_str(text).map_err(|error| format!("it cannot be read as YAML: {}", first_line(&error.to_string())))?;
    if tree.is_object() { Ok(tree) } else { Err("it is no map".to_owned()) }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// As JSON, which programs that read YAML read as well.
pub(super) fn write(tree: &Value) -> String {
    serde_json::to_string_pretty(tree).unwrap_or_default() + "\n"
}

/// Shows each map below a value, the outermost first.
pub(super) fn each_map(value: &mut Value, see: &mut impl FnMut(&mut Map<String, Value>)) {
    if let Value::Object(map) = value {
        see(map);
    }
    match value {
        Value::Object(map) => map.values_mut().for_each(|inner| each_map(inner, see)),
        Value::Array(list) => list.iter_mut().for_each(|inner| each_map(inner, see)),
        _ => {}
    }
}

/// Ten times a number, or a text such as `2.5s` or `"30"`; `None` for zero and for what is no length.
pub(super) fn times_ten(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => {
            let whole = number.as_u64().filter(|whole| *whole > 0).and_then(|whole| whole.checked_mul(10)).map(Number::from);
            let part = || number.as_f64().filter(|part| *part > 0.0).and_then(|part| Number::from_f64(part * 10.0));
            whole.or_else(part).map(Value::Number)
        }
        Value::String(text) => text_times_ten(text).map(Value::String),
        _ => None,
    }
}

/// Ten times a length such as `700ms`, `2.5s` or `30`.
pub(super) fn text_times_ten(text: &str) -> Option<String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    if !unit.chars().all(|letter| letter.is_ascii_alphabetic()) {
        return None;
    }
    if let Ok(whole) = number.parse::<u64>() {
        return (whole > 0).then(|| whole.checked_mul(10)).flatten().map(|ten| format!("{ten}{unit}"));
    }
    let part = number.parse::<f64>().ok().filter(|part| *part > 0.0)?;
    let ten = format!("{:.3}", part * 10.0);
    Some(format!("{}{unit}", ten.trim_end_matches('0').trim_end_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ten_times_a_length_is_written_as_the_length_was() {
        let texts = ["700ms", "2.5s", "0.25s", "30", "0s", "5m", "x", "1s 2s"].map(text_times_ten);
        let wanted = [Some("7000ms"), Some("25s"), Some("2.5s"), Some("300"), None, Some("50m"), None, None];
        assert_eq!(texts.each_ref().map(|text| text.as_deref()), wanted);
        assert_eq!(
            [json!(8), json!(1.5), json!("2s"), json!(0), json!(true)].map(|value| times_ten(&value)),
            [Some(json!(80)), Some(json!(15.0)), Some(json!("20s")), None, None]
        );
    }
}
