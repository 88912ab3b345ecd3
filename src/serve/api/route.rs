//! A route of the API: how it is asked, who may, what it answers. The router and the description are both made of it, so neither knows a route
//! that the other does not.

use crate::model::AccessRole;
use crate::serve::problem::{CallProblem, PROBLEM_TYPE};
use crate::serve::{App, Caller};
use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::MethodRouter;
use utoipa::ToSchema;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, ResponseBuilder};

/// Where all of it lies.
pub(super) const BASE: &str = "/api/v1";

/// Names of what a project has: services, scenarios, environments, schedules, drills.
pub(super) const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$";

/// The schemas that a type brings, by their names.
type Schemas = Vec<(String, RefOr<Schema>)>;

/// A route of the API.
pub(super) struct ApiRoute {
    /// How it is asked.
    pub(super) method: HttpMethod,
    path: &'static str,
    role: AccessRole,
    handler: MethodRouter<App>,
    operation: OperationBuilder,
    /// The schemas that it names.
    pub(super) schemas: Schemas,
    has_body: bool,
    has_parameters: bool,
}

impl ApiRoute {
    /// One that looks, for everybody with a role.
    pub(super) fn new(method: HttpMethod, path: &'static str, name: &'static str, told: &'static str, handler: MethodRouter<App>) -> Self {
        let tag = path.split('/').nth(1).unwrap_or_default().to_owned();
        let operation = OperationBuilder::new().operation_id(Some(name)).summary(Some(told)).tag(tag);
        Self { method, path, role: AccessRole::Read, handler, operation, schemas: Vec::new(), has_body: false, has_parameters: false }
    }

    /// For a role.
    pub(super) fn may(mut self, role: AccessRole) -> Self {
        self.role = role;
        self
    }

    /// With a part of its path.
    pub(super) fn part(mut self, name: &'static str, told: &'static str, schema: Object) -> Self {
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        self.operation = self.operation.parameter(parameter.description(Some(told)).schema(Some(schema)));
        self.has_parameters = true;
        self
    }

    /// With what may stand in its query.
    pub(super) fn query(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.operation = parameters.into_iter().fold(self.operation, OperationBuilder::parameter);
        self.has_parameters = true;
        self
    }

    /// With a body in JSON.
    pub(super) fn takes<T: ToSchema>(mut self) -> Self {
        let content = ContentBuilder::new().schema(Some(self.named::<T>())).build();
        let body = RequestBodyBuilder::new().content("application/json", content).required(Some(Required::True)).build();
        self.operation = self.operation.request_body(Some(body));
        self.has_body = true;
        self
    }

    /// With an answer in JSON.
    pub(super) fn gives<T: ToSchema>(mut self, status: StatusCode, told: &'static str) -> Self {
        let content = ContentBuilder::new().schema(Some(self.named::<T>())).build();
        let response = ResponseBuilder::new().description(told).content("application/json", content);
        self.operation = self.operation.response(status.as_str(), response);
        self
    }

    /// With an answer by a schema of another room.
    pub(super) fn gives_named(mut self, told: &'static str, schema: &'static str) -> Self {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
        let response = ResponseBuilder::new().description(told).content("application/json", content);
        self.operation = self.operation.response("200", response);
        self
    }

    /// With an answer in text.
    pub(super) fn gives_text(mut self, told: &'static str, kind: &'static str) -> Self {
        let content = ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).build();
        self.operation = self.operation.response("200", ResponseBuilder::new().description(told).content(kind, content));
        self
    }

    /// With an answer that holds nothing.
    pub(super) fn gives_nothing(mut self, told: &'static str) -> Self {
        self.operation = self.operation.response("204", ResponseBuilder::new().description(told));
        self
    }

    /// With a refusal of its own.
    pub(super) fn fails(mut self, status: StatusCode, told: &'static str) -> Self {
        self.operation = self.operation.response(status.as_str(), refusal(told));
        self
    }

    /// A reference to a schema, which is kept.
    fn named<T: ToSchema>(&mut self) -> Ref {
        T::schemas(&mut self.schemas);
        let name = T::name().into_owned();
        self.schemas.push((name.clone(), T::schema()));
        Ref::from_schema_name(name)
    }

    /// Its path.
    pub(super) fn whole_path(&self) -> String {
        format!("{BASE}{}", self.path)
    }

    /// As the description tells of it.
    pub(super) fn operation(self) -> Operation {
        let (role, has_parameters, has_body) = (self.role, self.has_parameters, self.has_body);
        let mut refusals = vec![
            ("401", "Nobody knows who calls."),
            ("403", "The role does not allow it, or a page of another site asks."),
            ("413", "The request holds more than 64 KiB."),
            ("408", "The request did not arrive in time."),
            ("421", "The server is not known by the name that was called."),
            ("429", "Too many calls; `Retry-After` says when to try again."),
            ("503", "The store cannot be read or written now."),
            ("504", "It took too long."),
        ];
        if has_parameters || has_body {
            refusals.push(("400", "The request cannot be understood."));
        }
        if has_body {
            refusals.extend([("415", "The body is not `application/json`."), ("422", "The body does not say what is needed.")]);
        }
        let operation = refusals.into_iter().fold(self.operation, |operation, (status, told)| operation.response(status, refusal(told)));
        let told = format!("Takes the role `{role}`.{}", if role == AccessRole::Read { " Every role includes it." } else { "" });
        operation.description(Some(told)).security(SecurityRequirement::new("token", [] as [&str; 0])).build()
    }

    /// Adds it to a router.
    pub(super) fn onto(self, router: Router<App>) -> Router<App> {
        let (path, role) = (self.whole_path(), self.role);
        let allowed = move |caller: Caller, request: Request, next: Next| async move {
            if caller.may(role) {
                return next.run(request).await;
            }
            let hint = "ask somebody with the role `admin` for a token that has it";
            CallProblem::new(StatusCode::FORBIDDEN, format!("this takes the role `{role}`")).hint(hint).into_response()
        };
        router.route(&path, self.handler.route_layer(from_fn(allowed)))
    }
}

fn refusal(told: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(CallProblem::name()))).build();
    ResponseBuilder::new().description(told).content(PROBLEM_TYPE, content)
}

fn parameter(name: &'static str, told: &'static str, schema: Object) -> Parameter {
    ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query).description(Some(told)).schema(Some(schema)).build()
}

/// A name of something that a project has.
pub(super) fn name_schema() -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(NAME)).build()
}

/// A name in a query.
pub(super) fn name(name: &'static str, told: &'static str) -> Parameter {
    parameter(name, told, name_schema())
}

/// One of these words in a query.
pub(super) fn word(name: &'static str, told: &'static str, words: &'static [&'static str]) -> Parameter {
    parameter(name, told, words_schema(words))
}

/// One of these words.
pub(super) fn words_schema(words: &'static [&'static str]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).build()
}

/// A moment.
pub(super) fn moment_schema() -> Object {
    ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).build()
}

/// A moment in a query.
pub(super) fn moment(name: &'static str, told: &'static str) -> Parameter {
    parameter(name, told, moment_schema())
}

/// A whole number in a query.
pub(super) fn number(name: &'static str, told: &'static str, least: u32, most: u32) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(f64::from(least))).maximum(Some(f64::from(most)));
    parameter(name, told, schema.build())
}

/// `true` or `false` in a query.
pub(super) fn truth(name: &'static str, told: &'static str) -> Parameter {
    parameter(name, told, ObjectBuilder::new().schema_type(Type::Boolean).build())
}
