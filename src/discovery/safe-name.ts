// Relative paths that a config may name: they stay below the folder that the config lies in, whoever joins them.

/** No empty, `.` or `..` part, no backslash, control character or `@`. */
export function isSafeName(name: string): boolean {
  return name
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\\p{Cc}@]/u.test(part));
}
