//! The description of the API (`OpenAPI` 3.1), made from the table of its operations and from the types
//! they read and write.

use poem::Response;
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    BASE,
    table::{Access, Answer, OPERATIONS, Operation},
};

/// `GET /openapi.json`.
pub(crate) fn show() -> Response {
    Response::builder().content_type("application/json").body(format!("{:#}\n", document()))
}

pub(super) fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        let verb = operation.verb.method().as_str().to_lowercase();
        path[verb] = describe(operation, &mut generator);
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Quittance",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Buying credits, and spending them",
            "description": "Errors are RFC 9457 problems. Amounts are minor units.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": BASE }],
        "security": [{ "bearer": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.about,
        "parameters": parameters(operation),
        "responses": {
            operation.status.to_string(): {
                "description": operation.about,
                "headers": { "RateLimit": limit_header(), "RateLimit-Policy": limit_header() },
                "content": content(operation, generator),
            },
            "default": {
                "description": "What went wrong, and what to do",
                "content": {
                    "application/problem+json": {
                        "schema": { "$ref": "#/components/schemas/Problem" },
                    },
                },
            },
        },
    });
    if operation.access == Access::Anybody {
        described["security"] = json!([]);
    }
    if let Access::Staff(roles) = operation.access {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        described["description"] = json!(format!("For {}", roles.join(", ")));
        described["x-roles"] = json!(roles);
    }
    if let Some(body) = operation.body {
        described["requestBody"] = json!({
            "required": true,
            "content": { "application/json": { "schema": body(generator) } },
        });
    }
    described
}

fn content(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    match operation.answer {
        Answer::File(kind) => json!({ kind: {} }),
        Answer::Data(data) => json!({
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["success", "data"],
                    "additionalProperties": false,
                    "properties": { "success": { "const": true }, "data": data(generator) },
                },
            },
        }),
    }
}

fn parameters(operation: &Operation) -> Value {
    let mut parameters = Vec::new();
    if operation.path.contains("{id}") {
        parameters.push(json!({
            "name": "id", "in": "path", "required": true, "schema": { "type": "string" },
        }));
    }
    for parameter in operation.query {
        parameters.push(json!({
            "name": parameter.name,
            "in": "query",
            "description": parameter.about,
            "required": parameter.required,
            "schema": { "type": "string" },
        }));
    }
    if operation.idempotent {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key and body again get the same answer again, for 24 hours",
            "required": false,
            "schema": { "type": "string", "minLength": 1, "maxLength": 255 },
        }));
    }
    Value::Array(parameters)
}

fn limit_header() -> Value {
    json!({ "schema": { "type": "string" } })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "An error (RFC 9457)",
        "required": ["type", "title", "status", "success", "code"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string", "description": "What is wrong, in a sentence" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "success": { "const": false },
            "code": { "type": "string", "description": "Stable; tell errors apart by it" },
            "declineCode": { "type": "string" },
            "message": { "type": "string", "description": "A sentence for the payer" },
            "nextStep": { "type": "string", "description": "What the payer can do" },
            "nextStepMessage": { "type": "string" },
        },
    })
}
