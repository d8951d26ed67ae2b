// The same small functions in every language; each is measured the same way.

export interface BenchLanguage {
  /** In paths: `/<name>-hello`. */
  readonly name: string;
  readonly label: string;
  readonly extension: string;
  /** `GET`: a small JSON answer. */
  readonly hello: string;
  /** `POST`: the body back as text. */
  readonly echo: string;
  /** Cold calls to make; a language that compiles builds each function first. */
  readonly coldCalls: number;
}

const goFunction = (answer: string) =>
  `package main\n\nfunc handler(event map[string]interface{}) interface{} {\n\treturn ${answer}\n}\n`;
const rustFunction = (answer: string) =>
  `use serde_json::{json, Value};\n\npub fn handler(event: Value) -> Value {\n    ${answer}\n}\n`;

export const languages: readonly BenchLanguage[] = [
  {
    name: 'node',
    label: 'Node',
    extension: '.js',
    hello: "exports.handler = () => ({ message: 'Hello, World' });\n",
    echo: "exports.handler = (event) => ({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: event.body });\n",
    coldCalls: 10,
  },
  {
    name: 'python',
    label: 'Python',
    extension: '.py',
    hello: 'def handler(event):\n    return {"message": "Hello, World"}\n',
    echo: 'def handler(event):\n    return {"status": 200, "headers": {"content-type": "text/plain; charset=utf-8"}, "body": event["body"]}\n',
    coldCalls: 10,
  },
  {
    name: 'pythonasync',
    label: 'Python, async',
    extension: '.py',
    hello: 'async def handler(event):\n    return {"message": "Hello, World"}\n',
    echo: 'async def handler(event):\n    return {"status": 200, "headers": {"content-type": "text/plain; charset=utf-8"}, "body": event["body"]}\n',
    coldCalls: 0,
  },
  {
    name: 'php',
    label: 'PHP',
    extension: '.php',
    hello: "<?php\nfunction handler($event) { return ['message' => 'Hello, World']; }\n",
    echo: "<?php\nfunction handler($event) { return ['status' => 200, 'headers' => ['content-type' => 'text/plain; charset=utf-8'], 'body' => $event['body']]; }\n",
    coldCalls: 10,
  },
  {
    name: 'lua',
    label: 'Lua',
    extension: '.lua',
    hello: 'function handler(event)\n  return { message = "Hello, World" }\nend\n',
    echo: 'function handler(event)\n  return { status = 200, headers = { ["content-type"] = "text/plain; charset=utf-8" }, body = event.body }\nend\n',
    coldCalls: 10,
  },
  {
    name: 'go',
    label: 'Go',
    extension: '.go',
    hello: goFunction('map[string]interface{}{"message": "Hello, World"}'),
    echo: goFunction(
      'map[string]interface{}{"status": 200, "headers": map[string]interface{}{"content-type": "text/plain; charset=utf-8"}, "body": event["body"]}',
    ),
    coldCalls: 5,
  },
  {
    name: 'rust',
    label: 'Rust',
    extension: '.rs',
    hello: rustFunction('let _ = event;\n    json!({ "message": "Hello, World" })'),
    echo: rustFunction(
      'json!({ "status": 200, "headers": { "content-type": "text/plain; charset=utf-8" }, "body": event["body"] })',
    ),
    coldCalls: 3,
  },
];
