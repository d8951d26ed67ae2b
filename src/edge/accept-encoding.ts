// Which content codings a client takes (RFC 9110 12.5.3), as far as they are offered here: gzip and br.

export type Coding = 'gzip' | 'br';

/** @param accept the request's `Accept-Encoding`; absent: nothing is encoded */
export function acceptsCoding(accept: string | undefined, coding: Coding): boolean {
  if (accept === undefined) return false;
  let any = false;
  for (const part of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((piece) => piece.trim());
    const refused = parameters.some((parameter) => /^q=0(?:\.0{0,3})?$/.test(parameter));
    if (name === coding || (coding === 'gzip' && name === 'x-gzip')) return !refused;
    if (name === '*') any = !refused;
  }
  return any;
}

/** `Vary` with one more name, unless it is there. */
export function withVary(vary: string | readonly string[] | undefined, added: string): string {
  const listed = vary === undefined ? [] : [vary].flat().join(',').split(',');
  const names = listed.map((name) => name.trim()).filter((name) => name !== '');
  if (names.some((name) => name === '*' || name.toLowerCase() === added.toLowerCase()))
    return names.join(', ');
  return [...names, added].join(', ');
}
