// Method lists as people write them (`["GET"]`, `"get,post"`), turned into the five methods a function can serve.

import { type HttpMethod, httpMethods } from './function-policy.ts';

export interface MethodList {
  /** In the order of `httpMethods`, without duplicates. */
  readonly methods: readonly HttpMethod[];
  /** Words that are not among them, as written. */
  readonly unknown: readonly string[];
}

function isHttpMethod(text: string): text is HttpMethod {
  return (httpMethods as readonly string[]).includes(text);
}

/** Accepts an array of words or one text with words between commas or spaces; anything else is an empty list. */
export function parseMethodList(value: unknown): MethodList {
  const words = (Array.isArray(value) ? value : [value]).flatMap((item) =>
    typeof item === 'string' ? item.split(/[\s,]+/) : [],
  );
  const found = new Set(words.map((word) => word.toUpperCase()));
  return {
    methods: httpMethods.filter((method) => found.has(method)),
    unknown: words.filter((word) => word !== '' && !isHttpMethod(word.toUpperCase())),
  };
}

/** Sorted as `httpMethods`, each once: the form of every `Allow` header. */
export function unionOfMethods(lists: Iterable<readonly HttpMethod[]>): HttpMethod[] {
  const found = new Set<HttpMethod>();
  for (const list of lists) for (const method of list) found.add(method);
  return httpMethods.filter((method) => found.has(method));
}
