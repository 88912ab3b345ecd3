//! All routes as an OpenAPI document (3.1).

use super::routes::all;
use crate::report::report_schema;
use crate::serve::problem::CallProblem;
use crate::verdict::verdict_schema;
use serde_json::{Map, Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApiBuilder, Paths};
use utoipa::{PartialSchema, ToSchema};

const TOLD: &str = "What the page of `lifeboat serve` shows and does, for programs. Moments are RFC 3339 in UTC. Lengths of time in `…_ms` are \
                    milliseconds. Keys are only ever added to what is answered. A request that is refused is answered with \
                    `application/problem+json` (RFC 9457).";

/// The whole document.
pub(super) fn document() -> Value {
    let mut paths = Paths::new();
    let mut components = ComponentsBuilder::new().schema(CallProblem::name(), CallProblem::schema());
    for route in all() {
        let schemas = route.schemas.clone();
        let (path, method) = (route.whole_path(), route.method.clone());
        paths.add_path_operation(path, vec![method], route.operation());
        components = components.schemas_from_iter(schemas);
    }
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("lifeboat_ and 64 hexadecimal digits")
        .description(Some("A token that `lifeboat token create` has made."));
    let components = components.security_scheme("token", SecurityScheme::Http(token.build())).build();
    let licence = LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).build();
    let info = InfoBuilder::new().title("Lifeboat").version(env!("CARGO_PKG_VERSION")).description(Some(TOLD)).license(Some(licence));
    let document = OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build();
    let mut document = serde_json::to_value(document).unwrap_or_default();
    for (name, schema) in [("Verdict", verdict_schema()), ("Report", report_schema())] {
        add(&mut document["components"]["schemas"], name, schema);
    }
    document
}

/// Adds a schema with definitions of its own: each becomes a component, named by both.
fn add(schemas: &mut Value, name: &str, mut schema: Value) {
    let place = |inner: &str| format!("{name}.{inner}");
    let definitions = schema.as_object_mut().and_then(|schema| schema.remove("$defs"));
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("$schema");
    }
    let definitions: Map<String, Value> = definitions.and_then(|all| all.as_object().cloned()).unwrap_or_default();
    for (inner, mut definition) in definitions {
        led(&mut definition, &place);
        schemas[place(&inner)] = definition;
    }
    led(&mut schema, &place);
    schemas[name] = schema;
}

/// References lead to where the definitions are now.
fn led(value: &mut Value, place: &impl Fn(&str) -> String) {
    match value {
        Value::Object(map) => {
            if let Some(inner) = map.get("$ref").and_then(Value::as_str).and_then(|there| there.strip_prefix("#/$defs/")) {
                let there = format!("#/components/schemas/{}", place(inner));
                map.insert("$ref".to_owned(), json!(there));
            }
            map.values_mut().for_each(|value| led(value, place));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| led(value, place)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_document_is_whole() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        for there in text.split("\"$ref\":\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let name = there.strip_prefix("#/components/schemas/").unwrap_or_else(|| panic!("{there}"));
            assert!(schemas.contains_key(name), "{name} is named and not there");
        }
        let mut names = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                assert!(names.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
                assert_eq!(operation["security"], json!([{"token": []}]), "{method} {path}");
                let answers = operation["responses"].as_object().unwrap();
                assert!(answers.keys().any(|status| status.starts_with('2')), "{method} {path}");
                for refusal in ["401", "403", "429", "503"] {
                    assert!(answers[refusal]["content"]["application/problem+json"].is_object(), "{method} {path}: {refusal}");
                }
                let parts = path.matches('{').count();
                let told = operation["parameters"].as_array().map_or(0, |all| all.iter().filter(|one| one["in"] == "path").count());
                assert_eq!(parts, told, "{method} {path}");
            }
        }
        assert!(names.len() > 25, "{names:?}");
    }
}
