// The languages that a function can be written in. The data row of each is in runtimes/<name>/runtime.json.

export const runtimeNames = ['node', 'python', 'php', 'lua', 'rust', 'go'] as const;
export type RuntimeName = (typeof runtimeNames)[number];

export function isRuntimeName(text: string): text is RuntimeName {
  return (runtimeNames as readonly string[]).includes(text);
}
