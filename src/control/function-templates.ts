// The first files of a function, per language: for `fastfn init` and for functions made over HTTP. Each handler answers GET
// with a greeting and reads one query value, so that the first thing a person changes is already there.

import type { runtimeRows } from '../config/runtime-rows.ts';

type RuntimeName = keyof typeof runtimeRows;

interface Template {
  readonly runtime: RuntimeName;
  /** File name → text. */
  readonly files: (name: string) => Readonly<Record<string, string>>;
}

const limits = { timeout_ms: 2500, max_concurrency: 20, max_body_bytes: 1_048_576 };

function config(runtime: RuntimeName, name: string, entrypoint: string, extra: object = {}): string {
  return `${JSON.stringify({ runtime, name, version: '1.0.0', entrypoint, ...extra }, null, 2)}\n`;
}

function template(runtime: RuntimeName, entrypoint: string, handler: string, extra: object = {}): Template {
  return {
    runtime,
    files: (name) => ({ 'fn.config.json': config(runtime, name, entrypoint, extra), [entrypoint]: handler }),
  };
}

const nodeHandler = `exports.handler = async (event) => {
  const name = event.query?.name ?? 'world';
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ message: \`Hello, \${name}!\` }),
  };
};
`;

const typescriptHandler = `interface Event {
  query?: Record<string, string>;
}

export async function handler(event: Event) {
  const name = event.query?.name ?? 'world';
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ message: \`Hello, \${name}!\` }),
  };
}
`;

const pythonHandler = `import json


def handler(event):
    name = (event.get("query") or {}).get("name", "world")
    return {
        "status": 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps({"message": f"Hello, {name}!"}),
    }
`;

const phpHandler = `<?php

function handler(array $event): array
{
    $name = $event['query']['name'] ?? 'world';
    return [
        'status' => 200,
        'headers' => ['Content-Type' => 'application/json'],
        'body' => json_encode(['message' => "Hello, {$name}!"]),
    ];
}
`;

const luaHandler = `local function handler(event)
  local query = event.query or {}
  return { message = "Hello, " .. (query.name or "world") .. "!" }
end

return handler
`;

const rustHandler = `use serde_json::{json, Value};

pub fn handler(event: Value) -> Value {
    let name = event["query"]["name"].as_str().unwrap_or("world");
    json!({
        "status": 200,
        "headers": { "Content-Type": "application/json" },
        "body": json!({ "message": format!("Hello, {}!", name) }).to_string(),
    })
}
`;

const goHandler = `package main

import "encoding/json"

func handler(event map[string]interface{}) interface{} {
	name := "world"
	if query, ok := event["query"].(map[string]interface{}); ok {
		if value, ok := query["name"].(string); ok {
			name = value
		}
	}
	body, _ := json.Marshal(map[string]string{"message": "Hello, " + name + "!"})
	return map[string]interface{}{
		"status":  200,
		"headers": map[string]string{"Content-Type": "application/json"},
		"body":    string(body),
	}
}
`;

const python = template('python', 'handler.py', pythonHandler, limits);

export const initTemplates = {
  node: template('node', 'handler.js', nodeHandler, limits),
  typescript: template('node', 'handler.ts', typescriptHandler, limits),
  python: {
    ...python,
    files: (name: string) => ({
      ...python.files(name),
      'requirements.txt': '# one dependency a line, for example: requests==2.32.3\n',
    }),
  },
  php: template('php', 'handler.php', phpHandler),
  lua: template('lua', 'handler.lua', luaHandler),
  rust: template('rust', 'handler.rs', rustHandler),
  go: template('go', 'handler.go', goHandler),
} as const satisfies Record<string, Template>;

export type TemplateName = keyof typeof initTemplates;
