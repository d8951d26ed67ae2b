//! A body of rows as CSV, for answers whose content type asks for it; the same text in every language.

use serde_json::Value;

/// Lists are rows, objects are rows under a header row of the first one's keys; LF between rows.
pub fn to_csv(body: &Value) -> String {
    let rows = match body {
        Value::Array(rows) => rows.as_slice(),
        single => std::slice::from_ref(single),
    };
    let Some(Value::Object(first)) = rows.first() else {
        return rows.iter().map(unnamed_row).collect::<Vec<_>>().join("\n");
    };
    if first.is_empty() {
        return String::new();
    }
    let mut lines = vec![line(first.keys().map(String::clone))];
    lines.extend(rows.iter().map(|row| line(first.keys().map(|key| row.get(key).map_or(String::new(), cell)))));
    lines.join("\n")
}

fn unnamed_row(row: &Value) -> String {
    match row {
        Value::Array(items) => line(items.iter().map(cell)),
        single => line(std::iter::once(cell(single))),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted = cells.map(|text| match text.contains([',', '"', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    });
    quoted.collect::<Vec<_>>().join(",")
}
